import { errorMessage, type Clock, type Logger, type Timer } from '../../base/index.ts';
import { alarms, rememberAlarm, setAlarmState, type AlarmResource, type Place, type World } from '../../aws/index.ts';
import { evaluate, evaluateComposite, evaluationIntervalMs, mayAct, parseAlarmRule, type MetricStore } from '../../metrics/index.ts';
import type { AlarmState } from '../../model/index.ts';
import { actionsOf, modelAlarm, statusOf } from './model.ts';

export interface AlarmsOptions {
  readonly world: World;
  readonly clock: Clock;
  metrics(at: Place): MetricStore;
  readonly log: Logger;
}

/**
 * Does what an alarm's action asks for. `repeated`: the alarm is still in the state whose action this is.
 * What comes back goes into the alarm's history; undefined where the action is none of this handler's.
 */
export type AlarmAction = (at: Place, alarm: AlarmResource, actionArn: string, repeated: boolean) => ActionOutcome | undefined;

export interface ActionOutcome {
  readonly ok: boolean;
  /** For the history. */
  readonly detail: string;
}

/** Region time is looked at every ten seconds: the interval of alarms with short periods. */
const tickMs = 10_000;
/** An alarm is looked at this long after a period is over, so that its last samples are in. */
const settleMs = 1;
/** Scaling goes on for as long as the alarm lasts: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html */
const repeatMs = 60_000;

interface Seen {
  state: AlarmState;
  enteredAtMs: number;
  leftAlarmAtMs: number | undefined;
  /** The actions of the present state are still held back by a suppressor. */
  waiting: boolean;
  repeatedAtMs: number;
  evaluatedAtMs: number;
}

/** CloudWatch's alarms: evaluated by the region's clock, their actions run on each change of state. */
export class Alarms {
  readonly #options: AlarmsOptions;
  readonly #handlers: AlarmAction[] = [];
  readonly #seen = new Map<string, Seen>();
  #timer: Timer | undefined;
  #closed = false;

  constructor(options: AlarmsOptions) {
    this.#options = options;
    for (const at of options.world.places()) for (const alarm of at.table(alarms).values()) this.#note(alarm);
    options.world.watch((changed) => {
      for (const table of changed) if (table.endsWith(`/${alarms.kind}`)) return this.#act();
    });
    this.#schedule();
  }

