import { ECS } from '@aws-sdk/client-ecs';
import { EC2 } from '@aws-sdk/client-ec2';
import { ElasticLoadBalancingV2 } from '@aws-sdk/client-elastic-load-balancing-v2';

/** The service `home/web` of 50 tasks behind the load balancer `front`. */
export async function makeFiftyTasks(endpoint: string): Promise<void> {
  const config = { endpoint, region: 'us-east-1', credentials: { accessKeyId: 'x', secretAccessKey: 'x' } };
  const { Subnets = [] } = await new EC2(config).describeSubnets({});
  const subnets = Subnets.slice(0, 2).map(({ SubnetId }) => SubnetId!);
  const elb = new ElasticLoadBalancingV2(config);
  const { TargetGroups } = await elb.createTargetGroup({
    Name: 'web',
    Protocol: 'HTTP',
    Port: 80,
    VpcId: Subnets[0]!.VpcId!,
    TargetType: 'ip',
  });
  const TargetGroupArn = TargetGroups![0]!.TargetGroupArn!;
  const { LoadBalancers } = await elb.createLoadBalancer({ Name: 'front', Subnets: subnets });
  const LoadBalancerArn = LoadBalancers![0]!.LoadBalancerArn!;
  await elb.createListener({ LoadBalancerArn, Port: 80, Protocol: 'HTTP', DefaultActions: [{ Type: 'forward', TargetGroupArn }] });
  const ecs = new ECS(config);
  await ecs.createCluster({ clusterName: 'home' });
  await ecs.registerTaskDefinition({
    family: 'web',
    networkMode: 'awsvpc',
    requiresCompatibilities: ['FARGATE'],
    cpu: '256',
    memory: '512',
    containerDefinitions: [{ name: 'web', image: 'web', portMappings: [{ containerPort: 80 }] }],
  });
  await ecs.createService({
    cluster: 'home',
    serviceName: 'web',
    taskDefinition: 'web',
    desiredCount: 50,
    launchType: 'FARGATE',
    networkConfiguration: { awsvpcConfiguration: { subnets } },
    loadBalancers: [{ targetGroupArn: TargetGroupArn, containerName: 'web', containerPort: 80 }],
  });
}

/** Bytes that the page's script holds, after a collection. */
export async function heapOf(session: {
  send(method: 'HeapProfiler.collectGarbage' | 'Runtime.getHeapUsage'): Promise<unknown>;
}): Promise<number> {
  await session.send('HeapProfiler.collectGarbage');
  return ((await session.send('Runtime.getHeapUsage')) as { usedSize: number }).usedSize;
}
