import type { AlarmStatus } from '../../model/index.ts';

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html (ActionsSuppressor) */
export interface Suppressor {
  /** How long the composite alarm waits for its suppressor to go into ALARM before it acts. */
  readonly waitPeriodMs: number;
  /** How long it still holds back after the suppressor has left ALARM. */
  readonly extensionPeriodMs: number;
}

export interface SuppressionInput {
  readonly suppressor: Suppressor;
  /** The status of the alarm that suppresses; undefined when it does not exist, which suppresses nothing. */
  readonly suppressorStatus: AlarmStatus | undefined;
  /** When the suppressor last left ALARM; undefined when it never was in it. */
  readonly leftAlarmAtMs: number | undefined;
  /** When the composite alarm entered its present state. */
  readonly enteredAtMs: number;
  readonly nowMs: number;
}

export type SuppressionDecision =
  | { readonly act: true }
  | { readonly act: false; readonly suppressedBy: 'Alarm' | 'WaitPeriod' | 'ExtensionPeriod'; readonly requeueAfterMs?: number };

/**
 * Whether a composite alarm may run the actions of the state it has entered:
 *
 *     composite   ────────┬ changes
 *     suppressor          │◀─ wait ─▶│                      not in ALARM: act after the wait
 *                 ────────┼──┬ ALARM ────┬ OK              in ALARM: hold back …
 *                         │  │           │◀─ extension ─▶│ … and for the extension after it
 *
 * Asked again after `requeueAfterMs`, and whenever either alarm changes, until it says yes or the composite alarm
 * has changed again.
 */
export function mayAct({ suppressor, suppressorStatus, leftAlarmAtMs, enteredAtMs, nowMs }: SuppressionInput): SuppressionDecision {
  if (suppressorStatus === undefined) return { act: true };
  if (suppressorStatus.state === 'ALARM') return { act: false, suppressedBy: 'Alarm' };
  const extensionLeftMs = leftAlarmAtMs === undefined ? 0 : leftAlarmAtMs + suppressor.extensionPeriodMs - nowMs;
  if (extensionLeftMs > 0) return { act: false, suppressedBy: 'ExtensionPeriod', requeueAfterMs: extensionLeftMs };
  const waitLeftMs = enteredAtMs + suppressor.waitPeriodMs - nowMs;
  const hasSuppressed = leftAlarmAtMs !== undefined && leftAlarmAtMs > enteredAtMs;
  if (waitLeftMs > 0 && !hasSuppressed) return { act: false, suppressedBy: 'WaitPeriod', requeueAfterMs: waitLeftMs };
  return { act: true };
}
