import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { systemClock } from '../../src/base/index.ts';

/**
 * The load generator beside its peers: the same server, the same machine, one after the other.
 *
 *     node bench/load/run.ts cpu [seconds] [rounds]     CPU time per request, 64 connections, no think time
 *     node bench/load/run.ts memory [seconds]           resident memory per user, sleep(1), 100 and 5,000 users
 *
 * Peers are taken from the PATH and left out where they are missing. The CPU time is that of the client's
 * whole process tree from start to end (`/usr/bin/time`), so starting up counts; memory is the peak of the largest process.
 */

interface Measured {
  readonly requests: number;
  readonly cpuSeconds: number;
  readonly rssKb: number;
  readonly seconds: number;
}

interface Peer {
  readonly name: string;
  readonly command: string;
  /** Arguments for so many users and seconds; `wait` is the think time in seconds. */
  args(users: number, seconds: number, wait: number): string[];
  requests(output: string): number;
  env?: (wait: number) => Record<string, string>;
}

const here = import.meta.dirname;
const scratch = mkdtempSync(join(tmpdir(), 'plimsoll-bench-'));
const number = (pattern: RegExp, text: string): number => Number((pattern.exec(text)?.[1] ?? '0').replaceAll(',', ''));
const script = (wait: number): string => join(here, wait === 0 ? 'check.js' : 'sleep.js');
const k6Requests = (): number => (JSON.parse(readFileSync(join(scratch, 'k6.json'), 'utf8')) as { metrics: { http_reqs: { count?: number; values?: { count: number } } } }).metrics.http_reqs.values?.count
  ?? (JSON.parse(readFileSync(join(scratch, 'k6.json'), 'utf8')) as { metrics: { http_reqs: { count: number } } }).metrics.http_reqs.count; // prettier-ignore

let url = '';
const peers: Peer[] = [
  {
    name: 'plimsoll run, two checks and r.json()',
    command: process.execPath,
    args: (users, seconds, wait) => [
      join(here, '../../bin/plimsoll.js'), 'run', '--quiet', '-u', String(users), '-d', `${seconds}s`, '-e', `BASE_URL=${url}`, '--summary-export', join(scratch, 'k6.json'), script(wait),
    ], // prettier-ignore
    requests: k6Requests,
  },
  {
    name: 'k6, the same script',
    command: 'k6',
    args: (users, seconds, wait) => [
      'run',
      '--quiet',
      '-u',
      String(users),
      '-d',
      `${seconds}s`,
      '-e',
      `BASE_URL=${url}`,
      '--summary-export',
      join(scratch, 'k6.json'),
      script(wait),
    ],
    requests: k6Requests,
  },
  {
    name: 'wrk -t1',
    command: 'wrk',
    args: (users, seconds) => ['-t1', `-c${users}`, `-d${seconds}s`, url],
    requests: (text) => number(/(\d+) requests in/, text),
  },
  {
    name: 'autocannon',
    command: 'autocannon',
    args: (users, seconds) => ['-c', String(users), '-d', String(seconds), '--json', url],
    requests: (text) => number(/"2xx":\s*(\d+)/, text),
  },
  {
    name: 'hey -cpus 1',
    command: 'hey',
    args: (users, seconds) => ['-cpus', '1', '-c', String(users), '-z', `${seconds}s`, url],
    requests: (text) => number(/\[200\]\s+(\d+) responses/, text),
  },
  ...['Fast', 'Plain'].map((kind): Peer => ({
    name: `Locust, ${kind === 'Fast' ? 'FastHttpUser' : 'HttpUser'}`,
    command: 'locust',
    args: (users, seconds) => [
        '-f', join(here, 'locustfile.py'), kind, '--headless', '-u', String(users), '-r', String(users), '-t', `${seconds}s`, '-H', url, '--csv', join(scratch, 'locust'), '--only-summary',
      ], // prettier-ignore
    requests: () => number(/^,Aggregated,(\d+)/m, readFileSync(join(scratch, 'locust_stats.csv'), 'utf8')),
    env: (wait) => ({ WAIT: String(wait) }),
  })),
];

async function measure(peer: Peer, users: number, seconds: number, wait: number): Promise<Measured> {
  const report = join(scratch, 'time');
  const child = spawn('/usr/bin/time', ['-o', report, '-f', '%U %S %M', peer.command, ...peer.args(users, seconds, wait)], {
    env: { ...process.env, ...peer.env?.(wait) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await new Promise((resolve) => child.once('exit', resolve));
  const [user = 0, system = 0, rssKb = 0] = (readFileSync(report, 'utf8').trim().split('\n').at(-1) ?? '').split(' ').map(Number);
  return { requests: peer.requests(output), cpuSeconds: user + system, rssKb, seconds };
}

/** nginx with one worker and a 47-byte answer. */
async function startServer(): Promise<() => Promise<void>> {
  const port = await new Promise<number>((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address() as { port: number };
      probe.close(() => resolve(address.port));
    });
  });
  url = `http://127.0.0.1:${port}/`;
  const config = join(scratch, 'nginx.conf');
  writeFileSync(
    config,
    `daemon off; worker_processes 1; pid ${scratch}/nginx.pid; error_log stderr crit; worker_rlimit_nofile 20000;
events { worker_connections 19000; }
http { access_log off; keepalive_requests 1000000000; keepalive_timeout 600s;
  server { listen 127.0.0.1:${port} backlog=16384; default_type application/json; return 200 '{"id":1,"title":"hello","completed":false,"x":1}'; } }`,
  );
  const server = spawn('nginx', ['-c', config, '-p', scratch], { stdio: 'inherit' });
  for (let i = 0; i < 50; i++) {
    await systemClock.sleep(100);
    if (await fetch(url).then((response) => response.ok, () => false)) break; // prettier-ignore
  }
  return async () => {
    server.kill();
    await new Promise((resolve) => server.once('exit', resolve));
    rmSync(scratch, { recursive: true });
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function isThere(command: string): boolean {
  return existsSync(command) || (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, command)));
}

const [what = 'cpu', seconds = what === 'cpu' ? '5' : '10', rounds = '3'] = process.argv.slice(2);
const stopServer = await startServer();
try {
  const present = peers.filter((peer) => isThere(peer.command));
  if (what === 'cpu') {
    const results = new Map<Peer, Measured[]>(present.map((peer) => [peer, []]));
    for (let round = 0; round < Number(rounds); round++)
      for (const peer of present) results.get(peer)?.push(await measure(peer, 64, Number(seconds), 0));
    console.log('| client, 64 connections | CPU µs per request | requests/s |\n|---|---|---|');
    for (const [peer, runs] of results) {
      const cpu = median(runs.map((run) => (run.cpuSeconds / run.requests) * 1e6));
      console.log(`| ${peer.name} | ${cpu.toFixed(1)} | ${Math.round(median(runs.map((run) => run.requests / run.seconds)))} |`);
    }
  } else {
    console.log('| client, sleep(1) | KB per user | peak MB with 5,000 users | requests |\n|---|---|---|---|');
    for (const peer of present.filter(({ name }) => /plimsoll|k6|Locust/.test(name))) {
      const few = await measure(peer, 100, Number(seconds), 1);
      const many = await measure(peer, 5000, Number(seconds), 1);
      console.log(
        `| ${peer.name} | ${((many.rssKb - few.rssKb) / 4900).toFixed(1)} | ${Math.round(many.rssKb / 1024)} | ${many.requests} |`,
      );
    }
  }
} finally {
  await stopServer();
}
