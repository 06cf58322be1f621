import type { OutlierDetection } from '../../model/index.ts';

/** `connect`: no connection could be made. `answer`: a 5xx, or a connection that was lost or silent for too long. */
export type Failure = 'connect' | 'answer';

/** What the answers of a target say of it. */
export interface Trust {
  /** Failures of any kind in a row. */
  readonly failures: number;
  readonly connectFailures: number;
  /** How often it was ejected; a good time makes good again. */
  readonly ejections: number;
  /** Monotonic; not ejected from then on. */
  readonly ejectedUntilMs: number;
}

export const trusted: Trust = { failures: 0, connectFailures: 0, ejections: 0, ejectedUntilMs: Number.NEGATIVE_INFINITY };

export function ejected(trust: Trust, nowMs: number): boolean {
  return nowMs < trust.ejectedUntilMs;
}

/**
 * Trust after one more answer (`failure` undefined) or failure. Pure; `mayEject` is asked only when an ejection is due,
 * and without leave the count goes on. After Envoy's outlier detection:
 * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/outlier
 *
 *     trusted ── failures in a row ──▶ ejected for n × base ──▶ trusted, n kept
 *                                                 every further `base` without an ejection: n − 1
 */
export function stepTrust(
  before: Trust,
  failure: Failure | undefined,
  rules: OutlierDetection,
  nowMs: number,
  mayEject: () => boolean,
): Trust {
  if (failure === undefined) return before.failures === 0 ? before : { ...before, failures: 0, connectFailures: 0 };
  const failures = before.failures + 1;
  const connectFailures = failure === 'connect' ? before.connectFailures + 1 : 0;
  const due = reached(failures, rules.consecutive5xx ?? 5) || reached(connectFailures, rules.consecutiveConnectFailures ?? 3);
  if (!due || !mayEject()) return { ...before, failures, connectFailures };
  const baseMs = rules.baseEjectionMs ?? 30_000;
  const forgiven = before.ejections === 0 ? 0 : Math.floor((nowMs - before.ejectedUntilMs) / baseMs);
  const ejections = Math.max(0, before.ejections - forgiven) + 1;
  const spanMs = Math.min(baseMs * ejections, Math.max(baseMs, rules.maxEjectionMs ?? 300_000));
  return { failures: 0, connectFailures: 0, ejections, ejectedUntilMs: nowMs + spanMs };
}

/** How many of so many targets may be ejected at once: never all, and one of several always. */
export function ejectionsAllowed(targets: number, rules: OutlierDetection): number {
  const share = Math.floor((targets * (rules.maxEjectionPercent ?? 10)) / 100);
  return Math.min(Math.max(1, share), targets - 1);
}

function reached(count: number, threshold: number): boolean {
  return threshold > 0 && count >= threshold;
}
