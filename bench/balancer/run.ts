/**
 * Plimsoll's balancer beside nginx and HAProxy: CPU per request, requests per second and latency, plain HTTP/1.1.
 *
 *     node bench/balancer/run.ts [--seconds 5] [--rounds 3] [--only plimsoll,haproxy] [--connections 64,1000] [--bytes 45,16384] [--full] [--tls]
 *
 * One proxy at a time on CPU 0; the origin (nginx) and the client (wrk) on CPU 1. All proxies keep connections to the
 * origin. `--full` switches on what a real one has on: health checks, counters, and an access log; `--tls` encrypts the client's side (TLS 1.3, P-256).
 * CPU is user + system time of the proxy's process over the run, from /proc; a figure is the median of the rounds.
 */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

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
const folder = mkdtempSync(join(tmpdir(), 'plimsoll-bench-'));
// The origin's worker runs as another user when started by root.
chmodSync(folder, 0o755);
const originPort = 18_080;
const proxyPort = 18_081;
const seconds = Number(flags.seconds);

if (flags.tls) {
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=bench',
      '-keyout',
      key,
      '-out',
      certificate,
    ],
    { stdio: 'ignore' },
  );
  writeFileSync(join(folder, 'both.pem'), readFileSync(certificate, 'utf8') + readFileSync(key, 'utf8'));
}
const scheme = flags.tls ? 'https' : 'http';

const started: ChildProcess[] = [];
function start(cpu: number, command: string, ...args: string[]): ChildProcess {
  const child = spawn('taskset', ['-c', String(cpu), command, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  started.push(child);
  return child;
}

function nginxConfig(body: string): string {
  return `worker_processes 1; daemon off; pid ${folder}/nginx-${Math.round(performance.now())}.pid; error_log stderr emerg; worker_rlimit_nofile 20000;
events { worker_connections 10000; }
http { access_log off; keepalive_requests 100000000; keepalive_timeout 600s; client_body_temp_path ${folder}; proxy_temp_path ${folder}; 
${body} }\n`;
}

interface Proxy {
  readonly process: ChildProcess;
  /** The process that does the work. */
  pid(): number;
}

/** The pid of the only child of a process, for masters that leave the work to a worker. */
function childOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').at(-1));
}

const proxies: Readonly<Record<string, () => Proxy>> = {
  nginx() {
    const file = join(folder, 'proxy.conf');
    const log = flags.full ? `access_log ${folder}/nginx.log combined;` : '';
    writeFileSync(
      file,
      nginxConfig(`upstream origin { server 127.0.0.1:${originPort}; keepalive 1024; keepalive_requests 100000000; }
server { listen 127.0.0.1:${proxyPort} backlog=4096${flags.tls ? ` ssl; ssl_certificate ${folder}/cert.pem; ssl_certificate_key ${folder}/key.pem` : ''}; ${log} location / { proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Port $server_port; } }`),
    );
    const child = start(0, 'nginx', '-c', file);
    return { process: child, pid: () => childOf(child.pid as number) };
  },
  haproxy() {
    const file = join(folder, 'haproxy.cfg');
    const log = flags.full ? `log 127.0.0.1:18099 local0\n  option httplog\n` : '';
    writeFileSync(
      file,
      `global\n  nbthread 1\n  maxconn 8000\ndefaults\n  mode http\n  ${log}  option forwardfor\n  http-reuse always\n  timeout client 600s\n  timeout server 600s\n  timeout connect 10s\n  timeout http-keep-alive 600s
frontend in\n  bind 127.0.0.1:${proxyPort} backlog 4096${flags.tls ? ` ssl crt ${folder}/both.pem` : ''}\n  http-request set-header X-Forwarded-Proto http\n  http-request set-header X-Forwarded-Port ${proxyPort}\n  default_backend out\nbackend out\n  balance roundrobin\n  ${flags.full ? 'option httpchk GET /45' : ''}\n  server s1 127.0.0.1:${originPort} ${flags.full ? 'check inter 10s' : ''}\n`,
    );
    const child = start(0, 'haproxy', '-db', '-f', file);
    return { process: child, pid: () => child.pid as number };
  },
  plimsoll: () => plimsoll(process.execPath, 'supervised'),
  /** The same on streams instead of handles. */
  streams() {
    process.env['PLIMSOLL_STREAMS'] = '1';
    const proxy = plimsoll(process.execPath, 'supervised');
    delete process.env['PLIMSOLL_STREAMS'];
    return proxy;
  },
  /** The same on Bun, named by the variable BUN. */
  bun: () => plimsoll(process.env['BUN'] ?? 'bun', 'in-process'),
};

function plimsoll(runtime: string, mode: 'supervised' | 'in-process'): Proxy {
  const log = flags.full ? join(folder, 'access.log') : '';
  const child = start(
    0,
    runtime,
    join(import.meta.dirname, 'serve.ts'),
    String(proxyPort),
    String(originPort),
    mode,
    log,
    flags.tls ? folder : '',
  );
  const pid = child.pid as number;
  return { process: child, pid: () => (mode === 'supervised' ? childOf(pid) : pid) };
}

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

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}

async function main(): Promise<void> {
  const originFile = join(folder, 'origin.conf');
  writeFileSync(join(folder, '16384'), 'x'.repeat(16_384));
  writeFileSync(
    originFile,
    nginxConfig(
      `open_file_cache max=10; sendfile on; server { listen 127.0.0.1:${originPort} backlog=4096; root ${folder}; default_type application/json; location = /45 { return 200 '{"message":"hello, world","id":1234567,"ok":1}'; } }`,
    ),
  );
  start(1, 'nginx', '-c', originFile);
  await listening(originPort);
  process.stdout.write('| proxy | connections | answer | CPU µs/request | requests/s | p50 | p99 | |\n|---|---|---|---|---|---|---|---|\n');
  const collected = new Map<string, Figures[]>();
  for (let round = 0; round < Number(flags.rounds); round++) {
    for (const name of flags.only.split(',')) {
      const proxy = proxies[name]!();
      await listening(proxyPort);
      load('/45', 64, 2);
      for (const connections of flags.connections.split(',').map(Number)) {
        for (const bytes of flags.bytes.split(',')) {
          const key = `${name} | ${connections} | ${bytes} B`;
          const figures = measure(proxy.pid(), `/${bytes}`, connections);
          collected.set(key, [...(collected.get(key) ?? []), figures]);
        }
      }
      proxy.process.kill('SIGTERM');
      await new Promise((resolve) => proxy.process.once('exit', resolve));
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
  for (const [key, all] of collected) {
    const last = all.at(-1)!;
    process.stdout.write(
      `| ${key} | ${median(all.map((f) => f.cpuUs)).toFixed(1)} | ${median(all.map((f) => f.perSecond)).toFixed(0)} | ${last.p50} | ${last.p99} | ${last.errors} |\n`,
    );
  }
}

try {
  await main();
} finally {
  for (const child of started) child.kill('SIGTERM');
  const running = started.filter((child) => child.exitCode === null && child.signalCode === null);
  await Promise.all(running.map((child) => new Promise((resolve) => child.once('exit', resolve))));
  rmSync(folder, { recursive: true });
}
