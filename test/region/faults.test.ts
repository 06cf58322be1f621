import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { autoScalingGroups, groupMembers, instances } from '../../src/aws/index.ts';
import type { Region } from '../../src/region/index.ts';
import { base64, defaultNetwork, refusal, region, startRegion, type TestRegion } from './support.ts';

const skip = await refusal();

const broken = `#!/bin/bash
echo 'no such package: todo' >&2
exit 3
`;
const page = `#!/bin/bash
yum -y install httpd
systemctl start httpd
echo fine > /var/www/html/index.html
`;
/** Asks the metadata service by version 1, then by version 2. */
const curious = `#!/bin/bash
ask() { exec 3<>/dev/tcp/169.254.169.254/80; printf "$1 HTTP/1.0\\r\\n$2\\r\\n" >&3; cat <&3; echo; }
echo "version 1: $(ask 'GET /latest/user-data' | head -n 1)"
token=$(ask 'PUT /latest/api/token' 'X-aws-ec2-metadata-token-ttl-seconds: 60\\r\\n' | tail -n 1)
echo "version 2: $(ask 'GET /latest/meta-data/instance-id' "X-aws-ec2-metadata-token: $token\\r\\n" | tail -n 1)"
echo "user data: $(ask 'GET /latest/user-data' "X-aws-ec2-metadata-token: $token\\r\\n" | grep -c 'Asks\\|/dev/tcp')"
`;

/** Says the status that version 1 gets, whenever it has changed. */
const watchful = `#!/bin/bash
ask() { exec 3<>/dev/tcp/169.254.169.254/80; printf "GET $1 HTTP/1.0\\r\\n\\r\\n" >&3; cat <&3; echo; }
while sleep 0.05; do
  now="$(ask /latest/meta-data/instance-id | head -n 1 | cut -d ' ' -f 2) $(ask /latest/meta-data/tags/instance/team | tail -n 1)"
  [ "$now" = "$last" ] || echo "now: $now"
  last=$now
done
`;

