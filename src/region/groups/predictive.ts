import { errorMessage, type Clock, type Logger, type Timer } from '../../base/index.ts';
import {
  autoScalingGroups,
  groupPolicies,
  modelQueries,
  type AutoScalingGroupResource,
  type GroupPolicyResource,
  type Place,
  type World,
} from '../../aws/index.ts';
import { decidePredictive, forecastCapacity, forecastLoad, groupCauses, type ForecastHour } from '../../autoscaling/index.ts';
import { getMetricData, type MetricStore } from '../../metrics/index.ts';
import type { Datapoint, PredictiveScalingPolicy } from '../../model/index.ts';

export interface PredictiveOptions {
  readonly world: World;
  readonly clock: Clock;
  metrics(at: Place): MetricStore;
  readonly log: Logger;
}

const hourMs = 3_600_000;
const historyMs = 14 * 24 * hourMs;

/** What all instances of a group use together, percent of their vCPUs; published beside AWS/EC2's averages. */
export const totalCpu = { namespace: 'Plimsoll/AutoScaling', name: 'TotalCPUUtilization' } as const;

type MetricSpecification = NonNullable<NonNullable<GroupPolicyResource['PredictiveScalingConfiguration']>['MetricSpecifications']>[number];

/**
 * Predictive scaling of groups: an hourly forecast out of what was measured, and the capacity for each of its hours
 * there in time. https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-predictive-scaling.html
 */
export class PredictiveScaling {
  readonly #options: PredictiveOptions;
  /** By policy ARN; made anew in each hour. */
  readonly #forecasts = new Map<string, { hour: number; hours: readonly ForecastHour[] }>();
  #timer: Timer | undefined;
  #closed = false;

  constructor(options: PredictiveOptions) {
    this.#options = options;
    options.world.watch((changed) => {
      for (const table of changed) if (table.endsWith(`/${groupPolicies.kind}`)) return this.#run();
    });
    this.#run();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  /** The next two days of a policy; empty with less than a day of measurements. */
  forecastOf(at: Place, groupName: string, policyName: string): readonly ForecastHour[] {
    const policy = at.table(groupPolicies).get(`${groupName}/${policyName}`);
    return policy === undefined ? [] : this.#forecast(at, policy);
  }

  #forecast(at: Place, policy: GroupPolicyResource): readonly ForecastHour[] {
    const { clock } = this.#options;
    const nowMs = clock.nowMs();
    const hour = Math.floor(nowMs / hourMs);
    const held = this.#forecasts.get(policy.PolicyARN);
    if (held?.hour === hour && held.hours.length > 0) return held.hours;
    const group = at.table(autoScalingGroups).get(policy.AutoScalingGroupName);
    const specification = policy.PredictiveScalingConfiguration?.MetricSpecifications?.[0];
    if (group === undefined || specification === undefined) return [];
    const bounds = { minCapacity: group.MinSize, maxCapacity: group.MaxSize };
    const hours = forecastCapacity(modelPredictive(policy), bounds, forecastLoad(this.#history(at, group, specification), nowMs));
    this.#forecasts.set(policy.PolicyARN, { hour, hours });
    return hours;
  }

  #run(): void {
    if (this.#closed) return;
    this.#timer?.cancel();
    const { world, clock, log } = this.#options;
    const nowMs = clock.nowMs();
    // A new hour brings a new forecast.
    let waitMs = hourMs - (nowMs % hourMs) + 1;
    let any = false;
    for (const at of world.places()) {
      for (const policy of at.table(groupPolicies).filter((one) => one.PolicyType === 'PredictiveScaling' && one.Enabled !== false)) {
        any = true;
        try {
          waitMs = Math.min(waitMs, this.#scale(at, policy, nowMs) ?? waitMs);
        } catch (error) {
          log.warn({ err: error }, `policy ${policy.PolicyName} cannot forecast: ${errorMessage(error)}`);
        }
      }
    }
    if (any) this.#timer = clock.after(waitMs, () => this.#run());
  }

  /** When to look again. */
  #scale(at: Place, policy: GroupPolicyResource, nowMs: number): number | undefined {
    const group = at.table(autoScalingGroups).get(policy.AutoScalingGroupName);
    if (group === undefined || group.Status === 'Delete in progress') return undefined;
    const from = group.DesiredCapacity;
    const { to, requeueAfterMs } = decidePredictive(modelPredictive(policy), this.#forecast(at, policy), from, nowMs);
    if (to !== undefined) {
      const cause = groupCauses.predictive(nowMs, policy.PolicyName, from, to);
      this.#options.log.info({ group: group.AutoScalingGroupName, from, to }, cause);
      this.#options.world.transaction(() =>
        at.table(autoScalingGroups).patch(group, {
          DesiredCapacity: to,
          MaxSize: Math.max(group.MaxSize, to),
          capacityCauses: [...(group.capacityCauses ?? []), cause].slice(-5),
        }),
      );
    }
    return requeueAfterMs;
  }

  /** Load by the hour, in the unit of the target times instances. */
  #history(at: Place, group: AutoScalingGroupResource, specification: MetricSpecification): Datapoint[] {
    const store = this.#options.metrics(at);
    const endMs = Math.floor(this.#options.clock.nowMs() / hourMs) * hourMs;
    const range = { periodS: 3600, startMs: endMs - historyMs, endMs };
    const custom = specification.CustomizedLoadMetricSpecification?.MetricDataQueries;
    if (custom !== undefined) {
      const hourly = modelQueries(
        custom.map(({ MetricStat, ...query }) => ({ ...query, MetricStat: MetricStat && { ...MetricStat, Period: 3600 } })) as Parameters<
          typeof modelQueries
        >[0],
      );
      return [...(getMetricData(store, hourly, range.startMs, endMs)[0]?.points ?? [])];
    }
    const pair = specification.PredefinedMetricPairSpecification ?? specification.PredefinedLoadMetricSpecification;
    const label = pair?.ResourceLabel;
    if (pair?.PredefinedMetricType?.startsWith('ALB') === true) {
      const [balancer = '', group = ''] = (label ?? '').split('/targetgroup/');
      const identity = {
        namespace: 'AWS/ApplicationELB',
        name: 'RequestCount',
        dimensions: { LoadBalancer: balancer, TargetGroup: `targetgroup/${group}` },
      };
      // Targets are requests by the minute.
      return store.statistics({ ...range, identity, statistic: 'Sum' }).map((point) => ({ ...point, value: point.value / 60 }));
    }
    const identity = { ...totalCpu, dimensions: { AutoScalingGroupName: group.AutoScalingGroupName } };
    return store.statistics({ ...range, identity, statistic: 'Average' });
  }
}

function modelPredictive(policy: GroupPolicyResource): PredictiveScalingPolicy {
  const { MetricSpecifications, Mode, SchedulingBufferTime, MaxCapacityBreachBehavior, MaxCapacityBuffer } =
    policy.PredictiveScalingConfiguration ?? {};
  return {
    name: policy.PolicyName,
    targetValue: MetricSpecifications?.[0]?.TargetValue ?? Number.POSITIVE_INFINITY,
    mode: Mode === 'ForecastAndScale' ? 'ForecastAndScale' : 'ForecastOnly',
    // The default is five minutes.
    schedulingBufferMs: (SchedulingBufferTime ?? 300) * 1000,
    maxCapacityBreach: MaxCapacityBreachBehavior === 'IncreaseMaxCapacity' ? 'IncreaseMaxCapacity' : 'HonorMaxCapacity',
    ...(MaxCapacityBuffer === undefined ? {} : { maxCapacityBufferPercent: MaxCapacityBuffer }),
  };
}
