import { uuid, type Clock, type Logger } from '../base/index.ts';
import {
  decideTargetTracking,
  enforceBounds,
  recordScaling,
  trackingAlarms,
  type ActivityText,
  type ScalingHistory,
} from '../autoscaling/index.ts';
import type { Alarm, AlarmStatus, MetricIdentity, ScalableTarget, ScalingActivity, TargetTrackingPolicy } from '../model/index.ts';
import type { CloudWatch } from './cloudwatch.ts';
import type { Ecs } from './ecs.ts';
import { arn, type RegionIdentity } from './identity.ts';
import type { Collection, Log, Store } from '../state/index.ts';

export interface ScalingOptions {
  identity: RegionIdentity;
  clock: Clock;
  store: Store;
  cloudWatch: CloudWatch;
  ecs: Ecs;
  log: Logger;
}

/** A policy with the alarms that it made and owns. */
interface StoredPolicy {
  readonly policy: TargetTrackingPolicy;
  readonly metric: MetricIdentity;
  readonly highAlarm: string;
  readonly lowAlarm?: string;
}

const resourcePrefix = 'service/';

/** Application Auto Scaling for ECS services: policies, their alarms, and the history of what they did. */
export class Scaling {
  readonly #options: ScalingOptions;
  readonly #targets: Collection<ScalableTarget>;
  readonly #policies: Collection<StoredPolicy>;
  readonly #activities: Log<ScalingActivity>;
  readonly #history = new Map<string, ScalingHistory>();

  constructor(options: ScalingOptions) {
    this.#options = options;
    this.#targets = options.store.collection('application-autoscaling.scalable-target');
    this.#policies = options.store.collection('application-autoscaling.policy');
    this.#activities = options.store.log('application-autoscaling.activity', 1000);
    options.cloudWatch.onEvaluated((alarm, status) => this.#onAlarm(alarm, status));
  }

  /** A capacity outside of the bounds is moved to the nearer one at once. */
  registerScalableTarget(target: ScalableTarget): void {
    this.#targets.put(target.resourceId, target);
    const capacity = this.#capacity(target);
    const change = enforceBounds(target, capacity);
    if (change) this.#scale(target.resourceId, capacity, change.to, change.activity);
  }

  putTargetTrackingPolicy(asked: TargetTrackingPolicy): void {
    const policyArn = arn(
      this.#options.identity,
      'autoscaling',
      `scalingPolicy:${uuid()}:resource/ecs/${asked.resourceId}:policyName/${asked.name}`,
    );
    const policy = { ...asked, arn: policyArn };
    const [cluster = '', service = ''] = asked.resourceId.slice(resourcePrefix.length).split('/');
    const metric: MetricIdentity = {
      namespace: 'AWS/ECS',
      name: 'CPUUtilization',
      dimensions: { ClusterName: cluster, ServiceName: service },
    };
    const { high, low } = trackingAlarms(policy, metric, uuid(), uuid());
    this.#options.cloudWatch.putAlarm(high);
    if (low) this.#options.cloudWatch.putAlarm(low);
    this.#policies.put(policyArn, { policy, metric, highAlarm: high.name, ...(low ? { lowAlarm: low.name } : {}) });
  }

  /** Newest first. */
  activities(resourceId: string): ScalingActivity[] {
    return this.#activities.newest(resourceId);
  }

  /** Auto scaling acts on every evaluation while the alarm lasts, not on its transition alone. */
  #onAlarm(alarm: Alarm, status: AlarmStatus): void {
    if (status.state !== 'ALARM') return;
    const stored = this.#policies.values().find(({ highAlarm, lowAlarm }) => alarm.name === highAlarm || alarm.name === lowAlarm);
    const target = stored && this.#targets.get(stored.policy.resourceId);
    if (!stored || !target) return;
    const isHigh = alarm.name === stored.highAlarm;
    if (!isHigh && this.#isInAlarm(stored.highAlarm)) return;
    this.#decide(stored, target, isHigh ? 'high' : 'low');
  }

  #decide({ policy, metric, highAlarm, lowAlarm }: StoredPolicy, target: ScalableTarget, alarmInAlarm: 'high' | 'low'): void {
    const { clock, log } = this.#options;
    const nowMs = clock.nowMs();
    const capacity = this.#capacity(target);
    const history = this.#history.get(policy.resourceId) ?? {};
    const decision = decideTargetTracking({
      policy,
      target,
      capacity,
      metricValue: this.#newestValue(metric, nowMs),
      alarmInAlarm,
      alarms: { high: { name: highAlarm }, ...(lowAlarm === undefined ? {} : { low: { name: lowAlarm } }) },
      history,
      nowMs,
    });
    if (decision.to === undefined) {
      log.debug({ policy: policy.name, why: decision.why }, 'not scaled');
      return;
    }
    this.#history.set(policy.resourceId, recordScaling(history, { atMs: nowMs, from: capacity, to: decision.to }, policy));
    this.#scale(policy.resourceId, capacity, decision.to, decision.activity);
  }

  #scale(resourceId: string, from: number, to: number, text: ActivityText): void {
    const atMs = this.#options.clock.nowMs();
    this.#activities.append(resourceId, { id: uuid(), resourceId, atMs, ...text, from, to, status: 'Successful' });
    this.#options.ecs.setDesiredCount(resourceId.slice(resourcePrefix.length), to);
  }

  /** The newest whole minute of the metric, which is what the alarm looked at last. */
  #newestValue(identity: MetricIdentity, nowMs: number): number | undefined {
    const periodS = 60;
    const endMs = Math.floor(nowMs / (periodS * 1000)) * periodS * 1000;
    const startMs = endMs - periodS * 1000;
    return this.#options.cloudWatch.metrics.statistics({ identity, statistic: 'Average', periodS, startMs, endMs }).at(-1)?.value;
  }

  #isInAlarm(alarmName: string): boolean {
    return this.#options.cloudWatch.alarms().some(({ alarm, status }) => alarm.name === alarmName && status.state === 'ALARM');
  }

  #capacity(target: ScalableTarget): number {
    return this.#options.ecs.service(target.resourceId.slice(resourcePrefix.length)).desiredCount;
  }
}
