import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/base/index.ts';
import { startLoad } from '../../src/load/index.ts';

/**
 * Very many users at once, each with a connection of its own and a think time of 5–15 s, against a static answer.
 *
 *     node bench/load/users.ts [users] [ramp seconds] [hold seconds]
 *
 * The server is nginx with eight workers on the same machine (each may hold 20,000 files). Prints the CPU time and
 * resident memory of the load processes alone.
 */

const [users = 100_000, rampSeconds = 60, holdSeconds = 45] = process.argv.slice(2).map(Number);
const port = 7390;
const scratch = mkdtempSync(join(tmpdir(), 'plimsoll-users-'));
writeFileSync(
  join(scratch, 'nginx.conf'),
  `daemon off; worker_processes 8; pid ${scratch}/nginx.pid; error_log stderr crit; worker_rlimit_nofile 20000;
events { worker_connections 19900; }
http { access_log off; keepalive_requests 1000000000; keepalive_timeout 600s; reset_timedout_connection on;
  connection_pool_size 256; client_header_buffer_size 512; request_pool_size 1k;
  server { listen 127.0.0.1:${port} backlog=16384 reuseport; default_type application/json; return 200 '{"id":1,"title":"hello","completed":false,"x":1}'; } }`,
);
const server = spawn('nginx', ['-c', join(scratch, 'nginx.conf'), '-p', scratch], { stdio: 'inherit' });
await systemClock.sleep(1500);

const run = startLoad({
  script: join(import.meta.dirname, 'users.js'),
  env: { BASE_URL: `http://127.0.0.1:${port}/` },
  options: {
    summaryTrendStats: ['med', 'p(90)', 'p(95)', 'p(99)', 'max'],
    scenarios: {
      users: { executor: 'ramping-vus', startVUs: 0, gracefulStop: '0s', stages: [{ duration: `${rampSeconds}s`, target: users }, { duration: `${holdSeconds}s`, target: users }] },
    },
  },
  log: (line) => {
    if (line.level !== 'debug' && logged++ < 10) console.error(line.message);
  },
}); // prettier-ignore
let logged = 0;
let rssMb = 0;
let cpuSeconds = 0;
let held: { requests: number; cpu: number; at: number } | undefined;
let holdRate = '';
run.onProgress((progress) => {
  let rss = 0;
  let cpu = 0;
  for (const pid of run.pids) {
    try {
      rss += Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      cpu += (Number(fields[11]) + Number(fields[12])) / 100;
    } catch {
      return;
    }
  }
  rssMb = Math.max(rssMb, rss);
  cpuSeconds = cpu;
  if (progress.vus === users && !held) held = { requests: progress.requests, cpu, at: progress.elapsedMs };
  if (held && progress.vus === users && progress.elapsedMs > held.at) {
    const seconds = (progress.elapsedMs - held.at) / 1000;
    holdRate = `${Math.round((progress.requests - held.requests) / seconds)} requests/s, ${(((cpu - held.cpu) / seconds) * 100).toFixed(0)} % of one core while all users are there`;
  }
  if (Math.floor(progress.elapsedMs / 1000) % 10 === 0)
    console.log(
      `${Math.round(progress.elapsedMs / 1000)} s: ${progress.vus} users, ${progress.requests} requests, ${progress.failed} failed, ${Math.round(rss)} MB, ${cpu.toFixed(0)} s CPU`,
    );
});
try {
  const plan = await run.plan;
  console.log(`${users} users in ${plan.processes} processes`);
  const result = await run.result;
  const duration = result.metrics['http_req_duration']?.values ?? {};
  console.log(`${result.requests} requests, ${result.failed} failed, errors ${JSON.stringify(result.errorCounts)}`);
  console.log(
    `${holdRate}; ${cpuSeconds.toFixed(0)} s CPU in all; peak ${Math.round(rssMb)} MB resident, ${((rssMb * 1024) / users).toFixed(1)} KB per user with everything`,
  );
  console.log(
    `p50 ${duration['med']?.toFixed(2)} ms, p90 ${duration['p(90)']?.toFixed(2)} ms, p95 ${duration['p(95)']?.toFixed(2)} ms, p99 ${duration['p(99)']?.toFixed(2)} ms, max ${duration['max']?.toFixed(0)} ms`,
  );
} finally {
  server.kill();
  rmSync(scratch, { recursive: true, force: true });
}
