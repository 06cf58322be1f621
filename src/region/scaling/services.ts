import { uuid, type Clock, type Logger, type Timer } from '../../base/index.ts';
import {
  putScalingActivity,
  scalableTargets,
  scalingPolicies,
  scalingSchedules,
  services,
  type AlarmResource,
  type Place,
  type ScalableTargetResource,
  type ScalingPolicyResource,
  type ScalingScheduleResource,
  type World,
} from '../../aws/index.ts';
import {
  alarmCause,
  applyScheduled,
  attemptingToScale,
  decideStep,
  decideTargetTracking,
  dueActions,
  enforceBounds,
  recordScaling,
  scaleInCooldownLeftMs,
  scaleOutCooldownLeftMs,
  settingDesiredCount,
  settledMessage,
  type ActivityText,
  type ScalingHistory,
} from '../../autoscaling/index.ts';
import type { MetricStore } from '../../metrics/index.ts';
import type { NotScaledReason, ScalableTarget, ScheduledAction } from '../../model/index.ts';
import type { ActionOutcome } from '../cloudwatch/alarms.ts';
import { modelAlarm } from '../cloudwatch/model.ts';
import { modelStepPolicy, modelTarget, modelTracking } from './model.ts';

export interface ServiceScalingOptions {
  readonly world: World;
  readonly clock: Clock;
  metrics(at: Place): MetricStore;
  readonly log: Logger;
}

const prefix = 'service/';
const dimension = 'ecs:service:DesiredCount';

/** Application Auto Scaling of ECS services: what alarms, schedules and bounds make of their desired counts. */
export class ServiceScaling {
  readonly #options: ServiceScalingOptions;
  /** By policy ARN; cooldowns start anew after a restart of the region. */
  readonly #history = new Map<string, ScalingHistory>();
  #schedule: Timer | undefined;
  #scheduledUntilMs: number;
  #closed = false;

  constructor(options: ServiceScalingOptions) {
    this.#options = options;
    this.#scheduledUntilMs = options.clock.nowMs();
    options.world.watch((changed) => {
      const names = [...changed];
      if (names.some((name) => name.endsWith(`/${scalableTargets.kind}`) || name.endsWith(`/${services.kind}`))) this.#enforceBounds();
      if (names.some((name) => name.endsWith(`/${scalingSchedules.kind}`))) this.#runSchedules();
    });
    this.#runSchedules();
  }

  close(): void {
    this.#closed = true;
    this.#schedule?.cancel();
  }

  /** An alarm that names one of our policies as its action, on its transition and each minute while it lasts. */
  onAlarm(at: Place, alarm: AlarmResource, actionArn: string): ActionOutcome | undefined {
    const policy = at.table(scalingPolicies).find(({ PolicyARN }) => PolicyARN === actionArn);
    if (policy === undefined) return undefined;
    const target = at.table(scalableTargets).find((one) => one.ResourceId === policy.ResourceId && one.ScalableDimension === dimension);
    if (target === undefined) return { ok: false, detail: `there is no scalable target ${policy.ResourceId}` };
    if (policy.PolicyType === 'TargetTrackingScaling') this.#track(at, policy, modelTarget(target), alarm);
    else if (policy.PolicyType === 'StepScaling') this.#step(at, policy, modelTarget(target), alarm);
    return { ok: true, detail: '' };
  }

