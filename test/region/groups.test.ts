import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { autoScalingGroups, groupMembers, instanceRefreshes } from '../../src/aws/index.ts';
import type { Region } from '../../src/region/index.ts';
import { base64, defaultNetwork, listenAtPort80, refusal, region, startRegion, type TestRegion } from './support.ts';
import { startTraffic, type Traffic } from './traffic.ts';

const skip = await refusal();

/** User data of a web server with a page of one word. */
const page = (word: string): string =>
  base64(`#!/bin/bash\nyum -y install httpd\nsystemctl start httpd\nprintf ${word} > /var/www/html/index.html\n`);

describe('Auto Scaling groups that really run', { skip }, () => {
  let own: TestRegion;
  let live: Region;
  let network: { vpcId: string; subnets: string[] };

  before(async () => {
    own = await startRegion({ timeScale: 40, quotas: new Map([['vcpus-on-demand', 8]]) });
    live = own.live;
    network = await defaultNetwork(live);
  });
  after(() => own?.close());

  const until = (what: string, holds: () => boolean): Promise<void> => live.waitFor(what, 90_000, holds);
  const members = (group: string) =>
    live
      .place(region)
      .table(groupMembers)
      .filter((member) => member.group === group);
  const inService = (group: string, count: number): boolean =>
    members(group).length === count && members(group).every(({ lifecycleState }) => lifecycleState === 'InService');
  const desired = (group: string): number => live.place(region).table(autoScalingGroups).get(group)?.DesiredCapacity ?? -1;
  const activities = async (group: string) =>
    (await live.endpoint.call('autoscaling', 'DescribeScalingActivities', { AutoScalingGroupName: group }, region)).Activities ?? [];
  const remove = async (AutoScalingGroupName: string): Promise<void> => {
    await live.endpoint.call('autoscaling', 'DeleteAutoScalingGroup', { AutoScalingGroupName, ForceDelete: true }, region);
    await until('the group is gone', () => live.place(region).table(autoScalingGroups).get(AutoScalingGroupName) === undefined);
  };

  async function template(LaunchTemplateName: string, word: string): Promise<void> {
    const LaunchTemplateData = { ImageId: 'ami-04902260ca3d33422', InstanceType: 't2.micro', UserData: page(word) } as const;
    await live.endpoint.call('ec2', 'CreateLaunchTemplate', { LaunchTemplateName, LaunchTemplateData }, region);
  }

  async function balancer(name: string): Promise<{ targetGroup: string; url: string }> {
    const { endpoint } = live;
    const check = { HealthCheckIntervalSeconds: 10, HealthCheckTimeoutSeconds: 2, HealthyThresholdCount: 2 };
    const { TargetGroups = [] } = await endpoint.call(
      'elbv2',
      'CreateTargetGroup',
      { Name: name, Port: 80, Protocol: 'HTTP', VpcId: network.vpcId, ...check },
      region,
    );
    const targetGroup = TargetGroups[0]?.TargetGroupArn ?? '';
    const Attributes = [{ Key: 'deregistration_delay.timeout_seconds', Value: '40' }];
    await endpoint.call('elbv2', 'ModifyTargetGroupAttributes', { TargetGroupArn: targetGroup, Attributes }, region);
    return { targetGroup, url: await listenAtPort80(live, { name, subnets: network.subnets, targetGroupArn: targetGroup }) };
  }

  describe('under load', () => {
    let targetGroup = '';
    let traffic: Traffic;
    const healthy = (count: number): boolean =>
      inService('fleet', count) &&
      live.loadBalancing.targetHealth(live.place(region), targetGroup).filter(({ state }) => state === 'healthy').length === count;
    const settled = (count: number): Promise<void> => until(`${count} in service and healthy`, () => healthy(count));

    before(async () => {
      const made = await balancer('fleet');
      targetGroup = made.targetGroup;
      await template('fleet', 'one');
      await live.endpoint.call(
        'autoscaling',
        'CreateAutoScalingGroup',
        {
          AutoScalingGroupName: 'fleet',
          MinSize: 2,
          MaxSize: 3,
          DesiredCapacity: 2,
          VPCZoneIdentifier: network.subnets.slice(0, 2).join(','),
          LaunchTemplate: { LaunchTemplateName: 'fleet', Version: '$Latest' },
          TargetGroupARNs: [targetGroup],
          HealthCheckType: 'ELB',
          HealthCheckGracePeriod: 900,
          DefaultInstanceWarmup: 0,
        },
        region,
      );
      await settled(2);
      traffic = startTraffic(made.url, 2);
    });
    after(async () => {
      await traffic.stop();
      await remove('fleet');
    });
    const noneFailed = (): void => assert.deepEqual(traffic.failures, []);

    test('an instance refresh brings a new version', async () => {
      const { endpoint } = live;
      const LaunchTemplateData = { UserData: page('two') };
      await endpoint.call(
        'ec2',
        'CreateLaunchTemplateVersion',
        { LaunchTemplateName: 'fleet', SourceVersion: '1', LaunchTemplateData },
        region,
      );
      const Preferences = { MinHealthyPercentage: 100, MaxHealthyPercentage: 150, InstanceWarmup: 0 };
      await endpoint.call('autoscaling', 'StartInstanceRefresh', { AutoScalingGroupName: 'fleet', Preferences }, region);
      const refresh = () => live.place(region).table(instanceRefreshes).values()[0];
      await until('the refresh', () => refresh()?.Status === 'Successful');
      await settled(2);
      assert.deepEqual([...traffic.answers.keys()].toSorted(), ['one', 'two']);
      noneFailed();
    });

    test('simple, step and target tracking policies scale out and in', async () => {
      const { endpoint } = live;
      const Namespace = 'Test';
      // Two hours of two metrics that keep their values, so that it is of no account when an alarm is raised.
      const MetricData = Object.entries({ Busy: 70, Idle: 20 }).flatMap(([MetricName, Value]) =>
        Array.from({ length: 120 }, (_, minute) => ({ MetricName, Value, Timestamp: live.clock.nowMs() + (minute - 5) * 60_000 })),
      );
      await endpoint.call('cloudwatch', 'PutMetricData', { Namespace, MetricData }, region);
      const directions = [
        { MetricName: 'Busy', size: 3, ComparisonOperator: 'GreaterThanThreshold', by: 1, tracked: 'AlarmHigh' },
        { MetricName: 'Idle', size: 2, ComparisonOperator: 'LessThanThreshold', by: -1, tracked: 'AlarmLow' },
      ] as const;
      const kinds: Record<string, (direction: (typeof directions)[number]) => object> = {
        SimpleScaling: ({ by }) => ({ AdjustmentType: 'ChangeInCapacity', ScalingAdjustment: by, Cooldown: 0 }),
        StepScaling: ({ by }) => {
          const bound = by > 0 ? { MetricIntervalLowerBound: 0 } : { MetricIntervalUpperBound: 0 };
          return { AdjustmentType: 'ChangeInCapacity', StepAdjustments: [{ ...bound, ScalingAdjustment: by }], EstimatedInstanceWarmup: 0 };
        },
        TargetTrackingScaling: ({ MetricName }) => ({
          TargetTrackingConfiguration: { TargetValue: 50, CustomizedMetricSpecification: { Namespace, MetricName, Statistic: 'Average' } },
        }),
      };
      for (const [PolicyType, settings] of Object.entries(kinds)) {
        for (const direction of directions) {
          const { MetricName, ComparisonOperator, size, tracked } = direction;
          const named = { AutoScalingGroupName: 'fleet', PolicyName: `${PolicyType}-${MetricName}` };
          const { PolicyARN = '', Alarms = [] } = await endpoint.call(
            'autoscaling',
            'PutScalingPolicy',
            { ...named, PolicyType, ...settings(direction) },
            region,
          );
          const AlarmName = Alarms.map(({ AlarmName: name = '' }) => name).find((name) => name.includes(tracked)) ?? MetricName;
          const alarm = { ComparisonOperator, Threshold: 50, Period: 60, EvaluationPeriods: 1, Statistic: 'Average' } as const;
          if (Alarms.length === 0)
            await endpoint.call(
              'cloudwatch',
              'PutMetricAlarm',
              { AlarmName, Namespace, MetricName, ...alarm, AlarmActions: [PolicyARN] },
              region,
            );
          await endpoint.call('cloudwatch', 'SetAlarmState', { AlarmName, StateValue: 'ALARM', StateReason: 'test' }, region);
          await until(`${named.PolicyName}: ${size} wanted`, () => desired('fleet') === size);
          await endpoint.call('autoscaling', 'DeletePolicy', named, region);
          await endpoint.call('cloudwatch', 'DeleteAlarms', { AlarmNames: [MetricName] }, region);
          await settled(size);
        }
        noneFailed();
      }
      const causes = (await activities('fleet')).map(({ Cause = '' }) => Cause);
      for (const name of Object.keys(kinds).flatMap((kind) => [`${kind}-Busy`, `${kind}-Idle`]))
        assert.ok(
          causes.some((cause) => cause.includes(`triggered policy ${name} changing the desired capacity from`)),
          `${name}: ${causes.join('\n')}`,
        );
    });

    test('a schedule, standby, protection and a hook change who serves', async () => {
      const { endpoint } = live;
      const AutoScalingGroupName = 'fleet';
      const startMs = live.clock.nowMs() + 20_000;
      await endpoint.call(
        'autoscaling',
        'PutScheduledUpdateGroupAction',
        { AutoScalingGroupName, ScheduledActionName: 'lunch', StartTime: startMs, DesiredCapacity: 3 },
        region,
      );
      await until('three wanted', () => desired('fleet') === 3);
      await settled(3);

      const [resting = ''] = members('fleet').map(({ instanceId }) => instanceId);
      await endpoint.call(
        'autoscaling',
        'EnterStandby',
        { AutoScalingGroupName, InstanceIds: [resting], ShouldDecrementDesiredCapacity: true },
        region,
      );
      const stateOf = (id: string): string | undefined => members('fleet').find(({ instanceId }) => instanceId === id)?.lifecycleState;
      await until('it rests', () => stateOf(resting) === 'Standby');
      await endpoint.call('autoscaling', 'ExitStandby', { AutoScalingGroupName, InstanceIds: [resting] }, region);
      await settled(3);

      const ids = members('fleet').map(({ instanceId }) => instanceId);
      await endpoint.call(
        'autoscaling',
        'SetInstanceProtection',
        { AutoScalingGroupName, InstanceIds: ids.slice(0, 2), ProtectedFromScaleIn: true },
        region,
      );
      await endpoint.call(
        'autoscaling',
        'PutLifecycleHook',
        {
          AutoScalingGroupName,
          LifecycleHookName: 'goodbye',
          LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
          HeartbeatTimeout: 3600,
        },
        region,
      );
      await endpoint.call('autoscaling', 'SetDesiredCapacity', { AutoScalingGroupName, DesiredCapacity: 2 }, region);
      const leaving = ids[2] ?? '';
      await until('the hook waits', () => stateOf(leaving) === 'Terminating:Wait');
      await endpoint.call(
        'autoscaling',
        'CompleteLifecycleAction',
        { AutoScalingGroupName, LifecycleHookName: 'goodbye', InstanceId: leaving, LifecycleActionResult: 'CONTINUE' },
        region,
      );
      await settled(2);
      assert.deepEqual(new Set(members('fleet').map(({ instanceId }) => instanceId)), new Set(ids.slice(0, 2)));
      await endpoint.call('autoscaling', 'DeleteLifecycleHook', { AutoScalingGroupName, LifecycleHookName: 'goodbye' }, region);
      noneFailed();
    });
  });

  test('weights of overrides count as capacity; a launch beyond the quota of vCPUs fails and says so', async () => {
    await template('weighed', 'weighed');
    await live.endpoint.call(
      'autoscaling',
      'CreateAutoScalingGroup',
      {
        AutoScalingGroupName: 'weighed',
        MinSize: 0,
        MaxSize: 20,
        DesiredCapacity: 7,
        AvailabilityZones: ['us-east-1a'],
        MixedInstancesPolicy: {
          LaunchTemplate: {
            LaunchTemplateSpecification: { LaunchTemplateName: 'weighed', Version: '1' },
            Overrides: [{ InstanceType: 't3.micro', WeightedCapacity: '4' }],
          },
        },
      },
      region,
    );
    await until('two of four units each', () => inService('weighed', 2));
    assert.deepEqual(new Set(members('weighed').map(({ instanceType }) => instanceType)), new Set(['t3.micro']));
    await live.endpoint.call('autoscaling', 'SetDesiredCapacity', { AutoScalingGroupName: 'weighed', DesiredCapacity: 20 }, region);
    const failures = async () => (await activities('weighed')).filter(({ StatusCode }) => StatusCode === 'Failed');
    await until('four, which is all of eight vCPUs', () => inService('weighed', 4));
    const [failed] = await failures();
    assert.match(
      failed?.StatusMessage ?? '',
      /^You have requested more vCPU capacity than your current vCPU limit of 8 .* Launching EC2 instance failed\.$/,
    );
    await live.endpoint.call('autoscaling', 'SetDesiredCapacity', { AutoScalingGroupName: 'weighed', DesiredCapacity: 5 }, region);
    await until('never less than five units', () => inService('weighed', 2));
    await remove('weighed');
  });

  test('a forecast raises the capacity in time, out of the warm pool', async () => {
    await template('tides', 'tides');
    const { endpoint } = live;
    await endpoint.call(
      'autoscaling',
      'CreateAutoScalingGroup',
      {
        AutoScalingGroupName: 'tides',
        MinSize: 0,
        MaxSize: 2,
        DesiredCapacity: 0,
        AvailabilityZones: ['us-east-1a'],
        LaunchTemplate: { LaunchTemplateName: 'tides', Version: '1' },
      },
      region,
    );
    await endpoint.call('autoscaling', 'PutWarmPool', { AutoScalingGroupName: 'tides', MinSize: 1, MaxGroupPreparedCapacity: 1 }, region);
    await until('one is prepared', () => members('tides').some(({ lifecycleState }) => lifecycleState === 'Warmed:Stopped'));
    const [prepared] = members('tides');

    const nowMs = live.clock.nowMs();
    const dimensions = { AutoScalingGroupName: 'tides' };
    const day = Array.from({ length: 26 }, (_, hour) => ({
      namespace: 'Plimsoll/AutoScaling',
      name: 'TotalCPUUtilization',
      dimensions,
      timestampMs: nowMs - (hour + 1) * 3_600_000,
      unit: 'Percent' as const,
      value: 40,
    }));
    live.measurements.put(live.place(region), day.toReversed());
    await endpoint.call(
      'autoscaling',
      'PutScalingPolicy',
      {
        AutoScalingGroupName: 'tides',
        PolicyName: 'ahead',
        PolicyType: 'PredictiveScaling',
        PredictiveScalingConfiguration: {
          Mode: 'ForecastAndScale',
          MetricSpecifications: [{ TargetValue: 50, PredefinedMetricPairSpecification: { PredefinedMetricType: 'ASGCPUUtilization' } }],
        },
      },
      region,
    );
    await until('one in service', () => members('tides').some(({ lifecycleState }) => lifecycleState === 'InService'));
    assert.equal(members('tides').find(({ lifecycleState }) => lifecycleState === 'InService')?.instanceId, prepared?.instanceId);
    const { LoadForecast = [], CapacityForecast } = await endpoint.call(
      'autoscaling',
      'GetPredictiveScalingForecast',
      {
        AutoScalingGroupName: 'tides',
        PolicyName: 'ahead',
        StartTime: nowMs - 3_600_000,
        EndTime: nowMs + 200 * 3_600_000,
      },
      region,
    );
    assert.equal(LoadForecast[0]?.Values?.length, 48);
    assert.deepEqual(new Set(CapacityForecast?.Values), new Set([1]));
    const causes = (await activities('tides')).map(({ Cause = '' }) => Cause);
    assert.ok(
      causes.some((cause) => cause.includes('forecast of policy ahead changing the desired capacity from 0 to 1.')),
      causes.join('\n'),
    );
    await remove('tides');
  });
});
