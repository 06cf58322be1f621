import { pino, type Logger } from 'pino';

export type { Logger };
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** Structured JSON lines on stderr; stdout belongs to a command's result. */
export function createLogger(name: string, level: LogLevel = 'warn'): Logger {
  return pino({ name, level }, pino.destination({ fd: 2, sync: true }));
}
