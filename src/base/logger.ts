import { createRequire } from 'node:module';
import type { Logger, pino as Pino } from 'pino';

export type { Logger };
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** Structured JSON lines to a file, or to stderr: stdout belongs to a command's result. Lines are written at once. */
export function createLogger(name: string, level: LogLevel = 'warn', file?: string): Logger {
  // Loaded when it is asked for: most processes never are, and start the sooner.
  const { pino } = createRequire(import.meta.url)('pino') as { pino: typeof Pino };
  return pino({ name, level }, pino.destination(file === undefined ? { fd: 2, sync: true } : { dest: file, sync: true, mkdir: true }));
}
