/**
 * What the benchmarks of the balancer share: an origin (nginx) on CPU 1, the proxies on CPU 0, one at a time, and their CPU time.
 * Everything started here ends with `bench`.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where configurations, logs, certificates and the origin's files are. */
export const folder = mkdtempSync(join(tmpdir(), 'plimsoll-bench-'));
// The origin's worker runs as another user when started by root.
chmodSync(folder, 0o755);
export const originPort = 18_080;
export const proxyPort = 18_081;

const started: ChildProcess[] = [];

/** Starts a program on one CPU, or on both. */
export function start(cpu: number | 'any', command: string, ...args: string[]): ChildProcess {
  const child = spawn('taskset', ['-c', cpu === 'any' ? '0,1' : String(cpu), command, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  started.push(child);
  return child;
}

export interface Proxy {
  readonly process: ChildProcess;
  /** The process that does the work. */
  pid(): number;
}

/** The pid of the last child of a process, for masters that leave the work to a worker. */
export function childOf(pid: number): number {
  return childrenOf(pid).at(-1) as number;
}

export function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
}

export interface NginxConfig {
  /** What is inside `http { }`. */
  readonly http?: string;
  /** What is beside it. */
  readonly rest?: string;
  /** Modules to load, from the folder of the variable NGINX_MODULES or where Debian puts them. */
  readonly modules?: readonly string[];
}

const modulesFolder = process.env['NGINX_MODULES'] ?? '/usr/lib/nginx/modules';

/** Writes a configuration of nginx with one worker; returns its file. */
function nginxConfig(name: string, { http = '', rest = '', modules = [] }: NginxConfig): string {
  const file = join(folder, `${name}.conf`);
  const inHttp = `http { access_log off; keepalive_requests 100000000; keepalive_timeout 600s; large_client_header_buffers 4 64k; client_body_temp_path ${folder}; proxy_temp_path ${folder};\n${http} }`;
  writeFileSync(
    file,
    `${modules.map((module) => `load_module ${modulesFolder}/${module}.so;\n`).join('')}worker_processes 1; daemon off; pid ${folder}/${name}.pid; error_log stderr emerg; worker_rlimit_nofile 20000;
events { worker_connections 10000; }
${http === '' ? '' : inHttp}
${rest}\n`,
  );
  return file;
}

/** nginx as a proxy. */
export function startNginx(config: NginxConfig): Proxy {
  const child = start(0, 'nginx', '-c', nginxConfig('proxy', config));
  return { process: child, pid: () => childOf(child.pid as number) };
}

/** HAProxy with one thread. `defaults` and `sections` are lines of its configuration. */
export function startHaproxy(defaults: readonly string[], sections: readonly string[]): Proxy {
  const file = join(folder, 'haproxy.cfg');
  const timeouts = ['timeout client 600s', 'timeout server 600s', 'timeout connect 10s', 'timeout http-keep-alive 600s'];
  const lines = ['global', 'nbthread 1', 'maxconn 8000', 'defaults', ...defaults, ...timeouts, ...sections];
  writeFileSync(file, `${lines.join('\n')}\n`);
  const child = start(0, 'haproxy', '-db', '-f', file);
  return { process: child, pid: () => child.pid as number };
}

/** Plimsoll's balancer: the options of serve.ts. */
export function startPlimsoll(
  options: readonly string[],
  { runtime = process.execPath, cpu = 0 }: { runtime?: string; cpu?: number | 'any' } = {},
): Proxy {
  const child = start(cpu, runtime, join(import.meta.dirname, 'serve.ts'), '--port', String(proxyPort), ...options);
  const pid = child.pid as number;
  return { process: child, pid: () => (options.includes('--in-process') ? pid : childOf(pid)) };
}

/** The origin: answers `/45` with as many bytes, and files of the folder. */
export async function startOrigin(cpu: number | 'any' = 1): Promise<void> {
  const body = '{"message":"hello, world","id":1234567,"ok":1}';
  start(
    cpu,
    'nginx',
    '-c',
    nginxConfig('origin', {
      http: `open_file_cache max=10; sendfile on; server { listen 127.0.0.1:${originPort} backlog=4096; root ${folder}; default_type application/json; location = /45 { return 200 '${body}'; } }`,
    }),
  );
  await listening(originPort);
}

/** cert.pem, key.pem and both.pem in the folder: P-256, signed by itself. */
export function makeCertificate(): void {
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const options = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=bench';
  execFileSync('openssl', [...options.split(' '), '-keyout', key, '-out', certificate], { stdio: 'ignore' });
  writeFileSync(join(folder, 'both.pem'), readFileSync(certificate, 'utf8') + readFileSync(key, 'utf8'));
}

/** Waits until a port takes connections. */
export async function listening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
    if (open) return;
    await pause(50);
  }
  throw new Error(`nothing listens on port ${port}`);
}

/** Starts a proxy, runs something while it listens, and ends it. */
export async function withProxy<T>(begin: () => Proxy, run: (proxy: Proxy) => T | Promise<T>): Promise<T> {
  const proxy = begin();
  await listening(proxyPort);
  await pause(200);
  const result = await run(proxy);
  proxy.process.kill('SIGTERM');
  await new Promise((resolve) => proxy.process.once('exit', resolve));
  await pause(200);
  return result;
}

/** CPU milliseconds that a process has used, user and system. */
export function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Adds to the list of a key. */
export function note<T>(map: Map<string, T[]>, key: string, value: T): void {
  map.set(key, [...(map.get(key) ?? []), value]);
}

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Runs a benchmark; afterwards nothing of it is left. */
export async function bench(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } finally {
    for (const child of started) child.kill('SIGTERM');
    const running = started.filter((child) => child.exitCode === null && child.signalCode === null);
    await Promise.all(running.map((child) => new Promise((resolve) => child.once('exit', resolve))));
    rmSync(folder, { recursive: true });
  }
}
