import type {
  ApplicationAutoScaling,
  ScalableTarget as SdkScalableTarget,
  ScalingActivity as SdkScalingActivity,
  ScalingPolicy as SdkScalingPolicy,
  ScheduledAction as SdkScheduledAction,
} from '@aws-sdk/client-application-auto-scaling';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { table } from '../../state/table.ts';
import { alarmsByPolicy, dropTrackingAlarms, putTrackingAlarms } from '../cloudwatch/trackingAlarms.ts';
import { clusters, findService } from '../ecs/resources.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';

interface Identified {
  readonly ServiceNamespace: string;
  readonly ResourceId: string;
  readonly ScalableDimension: string;
}
export type Target = Plain<Omit<SdkScalableTarget, keyof Identified>> &
  Identified & { readonly ScalableTargetARN: string; readonly tags: Readonly<Record<string, string>> };
export type Policy = Plain<Omit<SdkScalingPolicy, keyof Identified>> &
  Identified & { readonly PolicyName: string; readonly PolicyARN: string };
export type ScheduledAction = Plain<Omit<SdkScheduledAction, keyof Identified>> & Identified & { readonly ScheduledActionName: string };

const keyOf = ({ ServiceNamespace, ResourceId, ScalableDimension }: Partial<Identified>): string =>
  `${ServiceNamespace ?? ''}|${ResourceId ?? ''}|${ScalableDimension ?? ''}`;
export const targets = table<Target>('application-autoscaling.target', keyOf);
export const policies = table<Policy>('application-autoscaling.policy', (policy) => `${keyOf(policy)}|${policy.PolicyName}`);
export const scheduledActions = table<ScheduledAction>(
  'application-autoscaling.scheduled-action',
  (action) => `${keyOf(action)}|${action.ScheduledActionName}`,
);

export type Activity = Plain<Omit<SdkScalingActivity, keyof Identified>> &
  Identified & { readonly ActivityId: string; readonly StartTime: number };

/** What scaling has done; newest last. */
export const activities = table<Activity>('application-autoscaling.activity', ({ ActivityId }) => ActivityId);

/** AWS keeps six weeks; the newest are what anybody reads. */
const activitiesMax = 1000;

export function putActivity(at: Place, activity: Activity): Activity {
  const held = at.table(activities);
  if (held.size >= activitiesMax) held.delete(held.keys()[0]!);
  return held.put(activity);
}

const namespaces = [
  'appstream',
  'rds',
  'lambda',
  'cassandra',
  'dynamodb',
  'custom-resource',
  'elasticmapreduce',
  'ec2',
  'comprehend',
  'ecs',
  'sagemaker',
  'kafka',
  'elasticache',
  'neptune',
  'workspaces',
];

function checkNamespace(namespace: string | undefined): void {
  if (namespace === undefined || namespaces.includes(namespace)) return;
  throw new AwsError(
    'ValidationException',
    `1 validation error detected: Value '${namespace}' at 'serviceNamespace' failed to satisfy constraint: Member must satisfy enum value set: [${namespaces.join(', ')}]`,
  );
}

function dimensionError(dimension: string): AwsError {
  return new AwsError(
    'ValidationException',
    `1 validation error detected: Value '${dimension}' at 'scalableDimension' failed to satisfy constraint: Member must satisfy enum value set: [${dimensions.join(', ')}]`,
  );
}

/** https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html */
const dimensions = [
  'cassandra:table:ReadCapacityUnits',
  'cassandra:table:WriteCapacityUnits',
  'comprehend:document-classifier-endpoint:DesiredInferenceUnits',
  'comprehend:entity-recognizer-endpoint:DesiredInferenceUnits',
  'custom-resource:ResourceType:Property',
  'dynamodb:index:ReadCapacityUnits',
  'dynamodb:index:WriteCapacityUnits',
  'dynamodb:table:ReadCapacityUnits',
  'dynamodb:table:WriteCapacityUnits',
  'ec2:spot-fleet-request:TargetCapacity',
  'ecs:service:DesiredCount',
  'elasticache:replication-group:NodeGroups',
  'elasticache:replication-group:Replicas',
  'elasticmapreduce:instancegroup:InstanceCount',
  'kafka:broker-storage:VolumeSize',
  'lambda:function:ProvisionedConcurrency',
  'neptune:cluster:ReadReplicaCount',
  'rds:cluster:ReadReplicaCount',
  'sagemaker:variant:DesiredInstanceCount',
  'sagemaker:variant:DesiredProvisionedConcurrency',
  'appstream:fleet:DesiredCapacity',
  'workspaces:workspacespool:DesiredUserSessions',
];

