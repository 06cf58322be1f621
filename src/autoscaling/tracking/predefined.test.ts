import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { predefinedMetric } from './predefined.ts';

describe('a predefined metric', () => {
  const label = 'app/lb/50dc6c495c0c9188/targetgroup/tg/943f017f100becff';
  const cases: [type: string, resourceId: string, label: string | undefined, expected: string][] = [
    ['ECSServiceAverageCPUUtilization', 'service/main/web', undefined, 'Average AWS/ECS CPUUtilization ClusterName=main ServiceName=web'],
    [
      'ECSServiceAverageMemoryUtilization',
      'service/main/web',
      undefined,
      'Average AWS/ECS MemoryUtilization ClusterName=main ServiceName=web',
    ],
    [
      'ALBRequestCountPerTarget',
      'service/main/web',
      label,
      'Sum AWS/ApplicationELB RequestCountPerTarget TargetGroup=targetgroup/tg/943f017f100becff',
    ],
    ['ALBRequestCountPerTarget', 'todo', label, 'Sum AWS/ApplicationELB RequestCountPerTarget TargetGroup=targetgroup/tg/943f017f100becff'],
    ['ASGAverageCPUUtilization', 'todo', undefined, 'Average AWS/EC2 CPUUtilization AutoScalingGroupName=todo'],
    ['ASGAverageNetworkIn', 'todo', undefined, 'Average AWS/EC2 NetworkIn AutoScalingGroupName=todo'],
    ['ASGAverageNetworkOut', 'todo', undefined, 'Average AWS/EC2 NetworkOut AutoScalingGroupName=todo'],
  ];
  for (const [type, resourceId, resourceLabel, expected] of cases) {
    it(`${type} of ${resourceId}`, () => {
      const { metric, statistic } = predefinedMetric(type, resourceId, resourceLabel);
      const dimensions = Object.entries(metric.dimensions).map(([name, value]) => `${name}=${value}`);
      assert.equal([statistic, metric.namespace, metric.name, ...dimensions].join(' '), expected);
    });
  }

  it('that does not exist, or not for this kind of resource, is refused', () => {
    for (const [type, resourceId, resourceLabel] of [
      ['DynamoDBReadCapacityUtilization', 'table/t', undefined],
      ['ECSServiceAverageCPUUtilization', 'todo', undefined],
      ['ASGAverageCPUUtilization', 'service/main/web', undefined],
      ['ALBRequestCountPerTarget', 'service/main/web', undefined],
      ['ALBRequestCountPerTarget', 'service/main/web', 'targetgroup/tg/1'],
    ] as const) {
      assert.throws(() => predefinedMetric(type, resourceId, resourceLabel), { code: 'PL_SCALING_METRIC' });
    }
  });
});
