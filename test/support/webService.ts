import { EC2 } from '@aws-sdk/client-ec2';
import { ECS } from '@aws-sdk/client-ecs';
import { ElasticLoadBalancingV2 } from '@aws-sdk/client-elastic-load-balancing-v2';

/** For `up --image web=…`: a task that says on stdout that it is there, and answers with a few words. */
export const program = `node -e 'console.log("task is up"); require("node:http").createServer((i, o) => o.end("from a task")).listen(process.env.PORT, process.env.HOST)'`;

/** Of an SDK client for a region's endpoint. */
export const config = (endpoint: string) => ({ endpoint, region: 'us-east-1', credentials: { accessKeyId: 'x', secretAccessKey: 'x' } });

/** The service `home/web` of one task behind the load balancer `front`. */
export async function makeService(endpoint: string): Promise<void> {
  const ec2 = new EC2(config(endpoint));
  const elb = new ElasticLoadBalancingV2(config(endpoint));
  const ecs = new ECS(config(endpoint));
  const { Subnets = [] } = await ec2.describeSubnets({});
  const subnets = Subnets.slice(0, 2).map(({ SubnetId }) => SubnetId!);
  const { GroupId } = await ec2.createSecurityGroup({ GroupName: 'open', Description: 'open' });
  const open = { IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] };
  await ec2.authorizeSecurityGroupIngress({ GroupId, IpPermissions: [open] });
  const group = await elb.createTargetGroup({
    Name: 'web',
    Protocol: 'HTTP',
    Port: 80,
    VpcId: Subnets[0]!.VpcId!,
    TargetType: 'ip',
    HealthCheckIntervalSeconds: 5,
    HealthCheckTimeoutSeconds: 2,
    HealthyThresholdCount: 2,
  });
  const targetGroupArn = group.TargetGroups![0]!.TargetGroupArn!;
  const { LoadBalancers } = await elb.createLoadBalancer({ Name: 'front', Subnets: subnets, SecurityGroups: [GroupId!] });
  const LoadBalancerArn = LoadBalancers![0]!.LoadBalancerArn!;
  const DefaultActions = [{ Type: 'forward' as const, TargetGroupArn: targetGroupArn }];
  await elb.createListener({ LoadBalancerArn, Port: 80, Protocol: 'HTTP', DefaultActions });
  await ecs.createCluster({ clusterName: 'home' });
  await ecs.registerTaskDefinition({
    family: 'web',
    networkMode: 'awsvpc',
    requiresCompatibilities: ['FARGATE'],
    cpu: '256',
    memory: '512',
    containerDefinitions: [
      {
        name: 'web',
        image: 'web',
        portMappings: [{ containerPort: 6400 }],
        logConfiguration: {
          logDriver: 'awslogs',
          options: { 'awslogs-group': '/web', 'awslogs-create-group': 'true', 'awslogs-stream-prefix': 'ecs' },
        },
      },
    ],
  });
  await ecs.createService({
    cluster: 'home',
    serviceName: 'web',
    taskDefinition: 'web',
    desiredCount: 1,
    launchType: 'FARGATE',
    networkConfiguration: { awsvpcConfiguration: { subnets, securityGroups: [GroupId!] } },
    loadBalancers: [{ targetGroupArn, containerName: 'web', containerPort: 6400 }],
  });
}