function check(at: Place, { ServiceNamespace, ResourceId, ScalableDimension }: Partial<Identified>): void {
  checkNamespace(ServiceNamespace);
  if (ScalableDimension !== undefined && !dimensions.includes(ScalableDimension)) throw dimensionError(ScalableDimension);
  if (ScalableDimension !== undefined && ServiceNamespace !== undefined && !ScalableDimension.startsWith(`${ServiceNamespace}:`)) {
    throw new AwsError('ValidationException', 'Unsupported service namespace, resource type or scalable dimension');
  }
  if (ServiceNamespace !== 'ecs' || ResourceId === undefined) return;
  const [, cluster = '', service = ''] = /^service\/([^/]+)\/([^/]+)$/.exec(ResourceId) ?? [];
  if (!at.strict && !at.table(clusters).has(cluster)) throw new AwsError('ClusterNotFoundException', 'Cluster not found.');
  if (findService(at, cluster, service) === undefined)
    throw new AwsError('ValidationException', `ECS service doesn't exist: ${ResourceId}`);
}

/** Mocks have one code for whatever is wrong with a request. */
function notFound(at: Place, message: string): AwsError {
  return new AwsError(at.strict ? 'ObjectNotFoundException' : 'ValidationException', message);
}

function requireTarget(at: Place, id: Partial<Identified>): Target {
  const target = at.table(targets).get(keyOf(id));
  if (target === undefined)
    throw notFound(
      at,
      `No scalable target found for service namespace: ${id.ServiceNamespace ?? ''}, resource ID: ${id.ResourceId ?? ''}, scalable dimension: ${id.ScalableDimension ?? ''}`,
    );
  return target;
}

