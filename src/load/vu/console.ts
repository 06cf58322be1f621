import { inspect } from 'node:util';
import type { LogLevel } from './engine.ts';
import type { Vu } from './vu.ts';

/** k6's console: `log` and `info` are level info; objects are printed as JSON. */
export function createConsole(vu: Vu): Record<string, (...values: unknown[]) => void> {
  const at =
    (level: LogLevel) =>
    (...values: unknown[]): void =>
      vu.engine.log(level, values.map(show).join(' '), 'console');
  return { log: at('info'), info: at('info'), warn: at('warning'), error: at('error'), debug: at('debug'), trace: at('debug') };
}

function show(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof Error) return vuError(value);
  if (typeof value !== 'object' || value === null) return String(value);
  try {
    return JSON.stringify(value);
  } catch {
    return inspect(value, { depth: 2 });
  }
}

function vuError(error: Error): string {
  return `${error.name}: ${error.message}`;
}
