import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Endpoint, scalingActivities, services, type Machinery, type Place } from '../../aws/index.ts';
import { decideTargetTracking, recordScaling, trackingAlarms, type ScalingHistory } from '../../autoscaling/index.ts';
import { createLogger, ManualClock, seededRandom, systemRandom } from '../../base/index.ts';
import { evaluate, MetricStore } from '../../metrics/index.ts';
import type { AlarmStatus, MetricDatum, TargetTrackingPolicy } from '../../model/index.ts';
import { Store } from '../../state/index.ts';
import { Alarms } from '../cloudwatch/alarms.ts';
import { ServiceScaling } from './services.ts';

const second = 1000;
const minute = 60 * second;
const region = 'us-east-1';
const startMs = Date.UTC(2026, 0, 1);
const metric = { namespace: 'AWS/ECS', name: 'CPUUtilization', dimensions: { ClusterName: 'sim', ServiceName: 'web' } };
const resource = { ServiceNamespace: 'ecs', ResourceId: 'service/sim/web', ScalableDimension: 'ecs:service:DesiredCount' } as const;
const cooldownS = 180;

/** What scales, told by whoever decides. */
interface Change {
  readonly atS: number;
  readonly to: number;
}

/** Percent of one task's CPU that a day asks for: two humps, and noise. */
function demand(random: ReturnType<typeof seededRandom>): (timeMs: number) => number {
  const height = 40 + random.int(120);
  return (timeMs) => 8 + height * Math.max(0, Math.sin((timeMs / (24 * 60 * minute)) * 4 * Math.PI)) * (0.9 + 0.2 * random.float());
}

/** The series of the whole run, made once: both sides get the same points. A gap in it is data that got lost. */
function series(seed: number, hours: number): MetricDatum[] {
  const random = seededRandom(seed);
  const wanted = demand(random);
  const gapMs = random.int(hours * 60) * minute;
  const points: MetricDatum[] = [];
  for (let timeMs = 10 * second; timeMs < hours * 60 * minute; timeMs += 10 * second) {
    if (timeMs >= gapMs && timeMs < gapMs + 5 * minute) continue;
    points.push({ ...metric, unit: 'Percent', timestampMs: startMs + timeMs - 1, value: Math.min(100, wanted(timeMs)) });
  }
  return points;
}

/** The pure functions on a loop, as `plimsoll simulate` and test/simulation have them. */
function simulated(points: readonly MetricDatum[], hours: number): Change[] {
  const store = new MetricStore();
  const policy: TargetTrackingPolicy = {
    name: 'cpu',
    resourceId: resource.ResourceId,
    targetValue: 20,
    scaleOutCooldownMs: cooldownS * second,
    scaleInCooldownMs: cooldownS * second,
    disableScaleIn: false,
  };
  const alarms = trackingAlarms(policy, metric, 'h', 'l');
  const target = { resourceId: resource.ResourceId, minCapacity: 1, maxCapacity: 6 };
  const statuses: Partial<Record<'high' | 'low', AlarmStatus>> = {};
  const changes: Change[] = [];
  let history: ScalingHistory = {};
  let capacity = 1;
  let next = 0;
  for (let timeMs = minute; timeMs <= hours * 60 * minute; timeMs += minute) {
    const nowMs = startMs + timeMs + 1;
    for (; points[next] !== undefined && points[next]!.timestampMs < nowMs; next++) store.put(points[next]!);
    for (const name of ['high', 'low'] as const) {
      const alarm = alarms[name]!;
      statuses[name] = evaluate(alarm, store, statuses[name], nowMs);
    }
    const alarmInAlarm = statuses.high?.state === 'ALARM' ? 'high' : statuses.low?.state === 'ALARM' ? 'low' : undefined;
    if (alarmInAlarm === undefined) continue;
    const endMs = startMs + timeMs;
    const [newest] = store.statistics({ identity: metric, statistic: 'Average', periodS: 60, startMs: endMs - minute, endMs });
    const decision = decideTargetTracking({
      policy,
      target,
      capacity,
      metricValue: newest?.value,
      alarmInAlarm,
      alarms: { high: { name: 'high' }, low: { name: 'low' } },
      history,
      nowMs,
    });
    if (decision.to === undefined) continue;
    history = recordScaling(history, { atMs: nowMs, from: capacity, to: decision.to }, policy);
    capacity = decision.to;
    changes.push({ atS: timeMs / second, to: capacity });
  }
  return changes;
}

/** The region's controllers behind the API, on the same clock and points. */
async function live(points: readonly MetricDatum[], hours: number): Promise<Change[]> {
  const clock = new ManualClock(startMs);
  const store = new MetricStore();
  const machinery: Machinery = { live: true, transition: (_place, _resource, passing) => passing, metrics: () => store };
  const endpoint = new Endpoint({ store: new Store(), port: 0, clock, random: seededRandom(1), machinery });
  const options = { world: endpoint.world, clock, metrics: () => store, log: createLogger('test', 'silent') };
  const alarms = new Alarms(options);
  const scaling = new ServiceScaling(options);
  alarms.onAction((at, alarm, action) => scaling.onAlarm(at, alarm, action));
  await endpoint.call('ecs', 'CreateCluster', { clusterName: 'sim' }, region);
  const containerDefinitions = [{ name: 'web', image: 'web' }];
  await endpoint.call('ecs', 'RegisterTaskDefinition', { family: 'web', cpu: '256', memory: '512', containerDefinitions }, region);
  await endpoint.call(
    'ecs',
    'CreateService',
    { cluster: 'sim', serviceName: 'web', taskDefinition: 'web', desiredCount: 1, launchType: 'FARGATE' },
    region,
  );
  await endpoint.call('application-autoscaling', 'RegisterScalableTarget', { ...resource, MinCapacity: 1, MaxCapacity: 6 }, region);
  await endpoint.call(
    'application-autoscaling',
    'PutScalingPolicy',
    {
      ...resource,
      PolicyName: 'cpu',
      PolicyType: 'TargetTrackingScaling',
      TargetTrackingScalingPolicyConfiguration: {
        TargetValue: 20,
        ScaleOutCooldown: cooldownS,
        ScaleInCooldown: cooldownS,
        PredefinedMetricSpecification: { PredefinedMetricType: 'ECSServiceAverageCPUUtilization' },
      },
    },
    region,
  );
  const at: Place = endpoint.place(region);
  const changes: Change[] = [];
  let seen = 1;
  endpoint.world.watch(() => {
    const to = at.table(services).values()[0]?.desiredCount ?? seen;
    if (to !== seen) changes.push({ atS: Math.floor((clock.nowMs() - startMs) / second), to });
    seen = to;
  });
  let next = 0;
  const feed = clock.every(10 * second, () => {
    for (; points[next] !== undefined && points[next]!.timestampMs < clock.nowMs(); next++) store.put(points[next]!);
  });
  await clock.advance(hours * 60 * minute + 2);
  feed.cancel();
  alarms.close();
  scaling.close();
  const scaled = at.table(scalingActivities).filter(({ NotScaledReasons }) => NotScaledReasons === undefined);
  assert.equal(scaled.length, changes.length, 'each change is an activity');
  return changes;
}

test('a simulation decides as the live region does on the same metrics, second for second', async () => {
  const hours = 12;
  const seed = systemRandom.int(2 ** 31);
  const points = series(seed, hours);
  const expected = simulated(points, hours);
  assert.ok(expected.length >= 4, `seed ${seed}: ${expected.length} changes`);
  assert.deepEqual(await live(points, hours), expected, `seed ${seed}`);
});
