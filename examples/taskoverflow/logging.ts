/** One JSON object per line on stdout, and the id that ties a request's line to the balancer's. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { type Logger, pino } from 'pino';
import type { LogLevel } from './config.ts';

/**
 * Lines are gathered and written up to a quarter of a second later: a write per request costs more than the request's line.
 * If nobody reads them, at most 1 MiB is kept and the service goes on.
 */
export function createLog(level: LogLevel): Logger {
  const stdout = pino.destination({ fd: 1, sync: false, minLength: 4096, maxLength: 1 << 20, periodicFlush: 250 });
  stdout.on('error', () => undefined);
  return pino(
    {
      level,
      base: { service: 'taskoverflow' },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    stdout,
  );
}

const idLengthMax = 128;

/**
 * The `Root` of `X-Amzn-Trace-Id` (`Self=1-67891234-…;Root=1-67891233-abcdef012345678912345678`), which an AWS load balancer
 * makes for each request or passes on: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-request-tracing.html
 * The whole value if it has no root; a random UUID without the header.
 */
export function requestId(request: IncomingMessage): string {
  const trace = request.headers['x-amzn-trace-id'];
  if (typeof trace !== 'string' || trace === '') return randomUUID();
  const id = /(?:^|;)\s*Root=([^;\s]+)/i.exec(trace)?.[1] ?? trace;
  return id.slice(0, idLengthMax);
}
