import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EC2 } from '@aws-sdk/client-ec2';
import { ElasticLoadBalancingV2, type CreateTargetGroupCommandInput } from '@aws-sdk/client-elastic-load-balancing-v2';
import { start } from './support.ts';

const { client } = await start();
const elb = new ElasticLoadBalancingV2(client());
const { Vpcs } = await new EC2(client()).describeVpcs({});
const VpcId = Vpcs![0]!.VpcId!;

test('a target group’s health check has the defaults of its protocol', async () => {
  const checkOf = async (Name: string, input: Omit<CreateTargetGroupCommandInput, 'Name'>) => {
    const { TargetGroups } = await elb.createTargetGroup({ Name, Port: 80, VpcId, ...input });
    const { HealthCheckProtocol, HealthCheckPath, HealthCheckTimeoutSeconds, Matcher } = TargetGroups![0]!;
    return { HealthCheckProtocol, HealthCheckPath, HealthCheckTimeoutSeconds, Matcher };
  };
  assert.deepEqual(await checkOf('http', { Protocol: 'HTTP' }), {
    HealthCheckProtocol: 'HTTP',
    HealthCheckPath: '/',
    HealthCheckTimeoutSeconds: 5,
    Matcher: { HttpCode: '200' },
  });
  assert.deepEqual(await checkOf('grpc', { Protocol: 'HTTP', ProtocolVersion: 'GRPC' }), {
    HealthCheckProtocol: 'HTTP',
    HealthCheckPath: '/AWS.ALB/healthcheck',
    HealthCheckTimeoutSeconds: 5,
    Matcher: { GrpcCode: '12' },
  });
  assert.deepEqual(await checkOf('tcp', { Protocol: 'TCP' }), {
    HealthCheckProtocol: 'TCP',
    HealthCheckPath: undefined,
    HealthCheckTimeoutSeconds: 10,
    Matcher: undefined,
  });
  assert.deepEqual(await checkOf('tcp-http', { Protocol: 'TCP', HealthCheckProtocol: 'HTTP' }), {
    HealthCheckProtocol: 'HTTP',
    HealthCheckPath: '/',
    HealthCheckTimeoutSeconds: 6,
    Matcher: { HttpCode: '200-399' },
  });
});