describe('faults of instances', { skip }, () => {
  let own: TestRegion;
  let live: Region;
  let network: { vpcId: string; subnets: string[] };

  before(async () => {
    own = await startRegion({ timeScale: 40 });
    live = own.live;
    network = await defaultNetwork(live);
  });
  after(() => own?.close());

  const until = (what: string, holds: () => boolean): Promise<void> => live.waitFor(what, 90_000, holds);
  const members = () => live.place(region).table(groupMembers).values();
  const stateOf = (id: string): string | undefined => live.place(region).table(instances).get(id)?.state;
  const causes = async (): Promise<string> => {
    const { Activities = [] } = await live.endpoint.call(
      'autoscaling',
      'DescribeScalingActivities',
      { AutoScalingGroupName: 'fleet' },
      region,
    );
    return Activities.map(({ Cause = '' }) => Cause).join('\n');
  };
  const consoleOf = async (InstanceId: string): Promise<string> => {
    const { Output = '' } = await live.endpoint.call('ec2', 'GetConsoleOutput', { InstanceId }, region);
    return Buffer.from(Output, 'base64').toString();
  };

  async function targetGroup(): Promise<string> {
    const { endpoint } = live;
    const check = { HealthCheckIntervalSeconds: 20, HealthCheckTimeoutSeconds: 2, UnhealthyThresholdCount: 2 };
    const { TargetGroups = [] } = await endpoint.call(
      'elbv2',
      'CreateTargetGroup',
      { Name: 'fleet', Port: 80, Protocol: 'HTTP', VpcId: network.vpcId, ...check },
      region,
    );
    const TargetGroupArn = TargetGroups[0]?.TargetGroupArn ?? '';
    const { LoadBalancers = [] } = await endpoint.call(
      'elbv2',
      'CreateLoadBalancer',
      { Name: 'fleet', Subnets: network.subnets.slice(0, 2) },
      region,
    );
    await endpoint.call(
      'elbv2',
      'CreateListener',
      {
        LoadBalancerArn: LoadBalancers[0]?.LoadBalancerArn ?? '',
        Port: 80,
        Protocol: 'HTTP',
        DefaultActions: [{ Type: 'forward', TargetGroupArn }],
      },
      region,
    );
    return TargetGroupArn;
  }

  test('user data that fails: the console says so, the instance runs, its health check fails, the group replaces it', async () => {
    const { endpoint } = live;
    const TargetGroupArn = await targetGroup();
    const LaunchTemplateData = { ImageId: 'ami-04902260ca3d33422', InstanceType: 't2.micro', UserData: base64(broken) } as const;
    await endpoint.call('ec2', 'CreateLaunchTemplate', { LaunchTemplateName: 'fleet', LaunchTemplateData }, region);
    await endpoint.call(
      'autoscaling',
      'CreateAutoScalingGroup',
      {
        AutoScalingGroupName: 'fleet',
        MinSize: 1,
        MaxSize: 2,
        AvailabilityZones: ['us-east-1a'],
        LaunchTemplate: { LaunchTemplateName: 'fleet', Version: '$Latest' },
        TargetGroupARNs: [TargetGroupArn],
        HealthCheckType: 'ELB',
        HealthCheckGracePeriod: 0,
      },
      region,
    );
    await until('one runs', () => stateOf(members()[0]?.instanceId ?? '') === 'running');
    const first = members()[0]?.instanceId ?? '';
    await endpoint.call(
      'ec2',
      'CreateLaunchTemplateVersion',
      { LaunchTemplateName: 'fleet', SourceVersion: '1', LaunchTemplateData: { UserData: base64(page) } },
      region,
    );
    await until('it is ended', () => stateOf(first) !== 'running');
    await endpoint.call('autoscaling', 'UpdateAutoScalingGroup', { AutoScalingGroupName: 'fleet', HealthCheckGracePeriod: 900 }, region);
    const healthy = (): string[] =>
      live.loadBalancing.targetHealth(live.place(region), TargetGroupArn).flatMap(({ id, state }) => (state === 'healthy' ? [id] : []));
    await until('another is healthy', () => members().length === 1 && healthy().length === 1 && healthy()[0] !== first);
    assert.match(await consoleOf(first), /no such package: todo[\s\S]*user data ended with exit code 3/);
    assert.match(await causes(), /an instance was taken out of service in response to an ELB system health check failure\./);
  });

  test('an instance that reaches the maximum lifetime is replaced', async () => {
    const [old] = members();
    const at = live.place(region);
    await live.endpoint.call(
      'autoscaling',
      'UpdateAutoScalingGroup',
      { AutoScalingGroupName: 'fleet', MaxInstanceLifetime: 86_400 },
      region,
    );
    const aged = { ...(old?.['life'] as object), launchedAtMs: at.nowMs - 86_400_000 };
    at.world.transaction(() => at.table(groupMembers).patch(old!, { life: aged } as never));
    await until(
      'a younger one',
      () => members().length === 1 && members()[0]?.lifecycleState === 'InService' && members()[0]?.instanceId !== old?.instanceId,
    );
    assert.match(await causes(), /in response to its maximum instance lifetime being exceeded\./);
  });

  test('more than the maximum size is refused', async () => {
    const wanted = live.endpoint.call('autoscaling', 'SetDesiredCapacity', { AutoScalingGroupName: 'fleet', DesiredCapacity: 3 }, region);
    await assert.rejects(wanted, /New SetDesiredCapacity value 3 is above max value 2 for the AutoScalingGroup\./);
    assert.equal(live.place(region).table(autoScalingGroups).get('fleet')?.DesiredCapacity, 1);
  });

  test('where tokens are required, the metadata service refuses version 1', async () => {
    const asked = { ImageId: 'ami-1', InstanceType: 't3.micro' as const, MinCount: 1, MaxCount: 1, UserData: base64(curious) };
    const { Instances = [] } = await live.endpoint.call(
      'ec2',
      'RunInstances',
      { ...asked, MetadataOptions: { HttpTokens: 'required' } },
      region,
    );
    const id = Instances[0]?.InstanceId ?? '';
    await until('its user data ends', () => live.instances.consoleOf(id).includes('user data ended'));
    const said = await consoleOf(id);
    assert.match(said, /^version 1: HTTP\/1\.1 401 /m);
    assert.match(said, new RegExp(`^version 2: ${id}$`, 'm'));
    assert.match(said, /^user data: [1-9]/m);
  });

  test('a launch template can disable the metadata service; a change of its options counts at once', async () => {
    const { endpoint } = live;
    await endpoint.call(
      'ec2',
      'CreateLaunchTemplate',
      {
        LaunchTemplateName: 'hidden',
        LaunchTemplateData: {
          ImageId: 'ami-1',
          InstanceType: 't3.micro',
          UserData: base64(watchful),
          MetadataOptions: { HttpEndpoint: 'disabled' },
        },
      },
      region,
    );
    const launched = { MinCount: 1, MaxCount: 1, LaunchTemplate: { LaunchTemplateName: 'hidden' } };
    const { Instances = [] } = await endpoint.call('ec2', 'RunInstances', launched, region);
    const id = Instances[0]?.InstanceId ?? '';
    const changes = (): string[] => [...live.instances.consoleOf(id).matchAll(/^now: (.*?) *$/gm)].map(([, said = '']) => said);
    const modify = (options: object) => endpoint.call('ec2', 'ModifyInstanceMetadataOptions', { InstanceId: id, ...options }, region);
    await until('it is refused', () => changes().at(-1) === '403');
    await modify({ HttpEndpoint: 'enabled' });
    await until('it is answered', () => changes().at(-1) === '200');
    await modify({ InstanceMetadataTags: 'enabled' });
    await endpoint.call('ec2', 'CreateTags', { Resources: [id], Tags: [{ Key: 'team', Value: 'web' }] }, region);
    await until('it knows its tag', () => changes().at(-1) === '200 web');
    await modify({ HttpTokens: 'required' });
    await until('version 1 is refused', () => changes().at(-1) === '401');
    await modify({ HttpEndpoint: 'disabled' });
    await until('it is refused again', () => changes().at(-1) === '403');
    assert.deepEqual(changes(), ['403', '200', '200 web', '401', '403']);
  });
});
