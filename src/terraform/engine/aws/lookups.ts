import { batched } from '../batch.ts';

/** What is looked up by its id, many at a time. How many one call takes is AWS's limit where it has one. */

export const instanceOf = batched(200, async (aws, ids) => {
  const ec2 = await aws.ec2();
  // A filter, since a call with ids fails as a whole when one of them is gone.
  const { Reservations = [] } = await ec2.describeInstances({ Filters: [{ Name: 'instance-id', Values: ids }] });
  return Reservations.flatMap(({ Instances = [] }) => Instances).map((instance) => [instance.InstanceId ?? '', instance] as const);
});

export const securityGroupOf = batched(200, async (aws, ids) => {
  const ec2 = await aws.ec2();
  const { SecurityGroups = [] } = await ec2.describeSecurityGroups({ Filters: [{ Name: 'group-id', Values: ids }] });
  return SecurityGroups.map((group) => [group.GroupId ?? '', group] as const);
});

export const targetGroupOf = batched(
  100,
  async (aws, ids) => {
    const { TargetGroups = [] } = await (await aws.elb()).describeTargetGroups({ TargetGroupArns: ids });
    return TargetGroups.map((group) => [group.TargetGroupArn ?? '', group] as const);
  },
  'TargetGroupNotFound',
  'TargetGroupNotFoundException',
);

export const loadBalancerOf = batched(
  20,
  async (aws, ids) => {
    const { LoadBalancers = [] } = await (await aws.elb()).describeLoadBalancers({ LoadBalancerArns: ids });
    return LoadBalancers.map((balancer) => [balancer.LoadBalancerArn ?? '', balancer] as const);
  },
  'LoadBalancerNotFound',
  'LoadBalancerNotFoundException',
);

/** Tags of load balancers, target groups, listeners and rules. */
export const elbTagsOf = batched(20, async (aws, ids) => {
  const { TagDescriptions = [] } = await (await aws.elb()).describeTags({ ResourceArns: ids });
  return TagDescriptions.map(({ ResourceArn = '', Tags = [] }) => [ResourceArn, Tags] as const);
});

export const metricAlarmOf = batched(100, async (aws, ids) => {
  const { MetricAlarms = [] } = await (
    await aws.cloudwatch()
  ).describeAlarms({ AlarmNames: ids, AlarmTypes: ['MetricAlarm'], MaxRecords: 100 });
  return MetricAlarms.map((alarm) => [alarm.AlarmName ?? '', alarm] as const);
});
