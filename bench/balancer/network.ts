/**
 * Plimsoll's network balancer beside HAProxy in tcp mode: throughput, CPU per gigabyte, and CPU per short connection.
 *
 *     node bench/balancer/network.ts [--seconds 4] [--rounds 3] [--only haproxy,plimsoll] [--connections 1,16,256] [--tls]
 *
 * One proxy at a time on CPU 0; on CPU 1 the origin (nginx, sendfile) and the client. `haproxy-splice` is HAProxy with
 * `option splice-auto`, which it has off by default. `--tls` ends TLS (1.3, P-256) in the proxy: then a short connection is a full
 * handshake. CPU is user + system time of the proxy's process, from /proc; a figure is the median of the rounds.
 */
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  bench,
  cpuMs,
  folder,
  makeCertificate,
  median,
  note,
  originPort,
  proxyPort,
  say,
  startHaproxy,
  startOrigin,
  startPlimsoll,
  withProxy,
  type Proxy,
} from './setup.ts';

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: 'haproxy,haproxy-splice,plimsoll' },
    connections: { type: 'string', default: '1,16,256' },
    tls: { type: 'boolean', default: false },
  },
});
const FILE_BYTES = 64 * 1024 * 1024;

function haproxy(splice: boolean): Proxy {
  return startHaproxy(
    ['mode tcp', ...(splice ? ['option splice-auto'] : [])],
    [
      'frontend in',
      `bind 127.0.0.1:${proxyPort} backlog 4096${flags.tls ? ` ssl crt ${folder}/both.pem` : ''}`,
      'default_backend out',
      'backend out',
      'balance source',
      `server s1 127.0.0.1:${originPort} check inter 10s`,
    ],
  );
}

const kind = flags.tls ? ['--protocol', 'TLS', '--certificates', folder] : ['--protocol', 'TCP'];
const proxies: Readonly<Record<string, () => Proxy>> = {
  haproxy: () => haproxy(false),
  'haproxy-splice': () => haproxy(true),
  plimsoll: () => startPlimsoll([...kind, '--origins', String(originPort)]),
};

interface Figures {
  megabytesPerSecond: number;
  cpuMsPerGigabyte: number;
}

async function throughput(pid: number, connections: number): Promise<Figures> {
  const script = join(import.meta.dirname, 'network-sink.ts');
  const scheme = flags.tls ? 'tls' : 'tcp';
  const args = ['-c', '1', process.execPath, script, String(proxyPort), String(connections), flags.seconds, '/large', scheme];
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
  const url = `${flags.tls ? 'https' : 'http'}://127.0.0.1:${proxyPort}/45`;
  const args = ['-c', '1', 'wrk', '-t1', '-c64', `-d${flags.seconds}s`, '-H', 'Connection: close', url];
  const text = spawnSync('taskset', args, { encoding: 'utf8' }).stdout;
  return ((cpuMs(pid) - before) * 1000) / Number(/(\d+) requests in/.exec(text)?.[1]);
}

await bench(async () => {
  if (flags.tls) makeCertificate();
  writeFileSync(join(folder, 'large'), Buffer.alloc(FILE_BYTES, 'x'));
  await startOrigin();
  const counts = flags.connections.split(',').map(Number);
  const collected = new Map<string, Figures[]>();
  const flows = new Map<string, number[]>();
  for (let round = 0; round < Number(flags.rounds); round++) {
    for (const name of flags.only.split(',')) {
      await withProxy(proxies[name]!, async (proxy) => {
        for (const connections of counts) note(collected, `${name} | ${connections}`, await throughput(proxy.pid(), connections));
        note(flows, name, perFlow(proxy.pid()));
      });
    }
  }
  say('| proxy | connections | MB/s | CPU ms per GB |\n|---|---|---|---|');
  for (const [key, all] of collected) {
    const [speed, cpu] = [all.map((each) => each.megabytesPerSecond), all.map((each) => each.cpuMsPerGigabyte)];
    say(`| ${key} | ${median(speed).toFixed(0)} | ${median(cpu).toFixed(0)} |`);
  }
  say('\n| proxy | CPU µs per short connection |\n|---|---|');
  for (const [name, all] of flows) say(`| ${name} | ${median(all).toFixed(0)} |`);
});
