import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  decideService,
  decideTargetTracking,
  noFailures,
  recordScaling,
  trackingAlarms,
  type ScalingHistory,
  type ServiceCommand,
} from '../../src/autoscaling/index.ts';
import { ManualClock, seededRandom, systemRandom, type Random } from '../../src/base/index.ts';
import { evaluate, MetricStore } from '../../src/metrics/index.ts';
import {
  nextTaskState,
  type AlarmStatus,
  type Service,
  type TargetTrackingPolicy,
  type Task,
  type TaskEvent,
} from '../../src/model/index.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const metric = { namespace: 'AWS/ECS', name: 'CPUUtilization', dimensions: { ClusterName: 'sim', ServiceName: 'web' } };
const policy: TargetTrackingPolicy = {
  name: 'cpu',
  resourceId: 'service/sim/web',
  targetValue: 20,
  scaleOutCooldownMs: 5 * MINUTE,
  scaleInCooldownMs: 5 * MINUTE,
  disableScaleIn: false,
};
const bounds = { resourceId: policy.resourceId, minCapacity: 1, maxCapacity: 4 };

/**
 * A day of one service on a clock that is moved by hand: metrics every ten seconds, alarms and the policy every
 * minute, the scheduler after every change. Tasks take their time: 20 s to start, 15 s to be found healthy, 5 s
 * to drain.
 */
class Day {
  readonly clock = new ManualClock();
  readonly startMs = this.clock.nowMs();
  readonly changes: { atMs: number; from: number; to: number; cause: string }[] = [];
  points = 0;
  tasks: Task[] = [];
  service: Service = {
    cluster: 'sim',
    name: 'web',
    taskDefinition: { family: 'web', revision: 1, cpuUnits: 256, memoryMiB: 512, image: 'web', containerPort: 80, environment: {} },
    desiredCount: 1,
    targetGroupId: 'tg',
    healthCheckGracePeriodMs: 0,
  };
  readonly #demand: (timeOfDayMs: number) => number;
  readonly #random: Random;
  readonly #store = new MetricStore();
  readonly #alarms = trackingAlarms(policy, metric, 'h', 'l');
  #high: AlarmStatus | undefined;
  #low: AlarmStatus | undefined;
  #history: ScalingHistory = {};
  #steady = false;
  #nextId = 1;

  /** `demand` is the load in percent of one task's CPU. */
  constructor(demand: (timeOfDayMs: number) => number, random: Random) {
    this.#demand = demand;
    this.#random = random;
  }

  async run(): Promise<void> {
    this.#reconcile();
    const timers = [this.clock.every(10 * SECOND, () => this.#measure()), this.clock.every(MINUTE, () => this.#scale())];
    await this.clock.advance(24 * HOUR);
    for (const timer of timers) timer.cancel();
  }

  running(): Task[] {
    return this.tasks.filter(({ state }) => state === 'RUNNING');
  }

  #measure(): void {
    const timestampMs = this.clock.nowMs() - 1;
    const serving = this.running().filter(({ health }) => health === 'HEALTHY').length;
    for (let i = 0; i < serving; i++) {
      const share = this.#demand(timestampMs - this.startMs) / serving;
      const value = Math.min(100, share * (0.95 + 0.1 * this.#random.float()));
      this.#store.put({ ...metric, unit: 'Percent', timestampMs, value });
      this.points++;
    }
  }

  #scale(): void {
    const nowMs = this.clock.nowMs();
    const { high, low } = this.#alarms;
    assert.ok(low);
    this.#high = evaluate(high, this.#store, this.#high, nowMs);
    this.#low = evaluate(low, this.#store, this.#low, nowMs);
    const alarmInAlarm = this.#high.state === 'ALARM' ? 'high' : this.#low.state === 'ALARM' ? 'low' : undefined;
    const from = this.service.desiredCount;
    const [newest] = this.#store.statistics({ identity: metric, statistic: 'Average', periodS: 60, startMs: nowMs - MINUTE, endMs: nowMs });
    const decision = decideTargetTracking({
      policy,
      target: bounds,
      capacity: from,
      metricValue: newest?.value,
      alarmInAlarm,
      alarms: this.#alarms,
      history: this.#history,
      nowMs,
    });
    if (decision.to === undefined) return;
    this.changes.push({ atMs: nowMs, from, to: decision.to, cause: decision.activity.cause });
    this.#history = recordScaling(this.#history, { atMs: nowMs, from, to: decision.to }, policy);
    this.service = { ...this.service, desiredCount: decision.to };
    this.#reconcile();
  }

  #reconcile(): void {
    const { service, tasks } = this;
    const decision = decideService({ service, tasks, failures: noFailures, steadyReported: this.#steady }, this.clock.nowMs());
    this.#steady = decision.steady;
    for (const command of decision.commands) this.#execute(command);
  }

  #execute(command: ServiceCommand): void {
    if (command.type === 'launch') for (let i = 0; i < command.count; i++) this.#launch();
    else if (command.type === 'activate') {
      this.#tell(command.taskId, 'registered');
      this.#later(15 * SECOND, command.taskId, { health: 'HEALTHY' });
    } else if (command.type === 'deactivate') {
      this.#tell(command.taskId, 'toldToStop');
      this.#later(5 * SECOND, command.taskId, { drained: true });
    } else if (command.type === 'stop') {
      for (const event of ['drained', 'toldToStop', 'processGone', 'addressReleased'] as const) this.#tell(command.taskId, event);
    } else if (command.type === 'remove') this.tasks = this.tasks.filter(({ id }) => id !== command.taskId);
  }

  #launch(): void {
    const id = `t${this.#nextId++}`;
    const createdAtMs = this.clock.nowMs();
    this.tasks.push({ id, state: 'PROVISIONING', address: '127.0.0.1', port: 80, createdAtMs, health: 'UNKNOWN' });
    this.#tell(id, 'addressLeased');
    this.clock.after(20 * SECOND, () => {
      this.#tell(id, 'processStarted');
      this.#reconcile();
    });
  }

  #later(delayMs: number, id: string, change: Partial<Task>): void {
    this.clock.after(delayMs, () => {
      this.#change(id, change);
      this.#reconcile();
    });
  }

