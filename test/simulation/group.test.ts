import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  combine,
  decideStep,
  decideTargetTracking,
  groupCauses,
  trackingAlarms,
  warmingUp,
  type Proposal,
} from '../../src/autoscaling/index.ts';
import { GroupWorld } from '../../src/autoscaling/group/test-support.ts';
import { seededRandom, systemRandom, type Random } from '../../src/base/index.ts';
import { evaluate, MetricStore } from '../../src/metrics/index.ts';
import type {
  Alarm,
  AlarmStatus,
  AutoScalingGroup,
  GroupInstance,
  StepScalingPolicy,
  TargetTrackingPolicy,
} from '../../src/model/index.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const TICK = 10 * SECOND;

const group: AutoScalingGroup = {
  name: 'todo',
  minSize: 2,
  maxSize: 10,
  desiredCapacity: 2,
  zones: ['us-east-1a', 'us-east-1b', 'us-east-1c'],
  templateVersion: '1',
  targetGroupIds: ['tg'],
  healthCheckType: 'ELB',
  healthCheckGracePeriodMs: MINUTE,
  instanceWarmupMs: 2 * MINUTE,
  terminationPolicies: ['Default'],
  hooks: [],
  suspendedProcesses: [],
};

const metric = { namespace: 'AWS/EC2', name: 'CPUUtilization', dimensions: { AutoScalingGroupName: 'todo' } };
const tracking: TargetTrackingPolicy = {
  name: 'cpu50',
  resourceId: 'todo',
  targetValue: 50,
  scaleOutCooldownMs: 0,
  scaleInCooldownMs: 0,
  disableScaleIn: false,
};
const rush: StepScalingPolicy = {
  name: 'rush',
  adjustmentType: 'ChangeInCapacity',
  steps: [
    { lowerBound: 0, upperBound: 10, adjustment: 2 },
    { lowerBound: 10, adjustment: 4 },
  ],
};
const { high, low } = trackingAlarms(tracking, metric, 'h', 'l', { lowFactor: 0.7 });
const rushAlarm: Alarm = { ...high, name: 'cpu-rush', threshold: 80, evaluationPeriods: 1, datapointsToAlarm: 1 };

/** A day of an EC2 Auto Scaling group under two policies, whose machines take 40 s to boot and sometimes die or hang. */
class GroupDay {
  readonly world = new GroupWorld(group);
  readonly startMs = this.world.nowMs;
  readonly capacities = new Set<number>([group.desiredCapacity]);
  readonly causes: string[] = [];
  faults = 0;
  points = 0;
  /** Instance hours in service. */
  instanceHours = 0;
  /** Ticks with less than the minimum in service after the first ten minutes. */
  shortTicks = 0;
  readonly #demand: (timeMs: number) => number;
  readonly #random: Random;
  readonly #store = new MetricStore();
  readonly #status = new Map<string, AlarmStatus>();

  constructor(demand: (timeMs: number) => number, random: Random) {
    this.#demand = demand;
    this.#random = random;
  }

  run(): void {
    for (let timeMs = 0; timeMs < 24 * HOUR; timeMs += TICK) {
      this.world.nowMs = this.startMs + timeMs;
      this.#machines();
      if (timeMs > 0) this.#measure(timeMs);
      if (timeMs % MINUTE === 0) this.#scale();
      this.#reconcile();
      this.#check(timeMs);
    }
  }

  inService(): GroupInstance[] {
    return this.world.instances.filter(({ state }) => state === 'InService');
  }

