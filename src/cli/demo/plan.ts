/**
 * The demo's load, computed before anything runs. With the alarms of a target-tracking policy (high after 3
 * periods of 60 s, low after 15) and a time scale of 20, the wall clock sees:
 *
 *     users                 ______________ peak
 *                       ___/              \
 *          ____ first _/                   \
 *         /          ^                      \________________________ calm
 *     ___/           1 → 4 tasks (high, 9 s)                     ^ 4 → 1 (low, 45 s)
 *     |  climb | hold |  climb   |  hold    |        calm           |
 *
 * The first climb passes what one task carries before the high alarm can fire, so that both limits are
 * measured. The calm traffic goes on while it scales in: a request lost by draining would show. It ends as soon
 * as the service is back at one task; the plan's calm part is the longest that this may take.
 */
export interface LoadStage {
  readonly duration: string;
  readonly target: number;
}

export interface DemoPlan {
  readonly stages: readonly LoadStage[];
  readonly usersMax: number;
  readonly calmUsers: number;
  /** Wall milliseconds of the whole load, when it scales in at once as it should. */
  readonly loadMs: number;
  /** When the calm part begins. */
  readonly calmFromMs: number;
}

export interface DemoLoad {
  /** Users of the first hold: more than one task carries. */
  readonly first: number;
  /** Users of the second hold. */
  readonly peak: number;
  readonly calm: number;
}

const highAlarmPeriods = 3;
const lowAlarmPeriods = 15;
const minuteMs = 60_000;
const scaleInCooldownMs = 5 * minuteMs;

export function planDemo(timeScale: number, load: DemoLoad): DemoPlan {
  const region = (ms: number): number => ms / timeScale;
  const climbMs = 10_000;
  // The alarm needs its periods in full, one more that began before the load, and the new tasks a moment to start.
  const holdMs = Math.max(4_000, region((highAlarmPeriods + 1) * minuteMs) - climbMs + 8_000);
  const secondClimbMs = 20_000;
  const secondHoldMs = 8_000;
  const fallMs = 3_000;
  // The low alarm's periods in full after the last busy one, a cooldown in case it scales in twice, and the drain.
  const calmMs = region((lowAlarmPeriods + 3) * minuteMs + scaleInCooldownMs) + 8_000;
  const stages = [
    { duration: seconds(climbMs), target: load.first },
    { duration: seconds(holdMs), target: load.first },
    { duration: seconds(secondClimbMs), target: load.peak },
    { duration: seconds(secondHoldMs), target: load.peak },
    { duration: seconds(fallMs), target: load.calm },
    { duration: seconds(calmMs), target: load.calm },
  ];
  const calmFromMs = climbMs + holdMs + secondClimbMs + secondHoldMs + fallMs;
  return { stages, usersMax: load.peak, calmUsers: load.calm, loadMs: calmFromMs + calmMs - region(scaleInCooldownMs), calmFromMs };
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)}s`;
}
