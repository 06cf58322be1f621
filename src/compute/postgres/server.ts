import type { ChildProcess } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import connect, { type Sql } from 'postgres';
import { assert, errorMessage, monotonicMs, PlimsollError, systemClock, systemErrorCode, type Logger } from '../../base/index.ts';
import { computeErrors } from '../errors.ts';
import { openCgroups, type Cgroup } from '../process/cgroup.ts';
import { startKeeper, type Keeper } from '../process/keeper.ts';
import { childEnvironment, findSetpriv, launch } from '../process/launch.ts';
import { LastLines, readLines } from '../process/lines.ts';
import { exitOf, killTree, sendSignal } from '../process/tree.ts';
import { readUsage, UsageMeter, type TreeUsage } from '../process/usage.ts';
import { prepareFolder } from './account.ts';
import { binariesIn, findPostgres } from './binaries.ts';
import { clientBackends } from './backends.ts';
import { endBackends, initCluster, refuseLiveServer } from './cluster.ts';
import { LogFile } from './logFile.ts';
import { openRelay, type Relay } from './relay.ts';

export interface PostgresOptions {
  /** Holds the cluster; made when missing. What was written survives a stop and is there at the next start. */
  readonly dataDir: string;
  /** The only address that it listens on. */
  readonly address: string;
  readonly port: number;
  /** The master user, with all rights. It and its password are set when the cluster is made and must fit later. */
  readonly user: string;
  readonly password: string;
  /** Made when missing. */
  readonly database: string;
  /** Default 100. */
  readonly maxConnections?: number;
  /** 1024 are one vCPU; unlimited without, or where cgroups cannot be made. */
  readonly cpuUnits?: number;
  /** A quarter of it becomes PostgreSQL's shared buffers (otherwise 128 MiB). */
  readonly memoryMiB?: number;
  /** Settings of postgresql.conf, e.g. `work_mem`; what stands above, and what keeps the server safe, cannot be changed by them. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** A folder with `bin`, `lib` and `share` of PostgreSQL, instead of the programs that npm installed. */
  readonly programs?: string;
  /** False trades durability for speed: fsync is off. Default true. */
  readonly durable?: boolean;
  /**
   * So much longer does a round trip take, by a relay that listens in the server's place; `slow` changes it while it runs. Without
   * it nothing stands between clients and the server.
   */
  readonly addedLatencyMs?: number;
  /** What the server writes is appended there, in a folder that exists; some 8 MiB are kept. */
  readonly logFile?: string;
  readonly log?: Logger;
  /** Called once when it ended, asked or not. */
  readonly onExit?: (exit: PostgresExit) => void;
}

export interface PostgresExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** Whether `stop` or `kill` asked for it. */
  readonly expected: boolean;
  /** The last lines of the server's log, newest last, at most 20. */
  readonly lastLines: readonly string[];
}

export interface PostgresServer {
  readonly host: string;
  readonly port: number;
  /** `postgres://user:password@host:port/database`. */
  readonly uri: string;
  /** E.g. `18.4`. */
  readonly version: string;
  readonly pid: number;
  readonly exited: Promise<PostgresExit>;
  /**
   * Half a second for clients to leave (smart), then their sessions are cut and their transactions rolled back
   * (fast), after ten more it stops without a checkpoint (immediate). Resolves when all of it is gone.
   */
  stop(): Promise<void>;
  /** Gives the master user another password; sessions that are open go on. The server must be running. */
  changePassword(password: string): Promise<void>;
  /** What round trips take longer from now on. Only of a server that was started with added latency. */
  slow(addedLatencyMs: number): void;
  /** SIGKILL to the server and its backends: a crash, for drills. */
  kill(): void;
  /** CPU in percent of `cpuUnits` (or of the whole machine) since the previous call. */
  usage(): Promise<TreeUsage>;
  /** Open connections of clients; undefined where the system does not show a process's title. */
  connections(): Promise<number | undefined>;
}