const given = (input: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
const asked =
  (filter: Partial<Identified>) =>
  (one: Identified): boolean =>
    one.ServiceNamespace === filter.ServiceNamespace &&
    (filter.ResourceId === undefined || one.ResourceId === filter.ResourceId) &&
    (filter.ScalableDimension === undefined || one.ScalableDimension === filter.ScalableDimension);

function removePolicy(at: Place, policy: Policy): void {
  dropTrackingAlarms(at, policy.PolicyARN);
  at.table(policies).delete(`${keyOf(policy)}|${policy.PolicyName}`);
}

function trackingMetric(policy: Policy): Parameters<typeof putTrackingAlarms>[1]['metric'] {
  const configuration = policy.TargetTrackingScalingPolicyConfiguration;
  const custom = configuration?.CustomizedMetricSpecification;
  if (custom !== undefined) {
    return {
      namespace: custom.Namespace ?? '',
      name: custom.MetricName ?? '',
      dimensions: (custom.Dimensions ?? []).map(({ Name = '', Value = '' }) => ({ Name, Value })),
      statistic: custom.Statistic ?? 'Average',
    };
  }
  const predefined = configuration?.PredefinedMetricSpecification;
  const [, cluster = '', service = ''] = policy.ResourceId.split('/');
  if (predefined?.PredefinedMetricType === 'ALBRequestCountPerTarget') {
    const [balancer = '', group = ''] = (predefined.ResourceLabel ?? '').split('/targetgroup/');
    return {
      namespace: 'AWS/ApplicationELB',
      name: 'RequestCountPerTarget',
      dimensions: [
        { Name: 'LoadBalancer', Value: balancer },
        { Name: 'TargetGroup', Value: `targetgroup/${group}` },
      ],
      statistic: 'Sum',
    };
  }
  const name = predefined?.PredefinedMetricType === 'ECSServiceAverageMemoryUtilization' ? 'MemoryUtilization' : 'CPUUtilization';
  return {
    namespace: `AWS/${policy.ServiceNamespace.toUpperCase()}`,
    name,
    dimensions: [
      { Name: 'ClusterName', Value: cluster },
      { Name: 'ServiceName', Value: service },
    ],
    statistic: 'Average',
  };
}

export const applicationAutoscaling: Operations<ApplicationAutoScaling> = {
  RegisterScalableTarget(input, at) {
    check(at, input as Partial<Identified>);
    const key = keyOf(input as Partial<Identified>);
    const held = at.table(targets).get(key);
    const { MinCapacity = held?.MinCapacity, MaxCapacity = held?.MaxCapacity } = input;
    if (at.strict && held === undefined && (MinCapacity === undefined || MaxCapacity === undefined))
      throw new AwsError('ValidationException', 'MinCapacity and MaxCapacity must be specified when registering a new scalable target');
    if ((MinCapacity ?? 0) > (MaxCapacity ?? 0))
      throw new AwsError('ValidationException', 'Maximum capacity cannot be less than minimum capacity');
    const suspended = { DynamicScalingInSuspended: false, DynamicScalingOutSuspended: false, ScheduledScalingSuspended: false };
    const { Tags = {}, ...own } = input;
    const target = at.table(targets).put({
      RoleARN: `arn:${at.partition}:iam::${at.account}:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService`,
      CreationTime: at.nowMs,
      ...held,
      ...given(own),
      MinCapacity,
      MaxCapacity,
      SuspendedState: input.SuspendedState === undefined ? (held?.SuspendedState ?? suspended) : { ...suspended, ...input.SuspendedState },
      ScalableTargetARN: held?.ScalableTargetARN ?? at.arn('application-autoscaling', `scalable-target/${at.hex(24)}`),
      tags: { ...held?.tags, ...Tags },
    } as Target);
    return { ScalableTargetARN: target.ScalableTargetARN };
  },

  DescribeScalableTargets({ ServiceNamespace, ResourceIds, ScalableDimension, NextToken, MaxResults }, at) {
    check(at, {
      ServiceNamespace: ServiceNamespace as string,
      ...(ScalableDimension === undefined ? {} : { ScalableDimension: ScalableDimension }),
    });
    const found = at.table(targets).filter(
      (target) =>
        asked({
          ServiceNamespace: ServiceNamespace as string,
          ...(ScalableDimension === undefined ? {} : { ScalableDimension: ScalableDimension }),
        })(target) &&
        (ResourceIds === undefined || ResourceIds.length === 0 || ResourceIds.includes(target.ResourceId)),
    );
    const { items, next } = page(found, { token: NextToken, max: MaxResults }, { defaultMax: 50 });
    return { ScalableTargets: items as never, NextToken: next };
  },

  DeregisterScalableTarget(input, at) {
    checkNamespace(input.ServiceNamespace);
    const target = requireTarget(at, input as Partial<Identified>);
    for (const policy of at.table(policies).filter((one) => keyOf(one) === keyOf(target))) removePolicy(at, policy);
    for (const action of at.table(scheduledActions).filter((one) => keyOf(one) === keyOf(target)))
      at.table(scheduledActions).delete(`${keyOf(action)}|${action.ScheduledActionName}`);
    at.table(targets).delete(keyOf(target));
    return {};
  },

  PutScalingPolicy(input, at) {
    check(at, { ServiceNamespace: input.ServiceNamespace as string });
    const target = requireTarget(at, input as Partial<Identified>);
    const name = input.PolicyName ?? '';
    const type = input.PolicyType ?? 'StepScaling';
    if (!['StepScaling', 'TargetTrackingScaling', 'PredictiveScaling'].includes(type))
      throw new AwsError('ValidationException', `Unknown policy type ${type} specified.`);
    const held = at.table(policies).get(`${keyOf(target)}|${name}`);
    const where =
      target.ServiceNamespace === 'ecs' ? `resource/ecs/${target.ResourceId}` : `resource/${target.ServiceNamespace}/${target.ResourceId}`;
    const policy = at.table(policies).put({
      CreationTime: at.nowMs,
      Alarms: [],
      ...held,
      ...given(input),
      PolicyName: name,
      PolicyType: type,
      PolicyARN: held?.PolicyARN ?? at.arn('autoscaling', `scalingPolicy:${at.uuid()}:${where}:policyName/${name}`),
    } as Policy);
    if (type !== 'TargetTrackingScaling') return { PolicyARN: policy.PolicyARN, Alarms: [] };
    dropTrackingAlarms(at, policy.PolicyARN);
    const configuration = policy.TargetTrackingScalingPolicyConfiguration;
    const alarms = putTrackingAlarms(at, {
      resource: policy.ResourceId,
      policyArn: policy.PolicyARN,
      targetValue: configuration?.TargetValue ?? 0,
      disableScaleIn: configuration?.DisableScaleIn ?? false,
      metric: trackingMetric(policy),
    });
    at.table(policies).patch(policy, { Alarms: alarms });
    return { PolicyARN: policy.PolicyARN, Alarms: alarms };
  },

  DescribeScalingPolicies({ PolicyNames, NextToken, MaxResults, ...filter }, at) {
    checkNamespace(filter.ServiceNamespace);
    const found = at
      .table(policies)
      .filter(
        (policy) =>
          asked(filter as Partial<Identified>)(policy) &&
          (PolicyNames === undefined || PolicyNames.length === 0 || PolicyNames.includes(policy.PolicyName)),
      );
    const { items, next } = page(found, { token: NextToken, max: MaxResults }, { defaultMax: 50 });
    const alarmsOf = alarmsByPolicy(at);
    return { ScalingPolicies: items.map((policy) => ({ ...policy, Alarms: alarmsOf(policy.PolicyARN) })) as never, NextToken: next };
  },

  DeleteScalingPolicy(input, at) {
    const policy = at.table(policies).get(`${keyOf(input as Partial<Identified>)}|${input.PolicyName ?? ''}`);
    if (policy === undefined)
      throw notFound(
        at,
        `No scaling policy found for service namespace: ${String(input.ServiceNamespace)}, resource ID: ${input.ResourceId ?? ''}, scalable dimension: ${String(input.ScalableDimension)}, policy name: ${input.PolicyName ?? ''}`,
      );
    removePolicy(at, policy);
    return {};
  },

  PutScheduledAction(input, at) {
    const target = at.strict ? requireTarget(at, input as Partial<Identified>) : (input as Identified);
    const name = input.ScheduledActionName ?? '';
    const held = at.table(scheduledActions).get(`${keyOf(target)}|${name}`);
    if (at.strict && held === undefined && input.Schedule === undefined)
      throw new AwsError('ValidationException', 'A schedule must be specified');
    at.table(scheduledActions).put({
      CreationTime: at.nowMs,
      ...held,
      ...given(input),
      ScheduledActionName: name,
      ScheduledActionARN:
        held?.ScheduledActionARN ??
        at.arn(
          'autoscaling',
          `scheduledAction:${at.strict ? `${at.uuid()}:resource/` : ''}${target.ServiceNamespace}/${target.ResourceId}:scheduledActionName/${name}`,
        ),
    } as ScheduledAction);
    return {};
  },

  DescribeScheduledActions({ ScheduledActionNames, NextToken, MaxResults, ...filter }, at) {
    checkNamespace(filter.ServiceNamespace);
    const found = at
      .table(scheduledActions)
      .filter(
        (action) =>
          asked(filter as Partial<Identified>)(action) &&
          (ScheduledActionNames === undefined ||
            ScheduledActionNames.length === 0 ||
            ScheduledActionNames.includes(action.ScheduledActionName)),
      );
    const { items, next } = page(found, { token: NextToken, max: MaxResults }, { defaultMax: 50 });
    return { ScheduledActions: items as never, NextToken: next };
  },

  DeleteScheduledAction(input, at) {
    if (!at.table(scheduledActions).delete(`${keyOf(input as Partial<Identified>)}|${input.ScheduledActionName ?? ''}`)) {
      throw notFound(
        at,
        `No scheduled action found for service namespace: ${String(input.ServiceNamespace)}, resource ID: ${input.ResourceId ?? ''}, scalable dimension: ${String(input.ScalableDimension)}, scheduled action name: ${input.ScheduledActionName ?? ''}`,
      );
    }
    return {};
  },

  DescribeScalingActivities({ IncludeNotScaledActivities = false, NextToken, MaxResults, ...filter }, at) {
    checkNamespace(filter.ServiceNamespace);
    const found = at
      .table(activities)
      .filter((one) => asked(filter as Partial<Identified>)(one) && (IncludeNotScaledActivities || one.NotScaledReasons === undefined));
    const { items, next } = page(found.toReversed(), { token: NextToken, max: MaxResults }, { defaultMax: 50 });
    return { ScalingActivities: items as never, NextToken: next };
  },

  ListTagsForResource: ({ ResourceARN = '' }, at) => ({ Tags: { ...requireByArn(at, ResourceARN).tags } }),

  TagResource({ ResourceARN = '', Tags = {} }, at) {
    const target = requireByArn(at, ResourceARN);
    at.table(targets).patch(target, { tags: { ...target.tags, ...Tags } });
    return {};
  },

  UntagResource({ ResourceARN = '', TagKeys = [] }, at) {
    const target = requireByArn(at, ResourceARN);
    at.table(targets).patch(target, { tags: Object.fromEntries(Object.entries(target.tags).filter(([key]) => !TagKeys.includes(key))) });
    return {};
  },
};

function requireByArn(at: Place, arn: string): Target {
  const target = at.table(targets).find((one) => one.ScalableTargetARN === arn);
  if (target === undefined)
    throw new AwsError('ResourceNotFoundException', `No scalable target found with ARN: ${arn}`, { details: { ResourceName: arn } });
  return target;
}
