import { createRequire } from 'node:module';
import type { Logger, pino as Pino } from 'pino';

export type { Logger };
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** Structured JSON lines to a file, to whoever takes them, or to stderr: stdout belongs to a command's result. Lines are written at once. */
export function createLogger(name: string, level: LogLevel = 'warn', to?: string | { write(line: string): void }): Logger {
  // Loaded when it is asked for: most processes never are, and start the sooner.
  const { pino } = createRequire(import.meta.url)('pino') as { pino: typeof Pino };
  if (typeof to === 'object') return pino({ name, level }, to);
  return pino({ name, level }, pino.destination(to === undefined ? { fd: 2, sync: true } : { dest: to, sync: true, mkdir: true }));
}
