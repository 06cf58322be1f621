import type { Clock, Logger, Timer } from '../../base/index.ts';
import {
  alarms,
  autoScalingGroups,
  groupActivityRecords,
  groupPolicies,
  groupSchedules,
  type AlarmResource,
  type AutoScalingGroupResource,
  type GroupPolicyResource,
  type GroupScheduleResource,
  type Place,
  type World,
} from '../../aws/index.ts';
import {
  applyScheduled,
  combine,
  decideSimple,
  decideStep,
  decideTargetTracking,
  dueActions,
  groupCauses,
} from '../../autoscaling/index.ts';
import type { Proposal } from '../../autoscaling/index.ts';
import type { MetricStore } from '../../metrics/index.ts';
import type { AdjustmentType, ScheduledAction } from '../../model/index.ts';
import type { ActionOutcome } from '../cloudwatch/alarms.ts';
import { modelAlarm } from '../cloudwatch/model.ts';

export interface GroupScalingOptions {
  readonly world: World;
  readonly clock: Clock;
  metrics(at: Place): MetricStore;
  /** How much of a group's capacity still warms up. */
  warming(at: Place, groupName: string): number;
  readonly log: Logger;
}

/** What alarms and schedules make of the desired capacity of groups. */
export class GroupScaling {
  readonly #options: GroupScalingOptions;
  #schedule: Timer | undefined;
  #scheduledUntilMs: number;
  #closed = false;

  constructor(options: GroupScalingOptions) {
    this.#options = options;
    this.#scheduledUntilMs = options.clock.nowMs();
    options.world.watch((changed) => {
      for (const table of changed) if (table.endsWith(`/${groupSchedules.kind}`)) return this.#runSchedules();
    });
    this.#runSchedules();
  }

  close(): void {
    this.#closed = true;
    this.#schedule?.cancel();
  }

  /** An alarm that names one of our policies as its action, on its transition and each minute while it lasts. */
  onAlarm(at: Place, actionArn: string): ActionOutcome | undefined {
    const policy = at.table(groupPolicies).find(({ PolicyARN }) => PolicyARN === actionArn);
    const group = at.table(autoScalingGroups).get(policy?.AutoScalingGroupName);
    if (policy === undefined || group === undefined) return undefined;
    if ((group.SuspendedProcesses ?? []).some(({ ProcessName }) => ProcessName === 'AlarmNotification'))
      return { ok: false, detail: `AlarmNotification is suspended for ${group.AutoScalingGroupName}` };
    const proposals = this.#proposals(at, group);
    const chosen = combine(
      group.DesiredCapacity,
      proposals.map(({ proposal }) => proposal),
    );
    const author = proposals.find(({ proposal }) => proposal.policyName === chosen?.policyName);
    if (chosen !== undefined && author !== undefined) this.#scale(at, group, chosen.to, author.alarm.AlarmName, chosen.policyName);
    return { ok: true, detail: '' };
  }

  /** What each policy asks for whose alarm is in ALARM: they decide together, whichever alarm was first. */
  #proposals(at: Place, group: AutoScalingGroupResource): { proposal: Proposal; alarm: AlarmResource }[] {
    const policies = at
      .table(groupPolicies)
      .filter((one) => one.AutoScalingGroupName === group.AutoScalingGroupName && one.Enabled !== false);
    return policies.flatMap((policy) => {
      const raised = at.table(alarms).filter((one) => one.StateValue === 'ALARM' && (one.AlarmActions ?? []).includes(policy.PolicyARN));
      // Of a target tracking policy's two alarms the high one wins.
      const alarm = raised.find(({ AlarmName }) => AlarmName.includes('-AlarmHigh-')) ?? raised[0];
      if (alarm === undefined) return isTracking(policy) ? [{ proposal: silent(policy), alarm: {} as AlarmResource }] : [];
      return [{ proposal: this.#proposal(at, group, policy, alarm), alarm }];
    });
  }

  #proposal(at: Place, group: AutoScalingGroupResource, policy: GroupPolicyResource, alarm: AlarmResource): Proposal {
    const { clock } = this.#options;
    const nowMs = clock.nowMs();
    const bounds = { minCapacity: group.MinSize, maxCapacity: group.MaxSize };
    const capacity = group.DesiredCapacity;
    const warming = this.#options.warming(at, group.AutoScalingGroupName);
    const policyName = policy.PolicyName;
    if (isTracking(policy)) {
      const disableScaleIn = policy.TargetTrackingConfiguration?.DisableScaleIn ?? false;
      const { to } = decideTargetTracking({
        policy: {
          name: policyName,
          arn: policy.PolicyARN,
          resourceId: group.AutoScalingGroupName,
          targetValue: policy.TargetTrackingConfiguration?.TargetValue ?? 0,
          scaleOutCooldownMs: 0,
          scaleInCooldownMs: 0,
          disableScaleIn,
        },
        target: { resourceId: group.AutoScalingGroupName, ...bounds },
        capacity,
        metricValue: this.#newestValue(at, alarm),
        alarmInAlarm: alarm.AlarmName.includes('-AlarmLow-') ? 'low' : 'high',
        alarms: { high: { name: alarm.AlarmName }, low: { name: alarm.AlarmName } },
        history: {},
        pending: warming,
        nowMs,
      });
      return { policyName, type: 'TargetTracking', to, disableScaleIn };
    }
    const adjustmentType = (policy.AdjustmentType ?? 'ChangeInCapacity') as AdjustmentType;
    const magnitude = policy.MinAdjustmentMagnitude ?? policy.MinAdjustmentStep;
    const common = { name: policyName, adjustmentType, ...(magnitude === undefined ? {} : { minAdjustmentMagnitude: magnitude }) };
    if (policy.PolicyType === 'StepScaling') {
      const steps = (policy.StepAdjustments ?? []).map(
        ({ MetricIntervalLowerBound: lower, MetricIntervalUpperBound: upper, ScalingAdjustment: adjustment = 0 }) => ({
          ...(lower === undefined ? {} : { lowerBound: lower }),
          ...(upper === undefined ? {} : { upperBound: upper }),
          adjustment,
        }),
      );
      const { to } = decideStep({
        policy: { ...common, steps },
        bounds,
        capacity,
        pending: warming,
        scaleInBlocked: warming > 0,
        metricValue: this.#newestValue(at, alarm),
        threshold: alarm.Threshold ?? 0,
      });
      return { policyName, type: 'Step', to };
    }
    const own = at.table(groupActivityRecords).filter((one) => one.AutoScalingGroupName === group.AutoScalingGroupName);
    const ends = own.flatMap(({ EndTime }) => EndTime ?? []);
    const { to } = decideSimple({
      policy: {
        ...common,
        adjustment: policy.ScalingAdjustment ?? 0,
        cooldownMs: (policy.Cooldown ?? group.DefaultCooldown ?? 300) * 1000,
      },
      bounds,
      capacity,
      activityInProgress: own.some(({ EndTime }) => EndTime === undefined),
      lastActivityEndMs: ends.length === 0 ? undefined : Math.max(...ends),
      nowMs,
    });
    return { policyName, type: 'Simple', to };
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

  #scale(at: Place, group: AutoScalingGroupResource, to: number, alarm: string, policy: string): void {
    const from = group.DesiredCapacity;
    const cause = groupCauses.alarm(this.#options.clock.nowMs(), alarm, policy, from, to);
    this.#options.log.info({ group: group.AutoScalingGroupName, from, to }, cause);
    this.#options.world.transaction(() =>
      at.table(autoScalingGroups).patch(group, { DesiredCapacity: to, capacityCauses: [...(group.capacityCauses ?? []), cause].slice(-5) }),
    );
  }

