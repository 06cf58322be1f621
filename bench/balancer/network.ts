/**
 * Plimsoll's network balancer beside HAProxy in tcp mode: throughput, CPU per gigabyte, and CPU per short connection.
 *
 *     node bench/balancer/network.ts [--seconds 4] [--rounds 3] [--only direct,haproxy,plimsoll] [--connections 1,16,256]
 *
 * One proxy at a time on CPU 0; on CPU 1 the origin (nginx, sendfile) and the client. `haproxy-splice` is HAProxy with
 * `option splice-auto`, which it has off by default. CPU is user + system time of the proxy's process, from /proc; a figure is the
 * median of the rounds.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: 'haproxy,haproxy-splice,plimsoll' },
    connections: { type: 'string', default: '1,16,256' },
  },
});
const folder = mkdtempSync(join(tmpdir(), 'plimsoll-bench-'));
// The origin's worker runs as another user when started by root.
chmodSync(folder, 0o755);
const originPort = 18_180;
const proxyPort = 18_181;
const FILE_BYTES = 64 * 1024 * 1024;

const started: ChildProcess[] = [];
function start(cpu: number, command: string, ...args: string[]): ChildProcess {
  const child = spawn('taskset', ['-c', String(cpu), command, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  started.push(child);
  return child;
}

interface Proxy {
  readonly process: ChildProcess;
  /** The process that does the work. */
  pid(): number;
}

function haproxy(splice: boolean): Proxy {
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(
    file,
    `global\n  nbthread 1\n  maxconn 4000\ndefaults\n  mode tcp\n  ${splice ? 'option splice-auto' : ''}\n  timeout client 600s\n  timeout server 600s\n  timeout connect 10s
frontend in\n  bind 127.0.0.1:${proxyPort} backlog 4096\n  default_backend out\nbackend out\n  balance source\n  server s1 127.0.0.1:${originPort} check inter 10s\n`,
  );
  const child = start(0, 'haproxy', '-db', '-f', file);
  return { process: child, pid: () => child.pid as number };
}

const proxies: Readonly<Record<string, () => Proxy>> = {
  haproxy: () => haproxy(false),
  'haproxy-splice': () => haproxy(true),
  plimsoll() {
    const child = start(0, process.execPath, join(import.meta.dirname, 'network-serve.ts'), String(proxyPort), String(originPort));
    const pid = child.pid as number;
    const worker = (): number => Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').at(-1));
    return { process: child, pid: worker };
  },
};

async function listening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nothing listens on port ${port}`);
}

/** CPU milliseconds that a process has used. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

interface Figures {
  megabytesPerSecond: number;
  cpuMsPerGigabyte: number;
}

async function throughput(pid: number, connections: number): Promise<Figures> {
  const script = join(import.meta.dirname, 'network-sink.ts');
  const args = ['-c', '1', process.execPath, script, String(proxyPort), String(connections), flags.seconds, '/large'];
  const sink = spawn('taskset', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let before = 0;
  let after = 0;
  let text = '';
  sink.stdout.on('data', (chunk: Buffer) => {
    if (text === '') before = cpuMs(pid);
    else after = cpuMs(pid);
    text += chunk.toString();
  });
  await new Promise((resolve) => sink.once('exit', resolve));
  const [bytes, spanMs] = text.split('\n')[1]!.split(' ').map(Number) as [number, number];
  return { megabytesPerSecond: bytes / 1000 / spanMs, cpuMsPerGigabyte: (after - before) / (bytes / 1e9) };
}

/** CPU microseconds of the proxy per connection that carries one small request. */
function perFlow(pid: number): number {
  const before = cpuMs(pid);
  const args = ['-c', '1', 'wrk', '-t1', '-c64', `-d${flags.seconds}s`, '-H', 'Connection: close', `http://127.0.0.1:${proxyPort}/45`];
  const text = spawnSync('taskset', args, { encoding: 'utf8' }).stdout;
  return ((cpuMs(pid) - before) * 1000) / Number(/(\d+) requests in/.exec(text)?.[1]);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}

async function main(): Promise<void> {
  writeFileSync(join(folder, 'large'), Buffer.alloc(FILE_BYTES, 'x'));
  const originFile = join(folder, 'origin.conf');
  writeFileSync(
    originFile,
    `worker_processes 1; daemon off; pid ${folder}/nginx.pid; error_log stderr emerg;
events { worker_connections 10000; }
http { access_log off; sendfile on; keepalive_requests 100000000; keepalive_timeout 600s; large_client_header_buffers 4 64k; client_body_temp_path ${folder};
server { listen 127.0.0.1:${originPort} backlog=4096; root ${folder}; location = /45 { return 200 '{"message":"hello, world","id":1234567,"ok":1}'; } } }\n`,
  );
  start(1, 'nginx', '-c', originFile);
  await listening(originPort);
  const counts = flags.connections.split(',').map(Number);
  const collected = new Map<string, Figures[]>();
  const flows = new Map<string, number[]>();
  const note = <T>(map: Map<string, T[]>, key: string, value: T): void => void map.set(key, [...(map.get(key) ?? []), value]);
  for (let round = 0; round < Number(flags.rounds); round++) {
    for (const name of flags.only.split(',')) {
      const proxy = proxies[name]!();
      await listening(proxyPort);
      await new Promise((resolve) => setTimeout(resolve, 200));
      for (const connections of counts) note(collected, `${name} | ${connections}`, await throughput(proxy.pid(), connections));
      note(flows, name, perFlow(proxy.pid()));
      proxy.process.kill('SIGTERM');
      await new Promise((resolve) => proxy.process.once('exit', resolve));
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
  process.stdout.write('| proxy | connections | MB/s | CPU ms per GB |\n|---|---|---|---|\n');
  for (const [key, all] of collected) {
    const [speed, cpu] = [all.map((each) => each.megabytesPerSecond), all.map((each) => each.cpuMsPerGigabyte)];
    process.stdout.write(`| ${key} | ${median(speed).toFixed(0)} | ${median(cpu).toFixed(0)} |\n`);
  }
  process.stdout.write('\n| proxy | CPU µs per short connection |\n|---|---|\n');
  for (const [name, all] of flows) process.stdout.write(`| ${name} | ${median(all).toFixed(0)} |\n`);
}

try {
  await main();
} finally {
  for (const child of started) child.kill('SIGTERM');
  const running = started.filter((child) => child.exitCode === null && child.signalCode === null);
  await Promise.all(running.map((child) => new Promise((resolve) => child.once('exit', resolve))));
  rmSync(folder, { recursive: true });
}
