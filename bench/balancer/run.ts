/**
 * Plimsoll's balancer beside nginx and HAProxy: CPU per request, requests per second and latency, plain HTTP/1.1.
 *
 *     node bench/balancer/run.ts [--seconds 5] [--rounds 3] [--only plimsoll,haproxy] [--connections 64,1000] [--bytes 45,16384] [--full] [--tls]
 *
 * One proxy at a time on CPU 0; the origin (nginx) and the client (wrk) on CPU 1. All proxies keep connections to the
 * origin. `--full` switches on what a real one has on: health checks, counters, and an access log; `--tls` encrypts the client's side (TLS 1.3, P-256).
 * CPU is user + system time of the proxy's process over the run, from /proc; a figure is the median of the rounds.
 */
import { spawnSync } from 'node:child_process';
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
  startNginx,
  startOrigin,
  startPlimsoll,
  withProxy,
  type Proxy,
} from './setup.ts';

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: 'nginx,haproxy,plimsoll' },
    connections: { type: 'string', default: '64,1000' },
    bytes: { type: 'string', default: '45,16384' },
    full: { type: 'boolean', default: false },
    tls: { type: 'boolean', default: false },
  },
});
const seconds = Number(flags.seconds);
const scheme = flags.tls ? 'https' : 'http';
const options = [
  '--origins',
  String(originPort),
  ...(flags.tls ? ['--protocol', 'HTTPS', '--certificates', folder] : []),
  ...(flags.full ? ['--access-log', join(folder, 'access.log')] : []),
];

const proxies: Readonly<Record<string, () => Proxy>> = {
  nginx() {
    const log = flags.full ? `access_log ${folder}/nginx.log combined;` : '';
    const tls = flags.tls ? ` ssl; ssl_certificate ${folder}/cert.pem; ssl_certificate_key ${folder}/key.pem` : '';
    return startNginx({
      http: `upstream origin { server 127.0.0.1:${originPort}; keepalive 1024; keepalive_requests 100000000; }
server { listen 127.0.0.1:${proxyPort} backlog=4096${tls}; ${log} location / { proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Port $server_port; } }`,
    });
  },
  haproxy() {
    const log = flags.full ? ['log 127.0.0.1:18099 local0', 'option httplog'] : [];
    return startHaproxy(
      ['mode http', ...log, 'option forwardfor', 'http-reuse always'],
      [
        'frontend in',
        `bind 127.0.0.1:${proxyPort} backlog 4096${flags.tls ? ` ssl crt ${folder}/both.pem` : ''}`,
        `http-request set-header X-Forwarded-Proto ${scheme}`,
        `http-request set-header X-Forwarded-Port ${proxyPort}`,
        'default_backend out',
        'backend out',
        'balance roundrobin',
        ...(flags.full ? ['option httpchk GET /45'] : []),
        `server s1 127.0.0.1:${originPort}${flags.full ? ' check inter 10s' : ''}`,
      ],
    );
  },
  plimsoll: () => startPlimsoll(options),
  /** The same on streams instead of handles. */
  streams() {
    process.env['PLIMSOLL_STREAMS'] = '1';
    const proxy = startPlimsoll(options);
    delete process.env['PLIMSOLL_STREAMS'];
    return proxy;
  },
  /** The same on Bun, named by the variable BUN. */
  bun: () => startPlimsoll([...options, '--in-process'], { runtime: process.env['BUN'] ?? 'bun' }),
};

interface Figures {
  cpuUs: number;
  perSecond: number;
  p50: string;
  p99: string;
  errors: string;
}

function load(path: string, connections: number, forSeconds: number): { requests: number; perSecond: number; text: string } {
  const args = ['-c', '1', 'wrk', '-t1', `-c${connections}`, `-d${forSeconds}s`, '--latency', `${scheme}://127.0.0.1:${proxyPort}${path}`];
  const text = spawnSync('taskset', args, { encoding: 'utf8' }).stdout;
  return { requests: Number(/(\d+) requests in/.exec(text)?.[1]), perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1]), text };
}

function measure(pid: number, path: string, connections: number): Figures {
  const before = cpuMs(pid);
  const { requests, perSecond, text } = load(path, connections, seconds);
  const errors = /(?:Socket errors|Non-2xx).*/.exec(text)?.[0] ?? '';
  return {
    cpuUs: ((cpuMs(pid) - before) * 1000) / requests,
    perSecond,
    p50: /50%\s+(\S+)/.exec(text)?.[1] ?? '',
    p99: /99%\s+(\S+)/.exec(text)?.[1] ?? '',
    errors,
  };
}

await bench(async () => {
  if (flags.tls) makeCertificate();
  writeFileSync(join(folder, '16384'), 'x'.repeat(16_384));
  await startOrigin();
  const collected = new Map<string, Figures[]>();
  for (let round = 0; round < Number(flags.rounds); round++) {
    for (const name of flags.only.split(',')) {
      await withProxy(proxies[name]!, (proxy) => {
        load('/45', 64, 2);
        for (const connections of flags.connections.split(',').map(Number)) {
          for (const bytes of flags.bytes.split(','))
            note(collected, `${name} | ${connections} | ${bytes} B`, measure(proxy.pid(), `/${bytes}`, connections));
        }
      });
    }
  }
  say('| proxy | connections | answer | CPU µs/request | requests/s | p50 | p99 | |\n|---|---|---|---|---|---|---|---|');
  for (const [key, all] of collected) {
    const { p50, p99, errors } = all.at(-1)!;
    const [cpu, speed] = [median(all.map((each) => each.cpuUs)), median(all.map((each) => each.perSecond))];
    say(`| ${key} | ${cpu.toFixed(1)} | ${speed.toFixed(0)} | ${p50} | ${p99} | ${errors} |`);
  }
});