const smartMs = 500;
const fastMs = 10_000;
const immediateMs = 5000;
const readyTimeoutMs = 30_000;

/**
 * Starts a real PostgreSQL server and resolves once a login over TCP works. First it makes the cluster, half a second.
 * Passwords are checked by SCRAM-SHA-256; there is no Unix socket, and no file outside `dataDir`.
 * Rejects with one of the PL_COMPUTE_POSTGRES errors, leaving nothing running.
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const binaries = options.programs === undefined ? findPostgres() : binariesIn(options.programs);
  const setpriv = await findSetpriv();
  const dataDir = resolve(options.dataDir);
  const account = prepareFolder(dataDir, binaries.folder, setpriv);
  const durable = options.durable ?? true;
  const cluster = await initCluster({ dataDir, user: options.user, password: options.password, durable }, binaries, account, setpriv);
  await refuseLiveServer(cluster);
  await refuseBusyPort(options.address, options.port);
  const { addedLatencyMs } = options;
  const listensAt = addedLatencyMs === undefined ? options.port : await freePortOf(options.address);
  const cgroups = await openCgroups();
  const cgroup = cgroups.create(options);
  const keeper = startKeeper(cgroups.prefixes, immediateMs);
  try {
    const child = await launch(
      {
        file: binaries.postgres,
        args: ['-D', cluster, ...settings(options, listensAt)],
        cwd: cluster,
        env: childEnvironment({ LC_ALL: 'C' }),
        memberFiles: cgroup?.memberFiles ?? [],
        // An immediate shutdown: children and shared memory go too. The keeper sends the same.
        deathSignal: 'QUIT',
        ...(account ? { account } : {}),
      },
      setpriv,
    );
    const server = new Server(options, listensAt, cluster, child, cgroup, keeper);
    await server.becomeReady();
    if (addedLatencyMs !== undefined) await server.openRelay(addedLatencyMs);
    return server;
  } catch (error) {
    cgroup?.remove();
    await keeper.close();
    throw error;
  }
}

function settings(options: PostgresOptions, port: number): string[] {
  const durable = options.durable ?? true;
  const values: Record<string, string | number> = {
    ...options.parameters,
    listen_addresses: options.address,
    port,
    unix_socket_directories: '',
    max_connections: options.maxConnections ?? 100,
    shared_buffers: options.memoryMiB === undefined ? '128MB' : `${Math.max(1, Math.floor(options.memoryMiB / 4))}MB`,
    // Files in the cluster instead of /dev/shm, where a killed server would leave them.
    dynamic_shared_memory_type: 'mmap',
    fsync: durable ? 'on' : 'off',
    full_page_writes: durable ? 'on' : 'off',
    synchronous_commit: durable ? 'on' : 'off',
    log_timezone: 'UTC',
    log_checkpoints: 'off',
  };
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

class Server implements PostgresServer {
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  readonly exited: Promise<PostgresExit>;
  readonly #options: PostgresOptions;
  readonly #keeper: Keeper;
  readonly #meter: UsageMeter;
  readonly #lastLines = new LastLines();
  /** Of the server itself. */
  readonly #listensAt: number;
  #relay: Relay | undefined;
  #password: string;
  #version = '';
  #asked = false;
  #exit: PostgresExit | undefined;
  #ready = false;

  constructor(
    options: PostgresOptions,
    listensAt: number,
    cluster: string,
    child: ChildProcess,
    cgroup: Cgroup | undefined,
    keeper: Keeper,
  ) {
    this.#listensAt = listensAt;
    this.host = options.address;
    this.port = options.port;
    this.pid = child.pid as number;
    this.#password = options.password;
    this.#options = options;
    this.#keeper = keeper;
    this.#meter = new UsageMeter({ pid: this.pid, cgroup }, options.cpuUnits ?? availableParallelism() * 1024);
    keeper.keep(new Map([[this.pid, 'QUIT']]));
    this.exited = this.#watch(child, cluster);
  }

  get uri(): string {
    const { user, database } = this.#options;
    return `postgres://${encodeURIComponent(user)}:${encodeURIComponent(this.#password)}@${this.host}:${this.port}/${encodeURIComponent(database)}`;
  }

  get version(): string {
    return this.#version;
  }

  async stop(): Promise<void> {
    await this.#stop(smartMs);
  }

  async changePassword(password: string): Promise<void> {
    const sql = this.#connect();
    try {
      // ALTER ROLE takes no parameters; the server itself quotes what it is told.
      const [made] = await sql`select format('alter role %I password %L', ${this.#options.user}::text, ${password}::text) as statement`;
      await sql.unsafe(String(made?.['statement']));
      this.#password = password;
    } finally {
      await sql.end({ timeout: 1 });
    }
  }

  #connect(): Sql {
    const { address: host, user } = this.#options;
    return connect({
      host,
      port: this.#listensAt,
      user,
      password: this.#password,
      database: 'postgres',
      max: 1,
      connect_timeout: 5,
      onnotice: () => undefined,
    });
  }

  async openRelay(delayMs: number): Promise<void> {
    try {
      this.#relay = await openRelay({ host: this.host, port: this.port, to: this.#listensAt, delayMs });
    } catch (error) {
      await this.#stop(0);
      throw this.#startError(`the relay before PostgreSQL cannot listen: ${errorMessage(error)}`, error);
    }
    // It may have ended meanwhile.
    if (this.#exit !== undefined) await this.#relay.close();
  }

  slow(addedLatencyMs: number): void {
    assert(this.#relay !== undefined, 'the server was started without added latency');
    this.#relay.delayMs = addedLatencyMs;
  }

  kill(): void {
    this.#asked = true;
    if (this.#exit === undefined) void killTree(this.#meter.tree);
  }

  async usage(): Promise<TreeUsage> {
    const [usage] = await readUsage([this.#meter]);
    return usage ?? { cpuPercent: 0, memoryBytes: 0 };
  }

  async connections(): Promise<number | undefined> {
    return await clientBackends(this.pid);
  }

  /** Logs in until that works; makes the database. Stops the server again when it does not. */
  async becomeReady(): Promise<void> {
    const deadlineMs = monotonicMs() + readyTimeoutMs;
    try {
      for (let waitMs = 10; ; waitMs = Math.min(100, waitMs * 2)) {
        if (this.#exit !== undefined) throw this.#startError(`PostgreSQL ended while starting: ${errorText(this.#exit.lastLines)}`);
        const outcome = await this.#login();
        if (outcome === 'ready') break;
        if (monotonicMs() > deadlineMs)
          throw this.#startError(`PostgreSQL gave no login within ${readyTimeoutMs / 1000} s: ${errorText(this.#lastLines.get())}`);
        await systemClock.sleep(waitMs);
      }
      this.#ready = true;
    } catch (error) {
      await this.#stop(0);
      throw error;
    }
  }

  async #login(): Promise<'ready' | 'not yet'> {
    const { user, database } = this.#options;
    const sql = this.#connect();
    try {
      const [found] =
        await sql`select current_setting('server_version') as version, exists (select from pg_database where datname = ${database}) as present`;
      if (found?.['present'] !== true) await sql`create database ${sql(database)}`;
      this.#version = String(found?.['version']);
      return 'ready';
    } catch (error) {
      // Not listening yet, or listening and still recovering (57P03 cannot_connect_now).
      const code = systemErrorCode(error) ?? '';
      if (['ECONNREFUSED', 'ECONNRESET', 'CONNECTION_CLOSED', 'CONNECT_TIMEOUT', '57P03'].includes(code)) return 'not yet';
      if (code === '28P01' || code === '28000') {
        throw new PlimsollError(computeErrors.PL_COMPUTE_POSTGRES_LOGIN, {
          what: `the data was created with another user or password than ${user}'s`,
          where: this.#options.dataDir,
          fix: 'give those that it was created with, or remove the folder',
          cause: error,
        });
      }
      throw this.#startError(`PostgreSQL refused to be set up: ${errorMessage(error)}`, error);
    } finally {
      await sql.end({ timeout: 1 });
    }
  }

  async #stop(smartMs: number): Promise<void> {
    this.#asked = true;
    const steps = [
      { signal: 'SIGTERM', waitMs: smartMs },
      { signal: 'SIGINT', waitMs: fastMs },
      { signal: 'SIGQUIT', waitMs: immediateMs },
    ] as const;
    for (const { signal, waitMs } of steps) {
      if (this.#exit !== undefined) break;
      if (waitMs === 0) continue;
      sendSignal(this.pid, signal);
      const waited = new AbortController();
      await Promise.race([this.exited, systemClock.sleep(waitMs, waited.signal).catch(() => undefined)]);
      waited.abort();
    }
    if (this.#exit === undefined) await killTree(this.#meter.tree);
    await this.exited;
  }

  async #watch(child: ChildProcess, cluster: string): Promise<PostgresExit> {
    const log = this.#options.log?.child({ server: 'postgres' });
    const file = this.#options.logFile === undefined ? undefined : new LogFile(this.#options.logFile);
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue;
      readLines(stream, (line) => {
        this.#lastLines.add(line);
        log?.debug(line);
        file?.add(line);
      });
    }
    const { code, signal } = await exitOf(child);
    const expected = this.#asked;
    await this.#relay?.close();
    await killTree(this.#meter.tree);
    await endBackends(cluster);
    await this.#keeper.close();
    child.stdout?.destroy();
    child.stderr?.destroy();
    file?.close();
    this.#exit = { code, signal, expected, lastLines: this.#lastLines.get() };
    if (this.#ready) this.#options.onExit?.(this.#exit);
    return this.#exit;
  }

  #startError(what: string, cause?: unknown): PlimsollError {
    return new PlimsollError(computeErrors.PL_COMPUTE_POSTGRES_START, {
      what,
      where: `${this.host}:${this.port}`,
      ...(cause === undefined ? {} : { cause }),
    });
  }
}

/** The end of the server's log for people, without time and process. */
function errorText(lines: readonly string[]): string {
  const last = lines.slice(-3).map((line) => line.replace(/^.*?\[\d+\] /, ''));
  return last.join('; ') || 'it wrote nothing';
}

/** Taken by nobody else: the address is the server's alone. */
async function freePortOf(address: string): Promise<number> {
  const probe = createServer();
  await new Promise<void>((listening, failed) => {
    probe.once('error', failed);
    probe.listen({ host: address, port: 0, exclusive: true }, listening);
  });
  const { port } = probe.address() as AddressInfo;
  await new Promise((closed) => probe.close(closed));
  return port;
}

/** Asked before the server starts, because it would say so only in its log. */
async function refuseBusyPort(address: string, port: number): Promise<void> {
  const probe = createServer();
  try {
    await new Promise<void>((listening, reject) => {
      probe.once('error', reject);
      probe.listen({ host: address, port, exclusive: true }, listening);
    });
  } catch (cause) {
    const code = systemErrorCode(cause);
    throw new PlimsollError(computeErrors.PL_COMPUTE_POSTGRES_PORT, {
      what:
        code === 'EADDRINUSE' ? 'the port for PostgreSQL is taken by another program' : `PostgreSQL cannot listen: ${errorMessage(cause)}`,
      where: `${address}:${port}`,
      fix:
        code === 'EADDRINUSE' ? `find it with: ss -ltnp sport = :${port}; end it or choose another port` : 'choose another address or port',
      cause,
    });
  } finally {
    await new Promise((closed) => probe.close(closed));
  }
}
