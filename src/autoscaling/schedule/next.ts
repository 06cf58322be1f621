import { Cron } from 'croner';
import { errorMessage, PlimsollError } from '../../base/index.ts';
import type { Schedule } from '../../model/index.ts';
import { autoscalingErrors } from '../errors.ts';

const UNITS_MS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** What tells the two dialects apart: `sloppyRanges` is `0/20`, `alternativeWeekdays` has Sunday as 1. */
interface CronForm {
  mode?: '5-part';
  alternativeWeekdays?: boolean;
  sloppyRanges?: boolean;
}

/**
 * When a schedule next comes due after a time; undefined when it never does again. Times that a time zone skips in
 * spring come due right after the gap; those that occur twice in autumn once.
 *
 * | form | of |
 * | --- | --- |
 * | five fields of cron | https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-scheduled-scaling.html |
 * | `cron(…)` with six fields, Sunday being 1; `at(…)`; `rate(…)` from `startMs` on | https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html |
 *
 * @throws PL_SCALING_SCHEDULE
 */
export function nextRunMs(schedule: Schedule, afterMs: number): number | undefined {
  const { startMs = Number.NEGATIVE_INFINITY, endMs = Number.POSITIVE_INFINITY, expression } = schedule;
  const fromMs = Math.max(afterMs, startMs - 1);
  const next = expression === undefined ? onceMs(startMs, afterMs) : byExpression(schedule, expression.trim(), fromMs);
  return next === undefined || next > endMs ? undefined : next;
}

function byExpression(schedule: Schedule, expression: string, afterMs: number): number | undefined {
  const form = /^(at|rate|cron)\((.*)\)$/.exec(expression);
  const inner = form?.[2]?.trim() ?? '';
  switch (form?.[1]) {
    case 'at':
      return onceMs(wallTimeMs(inner, schedule), afterMs);
    case 'rate':
      return atRateMs(inner, schedule, afterMs);
    case 'cron':
      if (inner.split(/\s+/).length !== 6)
        throw bad(expression, 'cron(…) has six fields: minutes hours day-of-month month day-of-week year');
      return byCron(`0 ${inner}`, schedule, afterMs, { alternativeWeekdays: true, sloppyRanges: true });
    default:
      return byCron(expression, schedule, afterMs, { mode: '5-part' });
  }
}

function onceMs(atMs: number, afterMs: number): number | undefined {
  return atMs > afterMs ? atMs : undefined;
}

/** `2026-01-01T12:00:00` on the clocks of the schedule's time zone. */
function wallTimeMs(text: string, schedule: Schedule): number {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(text)) throw bad(`at(${text})`, 'write at(yyyy-mm-ddThh:mm:ss)');
  const once = byCron(text, schedule, Number.MIN_SAFE_INTEGER / 4, {});
  if (once === undefined) throw bad(`at(${text})`, 'there is no such time');
  return once;
}

function atRateMs(text: string, { startMs = 0 }: Schedule, afterMs: number): number {
  const match = /^(\d+)\s+(minute|hour|day)s?$/.exec(text);
  const everyMs = match ? Number(match[1]) * (UNITS_MS[match[2] as string] as number) : 0;
  if (everyMs === 0) throw bad(`rate(${text})`, 'write rate(5 minutes), rate(1 hour), rate(2 days)');
  return startMs + Math.max(0, Math.floor((afterMs - startMs) / everyMs) + 1) * everyMs;
}

function byCron(pattern: string, { timeZone = 'Etc/UTC' }: Schedule, afterMs: number, options: CronForm): number | undefined {
  try {
    return new Cron(pattern, { ...options, timezone: timeZone, paused: true }).nextRun(new Date(afterMs))?.getTime();
  } catch (error) {
    throw bad(pattern, errorMessage(error), error);
  }
}

function bad(where: string, what: string, cause?: unknown): PlimsollError {
  return new PlimsollError(autoscalingErrors.PL_SCALING_SCHEDULE, { what, where, cause });
}
