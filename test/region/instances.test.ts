import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '../../src/base/index.ts';
import type { Region } from '../../src/region/index.ts';
import { base64, defaultNetwork, refusal, region, startRegion, webServer, type TestRegion } from './support.ts';
import { startTraffic } from './traffic.ts';

const skip = await refusal();

describe('instances behind load balancers', { skip }, () => {
  let own: TestRegion;
  let live: Region;
  let network: { vpcId: string; subnets: string[] };

  before(async () => {
    own = await startRegion({ timeScale: 20 });
    live = own.live;
    network = await defaultNetwork(live);
  });
  after(() => own?.close());

  const until = (what: string, holds: () => Promise<boolean>): Promise<void> => untilHolds(what, holds);

  async function balancer(
    name: string,
    type: 'application' | 'network',
    protocol: 'HTTP' | 'HTTPS' | 'TCP',
  ): Promise<{ group: string; url: string }> {
    const { endpoint } = live;
    const groupProtocol = type === 'network' ? 'TCP' : 'HTTP';
    const { TargetGroups = [] } = await endpoint.call(
      'elbv2',
      'CreateTargetGroup',
      {
        Name: name,
        Port: 80,
        Protocol: groupProtocol,
        VpcId: network.vpcId,
        HealthCheckIntervalSeconds: 10,
        HealthCheckTimeoutSeconds: 5,
        HealthyThresholdCount: 2,
      },
      region,
    );
    const group = TargetGroups[0]?.TargetGroupArn ?? '';
    const { LoadBalancers = [] } = await endpoint.call(
      'elbv2',
      'CreateLoadBalancer',
      { Name: name, Type: type, Subnets: network.subnets.slice(0, 2) },
      region,
    );
    const { Listeners = [] } = await endpoint.call(
      'elbv2',
      'CreateListener',
      {
        LoadBalancerArn: LoadBalancers[0]?.LoadBalancerArn ?? '',
        Port: 80,
        Protocol: protocol,
        DefaultActions: [{ Type: 'forward', TargetGroupArn: group }],
        ...(protocol === 'HTTPS' ? { Certificates: [{ CertificateArn: 'arn:aws:acm:us-east-1:123456789012:certificate/1' }] } : {}),
      },
      region,
    );
    const arn = Listeners[0]?.ListenerArn ?? '';
    await live.waitFor('the listener', 90_000, () => live.loadBalancing.boundTo(arn) !== undefined);
    const bound = live.loadBalancing.boundTo(arn)!;
    assert.equal(bound.host, LoadBalancers[0]?.DNSName, 'a load balancer is reached by its DNS name as it stands');
    return { group, url: `${protocol === 'HTTPS' ? 'https' : 'http'}://${bound.host}:${bound.port}/` };
  }

  const healthOf = async (group: string): Promise<string[]> => {
    const { TargetHealthDescriptions = [] } = await live.endpoint.call('elbv2', 'DescribeTargetHealth', { TargetGroupArn: group }, region);
    return TargetHealthDescriptions.map(({ TargetHealth }) => TargetHealth?.State ?? '');
  };

  test('user data makes web servers; a balancer of either kind spreads requests over them', async () => {
    const launched = await live.endpoint.call(
      'ec2',
      'RunInstances',
      { ImageId: 'ami-04902260ca3d33422', InstanceType: 't2.micro', MinCount: 2, MaxCount: 2, UserData: base64(webServer) },
      region,
    );
    const ids = (launched.Instances ?? []).flatMap(({ InstanceId }) => InstanceId ?? []);
    const [application, flows] = await Promise.all([balancer('web', 'application', 'HTTP'), balancer('flows', 'network', 'TCP')]);
    for (const { group } of [application, flows])
      await live.endpoint.call('elbv2', 'RegisterTargets', { TargetGroupArn: group, Targets: ids.map((Id) => ({ Id })) }, region);
    for (const { group, url } of [application, flows]) {
      await until('both healthy', async () => (await healthOf(group)).every((state) => state === 'healthy'));
      const seen = new Set<string>();
      for (let request = 0; request < 40; request++)
        seen.add((await (await fetch(url, { headers: { connection: 'close' } })).text()).trim());
      assert.deepEqual([...seen].toSorted(), ids.toSorted());
    }
    const { Output = '' } = await live.endpoint.call('ec2', 'GetConsoleOutput', { InstanceId: ids[0]! }, region);
    assert.match(Buffer.from(Output, 'base64').toString(), /Installed: httpd[\s\S]*user data ended with exit code 0/);

    await live.endpoint.call('ec2', 'TerminateInstances', { InstanceIds: [ids[0]!] }, region);
    const stateOf = async (id: string): Promise<string | undefined> =>
      (await live.endpoint.call('ec2', 'DescribeInstances', { InstanceIds: [id] }, region)).Reservations?.[0]?.Instances?.[0]?.State?.Name;
    await until('it is terminated', async () => (await stateOf(ids[0]!)) === 'terminated');
    assert.equal((await (await fetch(application.url)).text()).trim(), ids[1]);
  });

  test('a group behind two balancers launches, replaces what dies, and scales in without losing a request or a connection', async () => {
    const both = await Promise.all([balancer('fleet', 'application', 'HTTP'), balancer('fleet-flows', 'network', 'TCP')]);
    const [{ url }, flows] = both;
    const { endpoint } = live;
    await endpoint.call(
      'ec2',
      'CreateLaunchTemplate',
      {
        LaunchTemplateName: 'fleet',
        LaunchTemplateData: { ImageId: 'ami-04902260ca3d33422', InstanceType: 't2.micro', UserData: base64(webServer) },
      },
      region,
    );
    await endpoint.call(
      'autoscaling',
      'CreateAutoScalingGroup',
      {
        AutoScalingGroupName: 'fleet',
        MinSize: 1,
        MaxSize: 3,
        DesiredCapacity: 2,
        AvailabilityZones: ['us-east-1a', 'us-east-1b'],
        LaunchTemplate: { LaunchTemplateName: 'fleet', Version: '$Latest' },
        TargetGroupARNs: both.map(({ group }) => group),
      },
      region,
    );
    const members = async () =>
      (await endpoint.call('autoscaling', 'DescribeAutoScalingGroups', { AutoScalingGroupNames: ['fleet'] }, region)).AutoScalingGroups?.[0]
        ?.Instances ?? [];
    const inService = async (count: number): Promise<boolean> => {
      const all = await members();
      return (
        all.length === count &&
        all.every(({ LifecycleState }) => LifecycleState === 'InService') &&
        (await Promise.all(both.map(({ group }) => healthOf(group)))).flat().every((state) => state === 'healthy')
      );
    };
    await until('two in service', () => inService(2));
    assert.deepEqual(new Set((await members()).map(({ AvailabilityZone }) => AvailabilityZone)), new Set(['us-east-1a', 'us-east-1b']));

    const victim = (await members())[0]?.InstanceId ?? '';
    await endpoint.call('ec2', 'TerminateInstances', { InstanceIds: [victim] }, region);
    await until(
      'another has taken its place',
      async () => (await inService(2)) && (await members()).every(({ InstanceId }) => InstanceId !== victim),
    );

    const traffic = startTraffic(url);
    const connections = startTraffic(flows.url, 2, { headers: { connection: 'close' } });
    await endpoint.call('autoscaling', 'SetDesiredCapacity', { AutoScalingGroupName: 'fleet', DesiredCapacity: 3 }, region);
    await until('three', () => inService(3));
    await endpoint.call('autoscaling', 'SetDesiredCapacity', { AutoScalingGroupName: 'fleet', DesiredCapacity: 1 }, region);
    await until('one', () => inService(1));
    for (const each of [traffic, connections]) {
      await each.stop();
      assert.deepEqual(each.failures, []);
      assert.ok([...each.answers.values()].reduce((sum, count) => sum + count, 0) > 50);
    }

    const { Activities = [] } = await endpoint.call('autoscaling', 'DescribeScalingActivities', { AutoScalingGroupName: 'fleet' }, region);
    const causes = Activities.map(({ Cause = '' }) => Cause);
    assert.ok(
      causes.some((cause) =>
        / a user request explicitly set group desired capacity changing the desired capacity from 3 to 1\. /.test(cause),
      ),
      causes.join('\n'),
    );
    assert.ok(causes.some((cause) => cause.includes('an EC2 health check indicating it has been terminated or stopped.')));
    assert.ok(Activities.every(({ StatusCode }) => StatusCode === 'Successful'));
    await endpoint.call('autoscaling', 'DeleteAutoScalingGroup', { AutoScalingGroupName: 'fleet', ForceDelete: true }, region);
    await until(
      'the group is gone',
      async () => (await endpoint.call('autoscaling', 'DescribeAutoScalingGroups', {}, region)).AutoScalingGroups?.length === 0,
    );
  });

  test('an HTTPS listener has a certificate to show', async () => {
    const { url } = await balancer('secure', 'application', 'HTTPS');
    await assert.rejects(fetch(url), (error: Error) => /self.signed/i.test(String((error.cause as Error | undefined)?.message)));
  });
});

async function untilHolds(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 1800; tries++) {
    if (await holds()) return;
    await systemClock.sleep(50);
  }
  assert.fail(`${what}: not within 90 s`);
}
