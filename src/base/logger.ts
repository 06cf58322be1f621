import { pino, type Logger } from 'pino';

export type { Logger };
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** Structured JSON lines to a file, or to stderr: stdout belongs to a command's result. Lines are written at once. */
export function createLogger(name: string, level: LogLevel = 'warn', file?: string): Logger {
  return pino({ name, level }, pino.destination(file === undefined ? { fd: 2, sync: true } : { dest: file, sync: true, mkdir: true }));
}