  onAction(handler: AlarmAction): void {
    this.#handlers.push(handler);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #schedule(): void {
    if (this.#closed) return;
    const { clock } = this.#options;
    const nowMs = clock.nowMs();
    const nextMs = Math.floor(nowMs / tickMs + 1) * tickMs + settleMs;
    this.#timer = clock.after(nextMs - nowMs, () => {
      this.#tick(clock.nowMs());
      this.#schedule();
    });
  }

  #tick(nowMs: number): void {
    for (const at of this.#options.world.places()) {
      for (const alarm of at.table(alarms).values()) {
        try {
          if (!alarm.composite) this.#evaluate(at, alarm, nowMs);
        } catch (error) {
          this.#options.log.warn({ err: error }, `alarm ${alarm.AlarmName} cannot be evaluated: ${errorMessage(error)}`);
        }
      }
      this.#evaluateComposites(at);
    }
    this.#act();
    this.#repeat(nowMs);
  }

  /** Due when the clock has passed a multiple of its interval since the last time; a late tick skips none. */
  #evaluate(at: Place, alarm: AlarmResource, nowMs: number): void {
    const seen = this.#note(alarm);
    const model = modelAlarm(alarm);
    const intervalMs = evaluationIntervalMs(model);
    if (Math.floor(nowMs / intervalMs) === Math.floor(seen.evaluatedAtMs / intervalMs)) return;
    seen.evaluatedAtMs = nowMs;
    const { transition, state, reason, reasonData } = evaluate(model, this.#options.metrics(at), statusOf(alarm), nowMs);
    if (transition) this.#options.world.transaction(() => setAlarmState(at, alarm, state, reason, reasonData));
  }

  /** Composite alarms follow others, composite ones among them: until nothing changes, at most as often as there are alarms. */
  #evaluateComposites(at: Place): void {
    const composites = at.table(alarms).filter(({ composite }) => composite);
    for (let round = 0; round < composites.length; round++) {
      const changed = composites.filter(({ AlarmName }) => this.#evaluateComposite(at, at.table(alarms).get(AlarmName)));
      if (changed.length === 0) return;
    }
  }

  #evaluateComposite(at: Place, alarm: AlarmResource | undefined): boolean {
    if (alarm === undefined) return false;
    try {
      const rule = parseAlarmRule(alarm.AlarmRule ?? '');
      const childOf = (name: string) => {
        const child = at.table(alarms).get(name.startsWith('arn:') ? (name.split(':alarm:')[1] ?? name) : name);
        return child === undefined ? undefined : { arn: child.AlarmArn, ...statusOf(child) };
      };
      const { transition, state, reason, reasonData } = evaluateComposite(rule, childOf, statusOf(alarm), this.#options.clock.nowMs());
      if (transition) this.#options.world.transaction(() => setAlarmState(at, alarm, state, reason, reasonData));
      return transition;
    } catch (error) {
      this.#options.log.warn({ err: error }, `alarm ${alarm.AlarmName} cannot be evaluated: ${errorMessage(error)}`);
      return false;
    }
  }

  /** Runs the actions of alarms whose state is another than when they were last seen, whoever has set it. */
  #act(): void {
    if (this.#closed) return;
    const nowMs = this.#options.clock.nowMs();
    for (const at of this.#options.world.places()) {
      for (const alarm of at.table(alarms).values()) {
        const known = this.#seen.has(alarm.AlarmArn);
        const seen = this.#note(alarm);
        const state = statusOf(alarm).state;
        if (known && seen.state !== state) {
          if (seen.state === 'ALARM') seen.leftAlarmAtMs = nowMs;
          Object.assign(seen, { state, enteredAtMs: nowMs, waiting: true });
        }
        if (seen.waiting && this.#mayAct(at, alarm, seen, nowMs)) {
          Object.assign(seen, { waiting: false, repeatedAtMs: nowMs });
          this.#run(at, alarm, false);
        }
      }
    }
  }

  #mayAct(at: Place, alarm: AlarmResource, seen: Seen, nowMs: number): boolean {
    if (alarm.ActionsSuppressor === undefined) return true;
    const name = alarm.ActionsSuppressor.split(':alarm:').at(-1) ?? '';
    const suppressor = at.table(alarms).get(name);
    return mayAct({
      suppressor: {
        waitPeriodMs: (alarm.ActionsSuppressorWaitPeriod ?? 0) * 1000,
        extensionPeriodMs: (alarm.ActionsSuppressorExtensionPeriod ?? 0) * 1000,
      },
      suppressorStatus: suppressor === undefined ? undefined : statusOf(suppressor),
      leftAlarmAtMs: suppressor === undefined ? undefined : this.#seen.get(suppressor.AlarmArn)?.leftAlarmAtMs,
      enteredAtMs: seen.enteredAtMs,
      nowMs,
    }).act;
  }

  #repeat(nowMs: number): void {
    for (const at of this.#options.world.places()) {
      for (const alarm of at.table(alarms).filter(({ StateValue }) => StateValue === 'ALARM')) {
        const seen = this.#note(alarm);
        if (seen.waiting || nowMs - seen.repeatedAtMs < repeatMs - tickMs / 2) continue;
        seen.repeatedAtMs = nowMs;
        this.#run(at, alarm, true);
      }
    }
  }

  #run(at: Place, alarm: AlarmResource, repeated: boolean): void {
    for (const action of actionsOf(alarm)) {
      const outcome = this.#outcome(at, alarm, action, repeated);
      // The history tells of an action once, however often it is repeated.
      if (repeated) continue;
      const { ok, detail } = outcome ?? { ok: false, detail: 'Plimsoll runs actions of auto scaling only' };
      const summary = ok ? `Successfully executed action ${action}` : `Failed to execute action ${action}. ${detail}`;
      this.#options.world.transaction(() =>
        rememberAlarm(at, alarm, 'Action', summary, {
          actionState: ok ? 'Succeeded' : 'Failed',
          stateUpdateTimestamp: alarm.StateUpdatedTimestamp,
          notificationResource: action,
          error: ok ? null : detail,
        }),
      );
    }
  }

  #outcome(at: Place, alarm: AlarmResource, action: string, repeated: boolean): ActionOutcome | undefined {
    try {
      for (const handler of this.#handlers) {
        const outcome = handler(at, alarm, action, repeated);
        if (outcome !== undefined) return outcome;
      }
      return undefined;
    } catch (error) {
      this.#options.log.error({ err: error }, `action ${action} of alarm ${alarm.AlarmName} failed`);
      return { ok: false, detail: errorMessage(error) };
    }
  }

  #note(alarm: AlarmResource): Seen {
    let seen = this.#seen.get(alarm.AlarmArn);
    if (seen === undefined) {
      const { state, updatedAtMs } = statusOf(alarm);
      seen = {
        state,
        enteredAtMs: updatedAtMs,
        leftAlarmAtMs: undefined,
        waiting: false,
        repeatedAtMs: this.#options.clock.nowMs(),
        evaluatedAtMs: this.#options.clock.nowMs(),
      };
      this.#seen.set(alarm.AlarmArn, seen);
    }
    return seen;
  }
}
