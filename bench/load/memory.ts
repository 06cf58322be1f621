import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/base/index.ts';
import { startLoad } from '../../src/load/index.ts';

/**
 * Whether the memory of a long run stays flat: the resident memory of the load processes and of their parent, once a minute.
 *
 *     node bench/load/memory.ts [minutes] [users]
 *
 * Each user asks nginx once a second, checks the answer and sleeps. After the first five minutes, in which V8 warms up,
 * the slope of a straight line through the rest is what counts.
 */

const [minutes = 30, users = 200] = process.argv.slice(2).map(Number);
const WARM_UP_MINUTES = 5;
const port = 7391;
const scratch = mkdtempSync(join(tmpdir(), 'plimsoll-memory-'));
writeFileSync(
  join(scratch, 'nginx.conf'),
  `daemon off; worker_processes 1; pid ${scratch}/nginx.pid; error_log stderr crit;
events { worker_connections 1024; }
http { access_log off; keepalive_requests 1000000000; keepalive_timeout 600s;
  server { listen 127.0.0.1:${port}; default_type application/json; return 200 '{"id":1,"title":"hello","completed":false,"x":1}'; } }`,
);
const server = spawn('nginx', ['-c', join(scratch, 'nginx.conf'), '-p', scratch], { stdio: 'inherit' });
await systemClock.sleep(1000);

function residentKb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
}

/** Kilobytes a minute, of a straight line through the points. */
function slope(points: readonly (readonly [minute: number, kb: number])[]): number {
  const mean = (index: 0 | 1): number => points.reduce((sum, point) => sum + point[index], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const above = points.reduce((sum, [minute, kb]) => sum + (minute - x) * (kb - y), 0);
  return above / points.reduce((sum, [minute]) => sum + (minute - x) ** 2, 0);
}

const run = startLoad({
  script: join(import.meta.dirname, 'sleep.js'),
  env: { BASE_URL: `http://127.0.0.1:${port}/` },
  options: { vus: users, duration: `${minutes}m` },
  log: ({ level, message }) => {
    if (level !== 'debug') console.error(message);
  },
});
const load: [number, number][] = [];
const parent: [number, number][] = [];
let nextMinute = 0;
run.onProgress(({ elapsedMs, requests, failed }) => {
  const minute = elapsedMs / 60_000;
  if (minute < nextMinute) return;
  nextMinute = Math.floor(minute) + 1;
  const kb = run.pids.reduce((sum, pid) => sum + residentKb(pid), 0);
  load.push([minute, kb]);
  parent.push([minute, residentKb(process.pid)]);
  console.log(
    `${minute.toFixed(1)} min: load processes ${(kb / 1024).toFixed(1)} MB, parent ${(residentKb(process.pid) / 1024).toFixed(1)} MB, ${requests} requests, ${failed} failed`,
  );
});
try {
  const result = await run.result;
  const warm = (points: readonly [number, number][]): [number, number][] => points.filter(([minute]) => minute >= WARM_UP_MINUTES);
  console.log(
    `${result.requests} requests, ${result.failed} failed; from minute ${WARM_UP_MINUTES} on ${slope(warm(load)).toFixed(1)} KB a minute in the load processes, ${slope(warm(parent)).toFixed(1)} in the parent`,
  );
} finally {
  server.kill();
  await once(server, 'exit');
  rmSync(scratch, { recursive: true, force: true });
}
