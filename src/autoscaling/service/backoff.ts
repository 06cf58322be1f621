import type { StartFailures } from './command.ts';

/**
 * ECS slows down a service whose tasks fail to start, in growing steps up to 27 minutes:
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html
 * It does not publish the first step; ten seconds doubling reach the limit at the ninth failure.
 */
const FIRST_MS = 10_000;
const MAX_MS = 27 * 60_000;

/** From this many failures in a row the service says that it cannot start its tasks. */
export const FAILURES_TOLD = 3;

export const noFailures: StartFailures = { consecutive: 0, lastAtMs: 0 };

export function countFailure(failures: StartFailures, nowMs: number): StartFailures {
  return { consecutive: failures.consecutive + 1, lastAtMs: nowMs };
}

/** How long after the last failure nothing is launched. */
export function backoffMs(consecutive: number): number {
  return consecutive === 0 ? 0 : Math.min(MAX_MS, FIRST_MS * 2 ** (consecutive - 1));
}

/** What is left of it; never longer than the whole, even when the clock jumps back. */
export function backoffLeftMs({ consecutive, lastAtMs }: StartFailures, nowMs: number): number {
  const whole = backoffMs(consecutive);
  return Math.min(whole, Math.max(0, lastAtMs + whole - nowMs));
}