  #runSchedules(): void {
    if (this.#closed) return;
    this.#schedule?.cancel();
    const nowMs = this.#options.clock.nowMs();
    let nextMs = Infinity;
    for (const at of this.#options.world.places()) {
      for (const group of at.table(autoScalingGroups).values()) {
        const own = at.table(groupSchedules).filter((one) => one.AutoScalingGroupName === group.AutoScalingGroupName);
        const { due, requeueAfterMs } = dueActions(own.map(modelSchedule), this.#scheduledUntilMs, nowMs);
        for (const { action } of due) this.#apply(at, group.AutoScalingGroupName, action);
        nextMs = Math.min(nextMs, requeueAfterMs ?? Infinity);
      }
    }
    this.#scheduledUntilMs = nowMs;
    // A timer holds 24 days at most; a far one is looked at again in a day.
    if (nextMs < Infinity) this.#schedule = this.#options.clock.after(Math.min(nextMs, 86_400_000), () => this.#runSchedules());
  }

  #apply(at: Place, name: string, action: ScheduledAction): void {
    const group = at.table(autoScalingGroups).get(name);
    if (group === undefined || (group.SuspendedProcesses ?? []).some(({ ProcessName }) => ProcessName === 'ScheduledActions')) return;
    const sizes = { minCapacity: group.MinSize, maxCapacity: group.MaxSize, desiredCapacity: group.DesiredCapacity };
    const { minCapacity, maxCapacity, desiredCapacity } = applyScheduled(sizes, action);
    const cause = groupCauses.scheduled(this.#options.clock.nowMs(), action.name, group.DesiredCapacity, desiredCapacity);
    this.#options.world.transaction(() =>
      at.table(autoScalingGroups).patch(group, {
        MinSize: minCapacity,
        MaxSize: maxCapacity,
        DesiredCapacity: desiredCapacity,
        ...(desiredCapacity === group.DesiredCapacity ? {} : { capacityCauses: [...(group.capacityCauses ?? []), cause].slice(-5) }),
      }),
    );
  }
}

function isTracking({ PolicyType }: GroupPolicyResource): boolean {
  return PolicyType === 'TargetTrackingScaling';
}

/** A target tracking policy without an alarm in ALARM keeps the capacity: others may not scale in against it. */
function silent({ PolicyName, TargetTrackingConfiguration }: GroupPolicyResource): Proposal {
  return {
    policyName: PolicyName,
    type: 'TargetTracking',
    to: undefined,
    disableScaleIn: TargetTrackingConfiguration?.DisableScaleIn ?? false,
  };
}

function modelSchedule(record: GroupScheduleResource): ScheduledAction {
  const { MinSize, MaxSize, DesiredCapacity, Recurrence, TimeZone, StartTime, EndTime } = record;
  return {
    name: record.ScheduledActionName,
    schedule: {
      ...(Recurrence === undefined ? {} : { expression: Recurrence }),
      ...(TimeZone === undefined ? {} : { timeZone: TimeZone }),
      ...(StartTime === undefined ? {} : { startMs: StartTime }),
      ...(EndTime === undefined ? {} : { endMs: EndTime }),
    },
    ...(MinSize === undefined || MinSize < 0 ? {} : { minCapacity: MinSize }),
    ...(MaxSize === undefined || MaxSize < 0 ? {} : { maxCapacity: MaxSize }),
    ...(DesiredCapacity === undefined || DesiredCapacity < 0 ? {} : { desiredCapacity: DesiredCapacity }),
  };
}
