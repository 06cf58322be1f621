/**
 * Two workers beside one: requests per second when each worker may use the same part of a core, so that origin and client are
 * not what it waits for.
 *
 *     node bench/balancer/workers.ts [--percent 25] [--seconds 4] [--rounds 5]
 *
 * Each worker is in a control group of its own (cgroup v1 or v2; needs root) with that share of one core; worker, origin (nginx) and
 * client (wrk, 256 keep-alive connections) may run on either of the two cores. Medians of the rounds.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bench, childrenOf, cpuMs, median, note, originPort, proxyPort, say, startOrigin, startPlimsoll, withProxy } from './setup.ts';

const { values: flags } = parseArgs({
  options: {
    percent: { type: 'string', default: '25' },
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '5' },
  },
});
const PERIOD_US = 10_000;
const quotaUs = (PERIOD_US * Number(flags.percent)) / 100;

/** Gives each process a share of a core of its own; returns how to end that once they are gone. */
function limit(pids: readonly number[]): () => void {
  const v1 = existsSync('/sys/fs/cgroup/cpu/cpu.cfs_quota_us');
  const groups = pids.map((pid) => {
    const group = join(v1 ? '/sys/fs/cgroup/cpu' : '/sys/fs/cgroup', `plimsoll-bench-${pid}`);
    mkdirSync(group);
    if (v1) {
      writeFileSync(join(group, 'cpu.cfs_period_us'), String(PERIOD_US));
      writeFileSync(join(group, 'cpu.cfs_quota_us'), String(quotaUs));
    } else writeFileSync(join(group, 'cpu.max'), `${quotaUs} ${PERIOD_US}`);
    writeFileSync(join(group, 'cgroup.procs'), String(pid));
    return group;
  });
  return () => groups.forEach((group) => rmdirSync(group));
}

interface Figures {
  perSecond: number;
  /** CPU of all workers together, in percent of a core. */
  cpuPercent: number;
}

function load(pids: readonly number[], seconds: number): Figures {
  const used = (): number => pids.reduce((sum, pid) => sum + cpuMs(pid), 0);
  const before = used();
  const text = spawnSync('wrk', ['-t1', '-c256', `-d${seconds}s`, `http://127.0.0.1:${proxyPort}/45`], { encoding: 'utf8' }).stdout;
  return { perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1]), cpuPercent: (used() - before) / (seconds * 10) };
}

await bench(async () => {
  await startOrigin('any');
  const collected = new Map<string, Figures[]>();
  for (let round = 0; round < Number(flags.rounds); round++) {
    for (const workers of ['1', '2']) {
      let release = (): void => undefined;
      const begin = () => startPlimsoll(['--origins', String(originPort), '--workers', workers], { cpu: 'any' });
      await withProxy(begin, (proxy) => {
        const pids = childrenOf(proxy.process.pid as number);
        load(pids, 2);
        release = limit(pids);
        load(pids, 1);
        note(collected, workers, load(pids, Number(flags.seconds)));
      });
      release();
    }
  }
  say('| workers | requests/s | CPU of all workers, % of a core |\n|---|---|---|');
  for (const [workers, all] of collected)
    say(`| ${workers} | ${median(all.map((f) => f.perSecond)).toFixed(0)} | ${median(all.map((f) => f.cpuPercent)).toFixed(0)} |`);
});