  /** Boots, health checks and drains take their time; once in an hour or so a machine dies or hangs. */
  #machines(): void {
    const { world } = this;
    for (const { id, machine, launchedAtMs, registration } of world.instances) {
      if (machine === 'starting' && world.nowMs - launchedAtMs < 40 * SECOND) continue;
      if (registration === 'draining' && this.#random.int(2) === 0) continue;
      world.progress(id);
    }
    const victim = this.inService()[this.#random.int(Math.max(1, this.inService().length))];
    if (victim === undefined || this.#random.int(400) > 0) return;
    this.faults++;
    if (this.#random.int(2) === 0) world.crash(victim.id);
    else world.change(victim.id, { targetHealth: 'UNHEALTHY' });
  }

  #measure(timeMs: number): void {
    const serving = this.inService().filter(({ machine, targetHealth }) => machine === 'running' && targetHealth === 'HEALTHY');
    for (let i = 0; i < serving.length; i++) {
      const value = Math.min(100, (this.#demand(timeMs) / serving.length) * (0.95 + 0.1 * this.#random.float()));
      this.#store.put({ ...metric, unit: 'Percent', timestampMs: this.world.nowMs - 1, value });
      this.points++;
    }
    this.instanceHours += (serving.length * TICK) / HOUR;
  }

  #isInAlarm(alarm: Alarm): boolean {
    const status = evaluate(alarm, this.#store, this.#status.get(alarm.name), this.world.nowMs);
    this.#status.set(alarm.name, status);
    return status.state === 'ALARM';
  }

  #scale(): void {
    const { world } = this;
    assert.ok(low);
    const [inHigh, inLow, inRush] = [high, low, rushAlarm].map((alarm) => this.#isInAlarm(alarm));
    const capacity = world.group.desiredCapacity;
    const snapshot = { group: world.group, instances: world.instances, failures: world.failures, capacityCauses: [] };
    const pending = warmingUp(snapshot, world.nowMs);
    const [newest] = this.#store.statistics({
      identity: metric,
      statistic: 'Average',
      periodS: 60,
      startMs: world.nowMs - MINUTE,
      endMs: world.nowMs,
    });
    const bounds = { resourceId: 'todo', minCapacity: group.minSize, maxCapacity: group.maxSize };
    const tracked = decideTargetTracking({
      policy: tracking,
      target: bounds,
      capacity,
      metricValue: newest?.value,
      alarmInAlarm: inHigh ? 'high' : inLow ? 'low' : undefined,
      alarms: { high, low },
      history: {},
      pending,
      nowMs: world.nowMs,
    });
    const proposals: Proposal[] = [{ policyName: 'cpu50', type: 'TargetTracking', to: tracked.to }];
    if (inRush) {
      const stepped = decideStep({
        policy: rush,
        bounds,
        capacity,
        pending,
        scaleInBlocked: pending > 0,
        metricValue: newest?.value,
        threshold: rushAlarm.threshold,
      });
      proposals.push({ policyName: 'rush', type: 'Step', to: stepped.to });
    }
    const chosen = combine(capacity, proposals);
    if (chosen === undefined) return;
    const alarm = chosen.policyName === 'rush' ? rushAlarm : chosen.to > capacity ? high : low;
    world.capacityCauses = [groupCauses.alarm(world.nowMs, alarm.name, chosen.policyName, capacity, chosen.to)];
    world.group = { ...world.group, desiredCapacity: chosen.to };
    this.capacities.add(chosen.to);
  }

  #reconcile(): void {
    const commands = this.world.step();
    for (const command of commands) if ('cause' in command) this.causes.push(command.cause);
    if (this.world.steady) this.world.capacityCauses = [];
  }

  #check(timeMs: number): void {
    const { desiredCapacity, minSize, maxSize } = this.world.group;
    assert.ok(desiredCapacity >= minSize && desiredCapacity <= maxSize);
    assert.ok(this.world.instances.length <= 2 * maxSize, 'the group does not pile up instances');
    if (timeMs > 10 * MINUTE && this.inService().length < minSize) this.shortTicks++;
  }
}

function simulate(demand: (timeMs: number) => number, seed: string): GroupDay {
  const day = new GroupDay(demand, seededRandom(seed));
  try {
    day.run();
    return day;
  } catch (cause) {
    throw new Error(`the simulation failed with seed ${seed}`, { cause });
  }
}

describe('a day of an EC2 Auto Scaling group', () => {
  it('follows the load and makes good what dies, spread over its zones, each activity with its cause', () => {
    const seed = systemRandom.hex(8);
    const wave = (timeMs: number): number =>
      230 - 170 * Math.cos((timeMs / (24 * HOUR)) * 2 * Math.PI) + (timeMs > 20 * HOUR && timeMs < 21 * HOUR ? 500 : 0);
    const day = simulate(wave, seed);
    assert.ok(day.points > 10_000 && day.faults > 5, `seed ${seed}: ${day.points} points, ${day.faults} faults`);
    assert.ok(Math.max(...day.capacities) >= 8 && Math.min(...day.capacities) === 2, `seed ${seed}: ${[...day.capacities].join(' ')}`);
    const ideal = Array.from({ length: 24 }, (_, hour) => Math.max(2, wave(hour * HOUR) / 50)).reduce((sum, count) => sum + count, 0);
    assert.ok(
      day.instanceHours < 1.6 * ideal,
      `seed ${seed}: ${day.instanceHours.toFixed(0)} instance hours where ${ideal.toFixed(0)} would do`,
    );
    assert.ok(day.shortTicks < 24 * 60, `seed ${seed}: below the minimum for ${day.shortTicks} ticks`);
    for (const cause of day.causes) assert.match(cause, /^At 2026-01-0[12]T\d\d:\d\d:\d\dZ (an? |instance )/);
    const text = day.causes.join('\n');
    for (const part of [
      'triggered policy rush',
      'triggered policy cpu50',
      'needing to be replaced',
      'shrinking the capacity',
      'increasing the capacity',
    ])
      assert.ok(text.includes(part), `${part}; seed ${seed}`);
    const { world } = day;
    world.settle();
    const counts = world.perZone('InService');
    assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, `seed ${seed}: ${counts.join(' ')}`);
  });
});
