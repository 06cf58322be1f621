import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startLoad } from '../../src/load/index.ts';

/**
 * How exactly iterations of a constant arrival rate begin.
 *
 *     node bench/load/schedule.ts [rate] [seconds] [rounds]
 *
 * Measured twice: by the generator's own clock (`iteration_start_delay`), and at a server by when requests arrive. Arrival k
 * of the schedule is due k / rate after the first; the server's lateness is taken relative to the most punctual 1 % of
 * arrivals, so it holds the network and the server's own delays too.
 */

const [rate = 5000, seconds = 10, rounds = 3] = process.argv.slice(2).map(Number);

function percentiles(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(3);
  return `p50 ${at(0.5)}, p90 ${at(0.9)}, p99 ${at(0.99)}, p99.9 ${at(0.999)}, max ${at(1)} ms`;
}

/** How late each arrival is by an even schedule that is laid through the earliest of them. */
function latenessOf(arrivals: readonly number[]): number[] {
  const sorted = arrivals.toSorted((a, b) => a - b);
  const offsets = sorted.map((at, k) => at - (k * 1000) / rate);
  const earliest = offsets.toSorted((a, b) => a - b)[Math.floor(offsets.length / 100)] ?? 0;
  return offsets.map((offset) => offset - earliest);
}

function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function round(server: ChildProcess, port: number): Promise<void> {
  let cpu = 0;
  const run = startLoad({
    script: join(import.meta.dirname, 'schedule.js'),
    env: { BASE_URL: `http://127.0.0.1:${port}/` },
    options: {
      scheduleLatency: true,
      discardResponseBodies: true,
      summaryTrendStats: ['med', 'p(90)', 'p(99)', 'p(99.9)', 'max'],
      scenarios: { all: { executor: 'constant-arrival-rate', rate, duration: `${seconds}s`, preAllocatedVUs: 200, maxVUs: 400, gracefulStop: '2s' } },
    },
    log: ({ level, message }) => {
      if (level !== 'debug') console.error(message);
    },
  }); // prettier-ignore
  run.onProgress(() => {
    cpu = run.pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
  });
  const result = await run.result;
  server.send('times');
  const [arrivals] = (await once(server, 'message')) as [number[]];
  const own = result.metrics['iteration_start_delay']?.values ?? {};
  const show = (key: string): string => (own[key] ?? 0).toFixed(3);
  console.log(
    `${result.iterations} iterations, ${result.metrics['dropped_iterations']?.values['count'] ?? 0} dropped, ${result.failed} failed, ${((cpu / seconds) * 100).toFixed(0)} % of a core${result.distortions.length > 0 ? `; ${result.distortions.join('; ')}` : ''}`,
  );
  console.log(
    `  generator's clock: p50 ${show('med')}, p90 ${show('p(90)')}, p99 ${show('p(99)')}, p99.9 ${show('p(99.9)')}, max ${show('max')} ms`,
  );
  console.log(`  at the server:     ${percentiles(latenessOf(arrivals))}`);
}

const server = fork(join(import.meta.dirname, 'schedule-server.ts'), { serialization: 'advanced' });
const [port] = (await once(server, 'message')) as [number];
try {
  for (let n = 0; n < rounds; n++) await round(server, port);
} finally {
  server.disconnect();
}
