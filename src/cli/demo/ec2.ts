import { autoScalingGroups, groupActivityRecords, groupMembers, instances } from '../../aws/index.ts';
import type { ScalingActivity } from '../../model/index.ts';
import type { Region } from '../../region/index.ts';
import {
  connectionUri,
  containerPort,
  createBalancer,
  createDatabase,
  defaultSubnets,
  endpointOf,
  healthyUnits,
  image,
  maxUnits,
  minUnits,
  name,
  patienceMs,
  readyWithinMs,
  region,
  type Stack,
  type StackOptions,
  type Unit,
} from './stack.ts';

/** Region time: how long a new instance may take before its health checks count, and before its CPU does. */
const graceS = 300;
const warmupS = 60;

/** ALB → Auto Scaling group of instances that `docker run` the service in their user data → RDS. */
export async function createEc2Stack(live: Region, options: StackOptions, onStep: (text: string) => void): Promise<Stack> {
  const { signal } = options;
  onStep('starting PostgreSQL');
  const database = await createDatabase(live, signal);
  onStep(`PostgreSQL is available at ${endpointOf(database)}`);
  const network = await defaultSubnets(live);
  const { targetGroupArn, url } = await createBalancer(live, { ...network, targetType: 'instance' }, signal);
  onStep(`load balancer ${name} listens on ${url}`);
  await createTemplate(live, connectionUri(database));
  await createGroup(live, targetGroupArn, options.targetCpuPercent);
  const stack: Stack = {
    kind: 'ec2',
    noun: 'instance',
    url,
    database,
    minUnits,
    maxUnits,
    units: () => instancesOf(live, targetGroupArn),
    desired: () => live.place(region).table(autoScalingGroups).get(name)?.DesiredCapacity ?? 0,
    activities: () => activitiesOf(live),
  };
  await live.waitFor('the first instance is healthy', readyWithinMs, () => healthyUnits(stack) >= minUnits, signal);
  onStep('one instance is healthy behind the load balancer');
  return stack;
}

async function createTemplate({ endpoint }: Region, databaseUri: string): Promise<void> {
  const userData = `#!/bin/bash
yum update -y
yum install -y docker
service docker start
systemctl enable docker
usermod -a -G docker ec2-user
docker run --restart always -e LOG_LEVEL=warn -e DATABASE_STATEMENT_TIMEOUT_MS=${patienceMs} -e SQLALCHEMY_DATABASE_URI=${databaseUri} -p ${containerPort}:${containerPort} ${image}
`;
  await endpoint.call(
    'ec2',
    'CreateLaunchTemplate',
    {
      LaunchTemplateName: name,
      LaunchTemplateData: {
        ImageId: 'ami-005f9685cb30f234b',
        InstanceType: 't2.micro',
        UserData: Buffer.from(userData).toString('base64'),
      },
    },
    region,
  );
}

async function createGroup({ endpoint }: Region, targetGroupArn: string, targetCpuPercent: number): Promise<void> {
  await endpoint.call(
    'autoscaling',
    'CreateAutoScalingGroup',
    {
      AutoScalingGroupName: name,
      MinSize: minUnits,
      MaxSize: maxUnits,
      AvailabilityZones: ['us-east-1a'],
      LaunchTemplate: { LaunchTemplateName: name, Version: '$Latest' },
      TargetGroupARNs: [targetGroupArn],
      HealthCheckType: 'ELB',
      HealthCheckGracePeriod: graceS,
      DefaultInstanceWarmup: warmupS,
    },
    region,
  );
  await endpoint.call(
    'autoscaling',
    'PutScalingPolicy',
    {
      AutoScalingGroupName: name,
      PolicyName: `${name}-cpu`,
      PolicyType: 'TargetTrackingScaling',
      TargetTrackingConfiguration: {
        TargetValue: targetCpuPercent,
        PredefinedMetricSpecification: { PredefinedMetricType: 'ASGAverageCPUUtilization' },
      },
    },
    region,
  );
}

function instancesOf(live: Region, targetGroupArn: string): Unit[] {
  const at = live.place(region);
  return at
    .table(groupMembers)
    .filter(({ group }) => group === name)
    .map(({ instanceId: id, lifecycleState: state }) => {
      const health = live.loadBalancing.target(targetGroupArn, id, containerPort)?.health?.state;
      return {
        id,
        state,
        health: health === 'healthy' ? 'HEALTHY' : health === 'unhealthy' ? 'UNHEALTHY' : 'UNKNOWN',
        address: at.table(instances).get(id)?.PrivateIpAddress ?? '',
        cpuPercent: live.usage.workloads.get(id)?.cpuPercent,
      };
    });
}

const decision = /At (\S+) (a monitor alarm .*? changing the desired capacity from (\d+) to (\d+))\./g;

/** The decisions stand in the causes of the launches and terminations that they led to; each counts once. */
function activitiesOf(live: Region): ScalingActivity[] {
  const found = new Map<string, ScalingActivity>();
  const records = live
    .place(region)
    .table(groupActivityRecords)
    .filter(({ AutoScalingGroupName }) => AutoScalingGroupName === name);
  for (const { Cause = '' } of records) {
    for (const [id, at = '', cause = '', from, to] of Cause.matchAll(decision)) {
      const description = `Setting desired capacity to ${to}.`;
      found.set(id, {
        id,
        resourceId: name,
        atMs: Date.parse(at),
        description,
        cause,
        from: Number(from),
        to: Number(to),
        status: 'Successful',
      });
    }
  }
  return [...found.values()].toSorted((a, b) => b.atMs - a.atMs);
}