  #tell(id: string, event: TaskEvent): void {
    const task = this.tasks.find((task) => task.id === id);
    const state = task && nextTaskState(task.state, event);
    if (state) this.#change(id, state === 'STOPPED' ? { state, stoppedAtMs: this.clock.nowMs() } : { state });
  }

  #change(id: string, change: Partial<Task>): void {
    this.tasks = this.tasks.map((task) => (task.id === id ? { ...task, ...change } : task));
  }
}

async function simulate(demand: (timeOfDayMs: number) => number, seed: string): Promise<Day> {
  const day = new Day(demand, seededRandom(seed));
  try {
    await day.run();
    assert.ok(day.changes.every(({ to }) => to >= bounds.minCapacity && to <= bounds.maxCapacity));
    assert.equal(day.clock.pendingCount, 0, 'nothing is left waiting');
    return day;
  } catch (cause) {
    throw new Error(`the simulation failed with seed ${seed}`, { cause });
  }
}

const within = (timeMs: number, fromHour: number, toHour: number): boolean => timeMs >= fromHour * HOUR && timeMs < toHour * HOUR;

describe('a day of traffic', () => {
  it('with a peak at noon scales 1 → 4 → 1, once up and once down', async () => {
    const seed = systemRandom.hex(8);
    const day = await simulate((timeMs) => (within(timeMs, 10, 14) ? 76 : 8), seed);
    const path = [1, ...day.changes.map(({ to }) => to)];
    assert.deepEqual(path, [1, 4, 1], `seed ${seed}`);
    assert.deepEqual([day.running().length, day.service.desiredCount], [1, 1]);
    const [up, down] = day.changes;
    assert.ok(up && down);
    assert.match(up.cause, /AlarmHigh-h in state ALARM triggered policy cpu$/);
    assert.match(down.cause, /AlarmLow-l in state ALARM triggered policy cpu$/);
    const afterMs = (change: { atMs: number }, hour: number): number => change.atMs - day.startMs - hour * HOUR;
    assert.ok(afterMs(up, 10) >= 3 * MINUTE && afterMs(up, 10) <= 4 * MINUTE, 'three periods above the target');
    assert.ok(afterMs(down, 14) >= 15 * MINUTE && afterMs(down, 14) <= 16 * MINUTE, 'fifteen periods below it');
  });

  it('with a slow wave follows it, and each change is one that the load asks for', async () => {
    const seed = systemRandom.hex(8);
    const wave = (timeMs: number): number => 40 - 36 * Math.cos((timeMs / (24 * HOUR)) * 2 * Math.PI);
    const day = await simulate(wave, seed);
    const peak = Math.max(...day.changes.map(({ to }) => to));
    assert.deepEqual([peak, day.service.desiredCount, day.running().length], [4, 1, 1], `seed ${seed}`);
    for (const { atMs, from, to } of day.changes) {
      const exact = wave(atMs - day.startMs) / policy.targetValue;
      assert.ok(to > exact - 0.2 && to < exact + 1.2, `${from} → ${to} while ${exact} tasks would do; seed ${seed}`);
    }
    assert.ok(day.changes.length <= 12, `seed ${seed}: ${day.changes.length} changes`);
    assert.ok(day.points > 10_000);
  });

  it('with a steady load within the target changes nothing', async () => {
    const day = await simulate(() => 19, systemRandom.hex(8));
    assert.deepEqual(day.changes, []);
  });
});
