import { PlimsollError } from '../../base/index.ts';
import type { MetricIdentity, Statistic } from '../../model/index.ts';
import { autoscalingErrors } from '../errors.ts';

/** What a target-tracking policy measures: the metric and how its values become one. */
export interface TrackedMetric {
  readonly metric: MetricIdentity;
  readonly statistic: Statistic;
}

/**
 * The metric behind a predefined name, for a resource of Application Auto Scaling (`service/<cluster>/<service>`) or
 * for an EC2 group by its name. `resourceLabel` tells ALBRequestCountPerTarget which target group is meant:
 * `app/<balancer>/<id>/targetgroup/<group>/<id>`.
 *
 * - https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PredefinedMetricSpecification.html
 * - https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PredefinedMetricSpecification.html
 *
 * @throws PL_SCALING_METRIC
 */
export function predefinedMetric(type: string, resourceId: string, resourceLabel?: string): TrackedMetric {
  const metric = metricOf(type, resourceId, resourceLabel);
  if (metric) return { metric, statistic: type === 'ALBRequestCountPerTarget' ? 'Sum' : 'Average' };
  throw new PlimsollError(autoscalingErrors.PL_SCALING_METRIC, {
    what: `there is no metric ${type} for ${resourceId}`,
    ...(resourceLabel ? { where: resourceLabel } : {}),
  });
}

function metricOf(type: string, resourceId: string, resourceLabel: string | undefined): MetricIdentity | undefined {
  const service = /^service\/([^/]+)\/([^/]+)$/.exec(resourceId);
  switch (type) {
    case 'ECSServiceAverageCPUUtilization':
    case 'ECSServiceAverageMemoryUtilization': {
      const name = type === 'ECSServiceAverageCPUUtilization' ? 'CPUUtilization' : 'MemoryUtilization';
      return service
        ? { namespace: 'AWS/ECS', name, dimensions: { ClusterName: service[1] as string, ServiceName: service[2] as string } }
        : undefined;
    }
    case 'ASGAverageCPUUtilization':
    case 'ASGAverageNetworkIn':
    case 'ASGAverageNetworkOut': {
      const name = type.slice('ASGAverage'.length);
      return service ? undefined : { namespace: 'AWS/EC2', name, dimensions: { AutoScalingGroupName: resourceId } };
    }
    case 'ALBRequestCountPerTarget': {
      const group = /^app\/[^/]+\/[^/]+\/(targetgroup\/[^/]+\/[^/]+)$/.exec(resourceLabel ?? '')?.[1];
      return group === undefined
        ? undefined
        : { namespace: 'AWS/ApplicationELB', name: 'RequestCountPerTarget', dimensions: { TargetGroup: group } };
    }
    default:
      return undefined;
  }
}
