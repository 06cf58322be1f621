import type { Clock, Timer } from '../../base/index.ts';
import type { ContainerResource } from './translate.ts';

export type ContainerHealth = 'UNKNOWN' | 'HEALTHY' | 'UNHEALTHY';

/** A container's own health check; interval and start period are region time, the timeout is of a real process. */
export interface ContainerCheck {
  readonly command: readonly string[];
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly retries: number;
  readonly startPeriodMs: number;
}

/** Undefined: the container has none. Defaults: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html */
export function containerCheck({ healthCheck }: ContainerResource): ContainerCheck | undefined {
  const [kind, ...rest] = healthCheck?.command ?? [];
  if (healthCheck === undefined || kind === undefined || kind === 'NONE') return undefined;
  const command = kind === 'CMD' ? rest : ['/bin/sh', '-c', kind === 'CMD-SHELL' ? rest.join(' ') : [kind, ...rest].join(' ')];
  return {
    command,
    intervalMs: (healthCheck.interval ?? 30) * 1000,
    timeoutMs: (healthCheck.timeout ?? 5) * 1000,
    retries: healthCheck.retries ?? 3,
    startPeriodMs: (healthCheck.startPeriod ?? 0) * 1000,
  };
}

export interface CheckState {
  readonly health: ContainerHealth;
  readonly failures: number;
}

export const unchecked: CheckState = { health: 'UNKNOWN', failures: 0 };

/** One result more. Failures within the start period do not count until a first success has ended it. */
export function afterCheck(state: CheckState, passed: boolean, sinceStartMs: number, check: ContainerCheck): CheckState {
  if (passed) return { health: 'HEALTHY', failures: 0 };
  if (state.health === 'UNKNOWN' && sinceStartMs < check.startPeriodMs) return state;
  const failures = state.failures + 1;
  return { health: failures >= check.retries ? 'UNHEALTHY' : state.health, failures };
}

/**
 * A task's health out of that of its essential containers that are checked: bad where one is, good where all are;
 * undefined where none is checked. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/healthcheck.html
 */
export function taskHealth(
  containers: readonly { essential: boolean; health?: ContainerHealth | undefined }[],
): ContainerHealth | undefined {
  const known = containers.flatMap(({ essential, health }) => (essential && health !== undefined ? [health] : []));
  if (known.length === 0) return undefined;
  if (known.includes('UNHEALTHY')) return 'UNHEALTHY';
  return known.every((health) => health === 'HEALTHY') ? 'HEALTHY' : 'UNKNOWN';
}

export interface CheckLoopOptions {
  readonly clock: Clock;
  /** Exit code; undefined where the command did not end in time. */
  readonly run: () => Promise<number | undefined>;
  readonly onHealth: (health: ContainerHealth) => void;
}

/** Checks a container until it is cancelled, one check at a time: the next comes an interval after the last has ended. */
export function startChecks(check: ContainerCheck, { clock, run, onHealth }: CheckLoopOptions): Timer {
  const startedMs = clock.nowMs();
  let state = unchecked;
  let timer: Timer;
  let cancelled = false;
  const once = async (): Promise<void> => {
    const passed = (await run()) === 0;
    if (cancelled) return;
    const before = state.health;
    state = afterCheck(state, passed, clock.nowMs() - startedMs, check);
    if (state.health !== before) onHealth(state.health);
    timer = clock.after(check.intervalMs, () => void once());
  };
  timer = clock.after(check.intervalMs, () => void once());
  return {
    cancel: () => {
      cancelled = true;
      timer.cancel();
    },
  };
}
