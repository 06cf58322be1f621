/**
 * `node bench/region/fifty.ts [count]`: how long it takes until so many tasks of TaskOverflow (50 unless given) take
 * traffic on this machine, and until all but one of them are gone again.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, monotonicMs } from '../../src/base/index.ts';
import { createEcsStack, setDesiredCount } from '../../src/cli/demo/ecs.ts';
import { healthyUnits } from '../../src/cli/demo/stack.ts';
import { openRegion } from '../../src/region/index.ts';

const count = Number(process.argv[2] ?? 50);
const dataDir = mkdtempSync(join(tmpdir(), 'plimsoll-bench-'));
chmodSync(dataDir, 0o711);
const region = await openRegion({ dataDir, timeScale: 1, portsFor: () => [0], log: createLogger('bench', 'error') });
try {
  const signal = new AbortController().signal;
  const stack = await createEcsStack(region, { cpuUnits: 256, memoryMiB: 256, targetCpuPercent: 1000, signal }, () => undefined);
  // The demo's bounds would hold the service at four.
  const target = {
    ServiceNamespace: 'ecs',
    ResourceId: 'service/taskoverflow/taskoverflow',
    ScalableDimension: 'ecs:service:DesiredCount',
  } as const;
  await region.endpoint.call('application-autoscaling', 'DeregisterScalableTarget', target, 'us-east-1');
  let fromMs = monotonicMs();
  await setDesiredCount(region, count);
  await region.waitFor('all run', 180_000, () => stack.units().filter(({ state }) => state === 'RUNNING').length === count);
  const runningMs = monotonicMs() - fromMs;
  await region.waitFor('all healthy', 180_000, () => healthyUnits(stack) === count);
  const healthyMs = monotonicMs() - fromMs;
  fromMs = monotonicMs();
  await setDesiredCount(region, 1);
  await region.waitFor('one is left', 180_000, () => stack.units().length === 1);
  const goneMs = monotonicMs() - fromMs;
  console.log(`${count} tasks on ${availableParallelism()} cores`);
  for (const [what, ms] of [
    ['all run', runningMs],
    ['all healthy', healthyMs],
    ['all but one stopped', goneMs],
  ] as const)
    console.log(`  ${what.padEnd(20)} ${(ms / 1000).toFixed(1)} s`);
} finally {
  await region.close();
  rmSync(dataDir, { recursive: true, force: true });
}
