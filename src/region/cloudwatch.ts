import type { Clock, Timer } from '../base/index.ts';
import { evaluate, MetricStore } from '../metrics/index.ts';
import type { Alarm, AlarmStatus, MetricDatum } from '../model/index.ts';
import type { Collection, Log, Store } from '../state/index.ts';

export interface AlarmHistoryItem {
  readonly atMs: number;
  readonly type: 'ConfigurationUpdate' | 'StateUpdate';
  readonly summary: string;
}

export interface CloudWatchOptions {
  clock: Clock;
  store: Store;
}

/** Alarms with periods of a minute and more are looked at each minute, shorter ones every ten seconds. */
const evaluationMs = 60_000;
const highResolutionMs = 10_000;
/** An alarm is looked at this long after a period is over, so that its last samples are in. */
const settleMs = 1;

/** CloudWatch: the metrics of the region and the alarms over them. */
export class CloudWatch {
  readonly metrics = new MetricStore();
  readonly #options: CloudWatchOptions;
  readonly #alarms: Collection<Alarm>;
  readonly #history: Log<AlarmHistoryItem>;
  readonly #status = new Map<string, AlarmStatus>();
  readonly #watchers = new Set<(alarm: Alarm, status: AlarmStatus) => void>();
  #timer: Timer | undefined;
  #closed = false;
  /** The last minute in which the alarms of a minute and more were looked at; a late timer skips none. */
  #minute: number;

  constructor(options: CloudWatchOptions) {
    this.#options = options;
    this.#alarms = options.store.collection('cloudwatch.alarm');
    this.#history = options.store.log('cloudwatch.alarm-history', 100);
    this.#minute = Math.floor(options.clock.nowMs() / evaluationMs);
    this.#schedule();
  }

  put(data: MetricDatum | readonly MetricDatum[]): void {
    this.metrics.put(data);
  }

  putAlarm(alarm: Alarm): void {
    const existed = this.#alarms.get(alarm.name) !== undefined;
    this.#alarms.put(alarm.name, alarm);
    this.#remember(alarm.name, 'ConfigurationUpdate', `Alarm "${alarm.name}" ${existed ? 'updated' : 'created'}`);
    if (existed) return;
    const updatedAtMs = this.#options.clock.nowMs();
    this.#status.set(alarm.name, { state: 'INSUFFICIENT_DATA', reason: 'Unchecked: Initial alarm creation', updatedAtMs });
  }

  deleteAlarm(name: string): void {
    this.#alarms.delete(name);
    this.#status.delete(name);
  }

  alarms(): { alarm: Alarm; status: AlarmStatus }[] {
    return this.#alarms.values().flatMap((alarm) => {
      const status = this.#status.get(alarm.name);
      return status ? [{ alarm, status }] : [];
    });
  }

  history(alarmName: string): AlarmHistoryItem[] {
    return this.#history.newest(alarmName);
  }

  /** Called after each evaluation of an alarm, whether or not its state changed: auto scaling acts as long as it lasts. */
  onEvaluated(watcher: (alarm: Alarm, status: AlarmStatus) => void): void {
    this.#watchers.add(watcher);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  /** Wakes at the next ten seconds of region time; minutes are among them. */
  #schedule(): void {
    if (this.#closed) return;
    const { clock } = this.#options;
    const nowMs = clock.nowMs();
    const nextMs = Math.floor(nowMs / highResolutionMs + 1) * highResolutionMs + settleMs;
    this.#timer = clock.after(nextMs - nowMs, () => {
      this.#evaluate(clock.nowMs());
      this.#schedule();
    });
  }

  #evaluate(nowMs: number): void {
    const minute = Math.floor(nowMs / evaluationMs);
    const newMinute = minute !== this.#minute;
    this.#minute = minute;
    for (const alarm of this.#alarms.values()) {
      if (alarm.periodS >= 60 && !newMinute) continue;
      const previous = this.#status.get(alarm.name);
      const { transition, ...status } = evaluate(alarm, this.metrics, previous, nowMs);
      this.#status.set(alarm.name, status);
      if (transition)
        this.#remember(alarm.name, 'StateUpdate', `Alarm updated from ${previous?.state ?? 'INSUFFICIENT_DATA'} to ${status.state}`);
      for (const watcher of this.#watchers) watcher(alarm, status);
    }
  }

  #remember(name: string, type: AlarmHistoryItem['type'], summary: string): void {
    this.#history.append(name, { atMs: this.#options.clock.nowMs(), type, summary });
  }
}
