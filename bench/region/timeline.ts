/**
 * `node bench/region/timeline.ts`: at time scale 1, (1) what follows when a task hangs behind checks of ten seconds,
 * and (2) how long it takes from the breach of a high-resolution alarm to a task that takes traffic. Prints both as tables.
 */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { targetGroups } from '../../src/aws/index.ts';
import { createLogger, monotonicMs, systemClock } from '../../src/base/index.ts';
import { createEcsStack } from '../../src/cli/demo/ecs.ts';
import { healthyUnits, type Stack } from '../../src/cli/demo/stack.ts';
import { openRegion, type Region } from '../../src/region/index.ts';

const place = 'us-east-1';
const service = 'taskoverflow';
const dataDir = mkdtempSync(join(tmpdir(), 'plimsoll-bench-'));
chmodSync(dataDir, 0o711);
const region = await openRegion({ dataDir, timeScale: 1, portsFor: () => [0], log: createLogger('bench', 'error') });
try {
  const signal = new AbortController().signal;
  const stack = await createEcsStack(region, { cpuUnits: 512, memoryMiB: 512, targetCpuPercent: 1000, signal }, () => undefined);
  const [group] = region.place(place).table(targetGroups).keys();
  await region.endpoint.call(
    'elbv2',
    'ModifyTargetGroup',
    {
      TargetGroupArn: group ?? '',
      HealthCheckIntervalSeconds: 10,
      HealthCheckTimeoutSeconds: 2,
      HealthyThresholdCount: 2,
      UnhealthyThresholdCount: 2,
    },
    place,
  );
  await region.endpoint.call('ecs', 'UpdateService', { cluster: service, service, healthCheckGracePeriodSeconds: 0 }, place);
  await systemClock.sleep(12_000);
  await hang(region, stack);
  await breach(region, stack);
} finally {
  await region.close();
  rmSync(dataDir, { recursive: true, force: true });
}

/** A task's process is stopped as SIGSTOP does it: its port is open and nothing answers. */
async function hang(live: Region, stack: Stack): Promise<void> {
  const [victim] = stack.units();
  const startMs = monotonicMs();
  const seen = new Map<string, number>();
  const note = (what: string, holds: boolean): void => {
    if (holds && !seen.has(what)) seen.set(what, monotonicMs() - startMs);
  };
  process.kill(pidAt(victim?.address ?? ''), 'SIGSTOP');
  while (!seen.has('old task stopped') && monotonicMs() - startMs < 120_000) {
    const units = stack.units();
    const old = units.find(({ id }) => id === victim?.id);
    const replacement = units.find(({ id }) => id !== victim?.id);
    note('target unhealthy', old?.health === 'UNHEALTHY');
    note('replacement started', replacement !== undefined);
    note('replacement registered', replacement?.state === 'RUNNING');
    note('replacement healthy', replacement?.health === 'HEALTHY');
    note('old task leaves', old === undefined || !['RUNNING', 'ACTIVATING'].includes(old.state));
    note('old task stopped', old === undefined);
    await systemClock.sleep(20);
  }
  print('a hung task, checks each 10 s, 2 failures', seen);
  await live.waitFor('one task', 60_000, () => healthyUnits(stack) === 1);
}

async function breach({ endpoint, clock }: Region, stack: Stack): Promise<void> {
  const target = {
    ServiceNamespace: 'ecs',
    ResourceId: `service/${service}/${service}`,
    ScalableDimension: 'ecs:service:DesiredCount',
  } as const;
  const { PolicyARN = '' } = await endpoint.call(
    'application-autoscaling',
    'PutScalingPolicy',
    {
      ...target,
      PolicyName: 'rush',
      PolicyType: 'StepScaling',
      StepScalingPolicyConfiguration: {
        AdjustmentType: 'ChangeInCapacity',
        Cooldown: 60,
        StepAdjustments: [{ MetricIntervalLowerBound: 0, ScalingAdjustment: 1 }],
      },
    },
    place,
  );
  const metric = { Namespace: 'Bench', MetricName: 'Queue' } as const;
  await endpoint.call(
    'cloudwatch',
    'PutMetricAlarm',
    {
      AlarmName: 'rush',
      ...metric,
      Statistic: 'Average',
      Period: 10,
      EvaluationPeriods: 1,
      Threshold: 100,
      ComparisonOperator: 'GreaterThanThreshold',
      AlarmActions: [PolicyARN],
    },
    place,
  );
  const startMs = monotonicMs();
  const seen = new Map<string, number>();
  while (!seen.has('task in service') && monotonicMs() - startMs < 60_000) {
    await endpoint.call(
      'cloudwatch',
      'PutMetricData',
      {
        Namespace: metric.Namespace,
        MetricData: [{ MetricName: metric.MetricName, Value: 500, StorageResolution: 1, Timestamp: clock.nowMs() }],
      },
      place,
    );
    if (stack.units().length > 1 && !seen.has('task started')) seen.set('task started', monotonicMs() - startMs);
    if (healthyUnits(stack) > 1) seen.set('task in service', monotonicMs() - startMs);
    await systemClock.sleep(200);
  }
  print('breach of an alarm with a period of 10 s', seen);
}

/** The process that was started with this address: it stands in its environment. */
function pidAt(address: string): number {
  for (const pid of readdirSync('/proc').map(Number).filter(Number.isInteger)) {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      if (environment.includes(`HOST=${address}`) && command.includes('taskoverflow/main')) return pid;
    } catch {
      // It has ended meanwhile.
    }
  }
  throw new Error(`nothing runs at ${address}`);
}

function print(title: string, seen: ReadonlyMap<string, number>): void {
  console.log(title);
  for (const [what, atMs] of seen) console.log(`  ${what.padEnd(24)} +${(atMs / 1000).toFixed(1)} s`);
}
