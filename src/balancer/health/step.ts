import type { HealthCheck, HealthReason } from '../../model/index.ts';

/** What one health check found. */
export type CheckResult =
  | { readonly outcome: 'pass' }
  | { readonly outcome: 'code'; readonly status: number }
  | { readonly outcome: 'timeout' }
  | { readonly outcome: 'error'; readonly message: string };

export type CheckedState = 'initial' | 'healthy' | 'unhealthy';

export interface Health {
  readonly state: CheckedState;
  readonly reason: HealthReason | undefined;
  readonly description: string | undefined;
  /** Checks in a row that agree with each other and not with `state`. */
  readonly streak: number;
}

export interface HealthStep {
  readonly health: Health;
  /** The state, the reason or its description is another than before. */
  readonly changed: boolean;
  /** Traffic may or may not be sent now, other than before. */
  readonly flipped: boolean;
}

export const registering: Health = {
  state: 'initial',
  reason: 'Elb.RegistrationInProgress',
  description: 'Target registration is in progress',
  streak: 0,
};

export const checking: Health = {
  state: 'initial',
  reason: 'Elb.InitialHealthChecking',
  description: 'Initial health checks in progress',
  streak: 0,
};

/**
 * The next health of a target after one check. Pure.
 *
 *     initial ────── 1 pass ──────────────────▶ healthy ◀─ healthyThreshold passes ─┐
 *        └── unhealthyThreshold failures ──▶ unhealthy ◀─ unhealthyThreshold failures ┘
 *
 * A new target needs one pass only; the healthy threshold is for recovery:
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
 */
export function stepHealth(before: Health, result: CheckResult, check: HealthCheck): HealthStep {
  const health = result.outcome === 'pass' ? afterPass(before, check) : afterFailure(before, result, check);
  const changed = health.state !== before.state || health.reason !== before.reason || health.description !== before.description;
  return { health, changed, flipped: (health.state === 'healthy') !== (before.state === 'healthy') };
}

function afterPass(before: Health, check: HealthCheck): Health {
  if (before.state === 'healthy') return before.streak === 0 ? before : { ...before, streak: 0 };
  const streak = before.state === 'initial' ? check.healthyThreshold : Math.max(0, before.streak) + 1;
  if (streak < check.healthyThreshold) return { ...before, streak };
  return { state: 'healthy', reason: undefined, description: undefined, streak: 0 };
}

// While unhealthy, `streak` counts passes; a failure starts it anew. Else it counts failures.
function afterFailure(before: Health, result: CheckResult, check: HealthCheck): Health {
  const { reason, description } = explain(result);
  if (before.state === 'unhealthy') return { state: 'unhealthy', reason, description, streak: 0 };
  const streak = before.streak + 1;
  if (streak < check.unhealthyThreshold) return { ...before, streak };
  return { state: 'unhealthy', reason, description, streak: 0 };
}

function explain(result: CheckResult): { reason: HealthReason; description: string } {
  if (result.outcome === 'code')
    return { reason: 'Target.ResponseCodeMismatch', description: `Health checks failed with these codes: [${result.status}]` };
  if (result.outcome === 'timeout') return { reason: 'Target.Timeout', description: 'Request timed out' };
  return { reason: 'Target.FailedHealthChecks', description: 'Health checks failed' };
}

/** Whether a status is among those of a matcher: `200`, `200,204`, `200-299`. */
export function matchesStatus(matcher: string, status: number): boolean {
  return matcher.split(',').some((part) => {
    const [low, high] = part.split('-').map(Number);
    return status >= (low ?? Number.NaN) && status <= (high ?? low ?? Number.NaN);
  });
}
