/**
 * `node bench/region/memory.ts [users]`: resident memory of the three processes of ours while a service of four
 * tasks is under the demo's load. Prints one line per process and the sum; 500 users unless given.
 */
import { mkdtempSync, readFileSync, rmSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, packageRoot, systemClock } from '../../src/base/index.ts';
import { createEcsStack, setDesiredCount } from '../../src/cli/demo/ecs.ts';
import { healthyUnits } from '../../src/cli/demo/stack.ts';
import { startLoad } from '../../src/load/index.ts';
import { openRegion } from '../../src/region/index.ts';

const users = Number(process.argv[2] ?? 500);
const dataDir = mkdtempSync(join(tmpdir(), 'plimsoll-bench-'));
chmodSync(dataDir, 0o711);
const region = await openRegion({ dataDir, timeScale: 1, portsFor: () => [0], log: createLogger('bench', 'warn') });
try {
  const signal = new AbortController().signal;
  const stack = await createEcsStack(region, { cpuUnits: 256, memoryMiB: 512, targetCpuPercent: 20, signal }, () => undefined);
  await setDesiredCount(region, 4);
  await region.waitFor('four tasks', 60_000, () => healthyUnits(stack) === 4);
  const run = startLoad({
    script: join(packageRoot, 'examples/scripts/taskoverflow.js'),
    env: { BASE_URL: stack.url, TODOS: '300' },
    options: {
      stages: [
        { duration: '10s', target: users },
        { duration: '20s', target: users },
      ],
    },
  });
  await systemClock.sleep(28_000);
  const rows: [string, number][] = [
    ['region', residentMiB(process.pid)],
    ...region.balancerPids.map((pid): [string, number] => ['balancer', residentMiB(pid)]),
    ...run.pids.map((pid): [string, number] => ['load', residentMiB(pid)]),
  ];
  for (const [name, mib] of rows) console.log(`${name.padEnd(10)} ${mib.toFixed(0).padStart(5)} MiB`);
  console.log(
    `${'sum'.padEnd(10)} ${rows
      .reduce((sum, [, mib]) => sum + mib, 0)
      .toFixed(0)
      .padStart(5)} MiB at ${users} users`,
  );
  const { requests, failed } = await run.result;
  console.log(`${requests} requests, ${failed} failed; Node ${process.version}`);
} finally {
  await region.close();
  rmSync(dataDir, { recursive: true, force: true });
}

function residentMiB(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1] ?? 0) / 1024;
}