  #track(at: Place, policy: ScalingPolicyResource, target: ScalableTarget, alarm: AlarmResource): void {
    const tracking = modelTracking(policy);
    const capacity = this.#capacity(at, target.resourceId);
    const high = (policy.Alarms ?? []).find(({ AlarmName }) => AlarmName?.includes('-AlarmHigh-'))?.AlarmName ?? '';
    const low = (policy.Alarms ?? []).find(({ AlarmName }) => AlarmName?.includes('-AlarmLow-'))?.AlarmName;
    if (capacity === undefined) return;
    const nowMs = this.#options.clock.nowMs();
    const history = this.#history.get(policy.PolicyARN) ?? {};
    const decision = decideTargetTracking({
      policy: tracking,
      target,
      capacity,
      metricValue: this.#newestValue(at, alarm),
      alarmInAlarm: alarm.AlarmName === high ? 'high' : 'low',
      alarms: { high: { name: high }, ...(low === undefined ? {} : { low: { name: low } }) },
      history,
      nowMs,
    });
    if (decision.to === undefined) {
      this.#notScaled(at, target.resourceId, alarm, policy, decision.why, decision.notScaled);
      return;
    }
    this.#history.set(policy.PolicyARN, recordScaling(history, { atMs: nowMs, from: capacity, to: decision.to }, tracking));
    this.#scale(at, target.resourceId, decision.to, decision.activity);
  }

  #step(at: Place, policy: ScalingPolicyResource, target: ScalableTarget, alarm: AlarmResource): void {
    const capacity = this.#capacity(at, target.resourceId);
    if (capacity === undefined) return;
    const { policy: step, cooldownMs } = modelStepPolicy(policy);
    const nowMs = this.#options.clock.nowMs();
    const history = this.#history.get(policy.PolicyARN) ?? {};
    const cooldowns = { scaleOutCooldownMs: cooldownMs, scaleInCooldownMs: cooldownMs };
    const climbing = scaleOutCooldownLeftMs(history, cooldowns, nowMs) > 0 ? history.lastScaleOut : undefined;
    const decision = decideStep({
      policy: step,
      bounds: target,
      capacity,
      pending: climbing === undefined ? 0 : Math.max(0, capacity - climbing.from),
      scaleInBlocked: climbing !== undefined || scaleInCooldownLeftMs(history, cooldowns, nowMs) > 0,
      metricValue: this.#newestValue(at, alarm),
      threshold: alarm.Threshold ?? 0,
    });
    if (decision.to === undefined) {
      this.#notScaled(at, target.resourceId, alarm, policy, decision.why, decision.notScaled);
      return;
    }
    this.#history.set(policy.PolicyARN, recordScaling(history, { atMs: nowMs, from: capacity, to: decision.to }, cooldowns));
    this.#scale(at, target.resourceId, decision.to, settingDesiredCount(decision.to, alarmCause(alarm.AlarmName, policy.PolicyName)));
  }

  /** The newest whole period of what the alarm looks at. */
  #newestValue(at: Place, alarm: AlarmResource): number | undefined {
    const { metric: identity, statistic, periodS, queries } = modelAlarm(alarm);
    if (queries !== undefined) return undefined;
    const periodMs = periodS * 1000;
    const endMs = Math.floor(this.#options.clock.nowMs() / periodMs) * periodMs;
    return this.#options
      .metrics(at)
      .statistics({ identity, statistic, periodS, startMs: endMs - periodMs, endMs })
      .at(-1)?.value;
  }

  /** A capacity outside of its target's bounds is moved to the nearer one at once. */
  #enforceBounds(): void {
    if (this.#closed) return;
    for (const at of this.#options.world.places()) {
      for (const record of at.table(scalableTargets).filter(({ ScalableDimension }) => ScalableDimension === dimension)) {
        const target = modelTarget(record);
        const capacity = this.#capacity(at, target.resourceId);
        const change = capacity === undefined ? undefined : enforceBounds(target, capacity);
        if (change !== undefined && !this.#beforeBounds(at, record)) this.#scale(at, target.resourceId, change.to, change.activity);
      }
    }
  }

  /** An UpdateService outside of the bounds stands until something scales; only new bounds move it. */
  #beforeBounds(_at: Place, record: ScalableTargetResource): boolean {
    const key = `${record.ScalableTargetARN} ${record.MinCapacity} ${record.MaxCapacity}`;
    if (this.#bounds.get(record.ScalableTargetARN) === key) return true;
    this.#bounds.set(record.ScalableTargetARN, key);
    return false;
  }

  readonly #bounds = new Map<string, string>();

  #runSchedules(): void {
    if (this.#closed) return;
    this.#schedule?.cancel();
    const nowMs = this.#options.clock.nowMs();
    let nextMs = Infinity;
    for (const at of this.#options.world.places()) {
      for (const record of at.table(scalableTargets).values()) {
        const own = at.table(scalingSchedules).filter(({ ResourceId }) => ResourceId === record.ResourceId);
        const { due, requeueAfterMs } = dueActions(own.map(modelSchedule), this.#scheduledUntilMs, nowMs);
        for (const { action } of due) this.#apply(at, record, action);
        nextMs = Math.min(nextMs, requeueAfterMs ?? Infinity);
      }
    }
    this.#scheduledUntilMs = nowMs;
    // A timer holds 24 days at most; a far one is looked at again in a day.
    if (nextMs < Infinity) this.#schedule = this.#options.clock.after(Math.min(nextMs, 86_400_000), () => this.#runSchedules());
  }

  #apply(at: Place, record: ScalableTargetResource, action: ScheduledAction): void {
    const capacity = this.#capacity(at, record.ResourceId);
    if (capacity === undefined || record.SuspendedState?.ScheduledScalingSuspended === true) return;
    const { minCapacity, maxCapacity } = modelTarget(record);
    const sizes = applyScheduled({ minCapacity, maxCapacity, desiredCapacity: capacity }, action);
    this.#options.world.transaction(() => {
      at.table(scalableTargets).patch(record, { MinCapacity: sizes.minCapacity, MaxCapacity: sizes.maxCapacity });
      putScalingActivity(at, {
        ...this.#activity(record.ResourceId),
        Description: `Setting min capacity to ${sizes.minCapacity} and max capacity to ${sizes.maxCapacity}`,
        Cause: `scheduled action name ${action.name} was triggered`,
        StatusMessage: `Successfully set min capacity to ${sizes.minCapacity} and max capacity to ${sizes.maxCapacity}`,
      });
    });
  }

  #scale(at: Place, resourceId: string, to: number, { description, cause }: ActivityText): void {
    this.#options.world.transaction(() => {
      const service = this.#service(at, resourceId);
      if (service === undefined) return;
      at.table(services).patch(service, { desiredCount: to });
      putScalingActivity(at, { ...this.#activity(resourceId), Description: description, Cause: cause, StatusMessage: settledMessage(to) });
    });
  }

  #notScaled(
    at: Place,
    resourceId: string,
    alarm: AlarmResource,
    policy: ScalingPolicyResource,
    why: string,
    reason: NotScaledReason | undefined,
  ): void {
    this.#options.log.debug({ policy: policy.PolicyName, why }, 'not scaled');
    if (reason === undefined) return;
    const { description, cause } = attemptingToScale(alarmCause(alarm.AlarmName, policy.PolicyName));
    this.#options.world.transaction(() =>
      putScalingActivity(at, {
        ...this.#activity(resourceId),
        Description: description,
        Cause: cause,
        StatusCode: 'Failed',
        StatusMessage: why,
        NotScaledReasons: [
          {
            Code: reason.code,
            CurrentCapacity: reason.currentCapacity,
            ...(reason.minCapacity === undefined ? {} : { MinCapacity: reason.minCapacity }),
            ...(reason.maxCapacity === undefined ? {} : { MaxCapacity: reason.maxCapacity }),
          },
        ],
      }),
    );
  }

  #activity(resourceId: string) {
    const nowMs = this.#options.clock.nowMs();
    return {
      ActivityId: uuid(),
      ServiceNamespace: 'ecs',
      ResourceId: resourceId,
      ScalableDimension: dimension,
      StartTime: nowMs,
      EndTime: nowMs,
      StatusCode: 'Successful',
    } as const;
  }

  #capacity(at: Place, resourceId: string): number | undefined {
    return this.#service(at, resourceId)?.desiredCount;
  }

  #service(at: Place, resourceId: string) {
    const found = at.table(services).get(at.arn('ecs', `service/${resourceId.slice(prefix.length)}`));
    return found?.status === 'ACTIVE' ? found : undefined;
  }
}

function modelSchedule(record: ScalingScheduleResource): ScheduledAction {
  const { MinCapacity, MaxCapacity } = record.ScalableTargetAction ?? {};
  return {
    name: record.ScheduledActionName,
    schedule: {
      expression: record.Schedule ?? '',
      ...(record.Timezone === undefined ? {} : { timeZone: record.Timezone }),
      ...(record.StartTime === undefined ? {} : { startMs: record.StartTime }),
      ...(record.EndTime === undefined ? {} : { endMs: record.EndTime }),
    },
    ...(MinCapacity === undefined ? {} : { minCapacity: MinCapacity }),
    ...(MaxCapacity === undefined ? {} : { maxCapacity: MaxCapacity }),
  };
}
