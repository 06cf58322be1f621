import {
  appendFileSync,
  chownSync,
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { errorMessage, PlimsollError, systemClock } from '../../base/index.ts';
import { computeErrors } from '../errors.ts';
import { readLines, LastLines } from '../process/lines.ts';
import { childEnvironment, launch, type Account } from '../process/launch.ts';
import { exitOf, sendSignal } from '../process/tree.ts';
import type { PostgresBinaries } from './binaries.ts';

/** A data folder of PostgreSQL: `<dataDir>/cluster`. */
export interface ClusterOptions {
  readonly dataDir: string;
  readonly user: string;
  readonly password: string;
  /** False leaves out what makes data survive a crash of the machine. */
  readonly durable: boolean;
}

/** initdb admits this computer alone. Who shares a network of the address that the server listens at may log in too, such as containers. */
function admitNeighbours(cluster: string): void {
  const file = join(cluster, 'pg_hba.conf');
  const line = 'host all all samenet scram-sha-256\n';
  if (!readFileSync(file, 'utf8').endsWith(line)) appendFileSync(file, line);
}

/** Makes the cluster unless it is there. It appears whole or not at all: made beside its place, then renamed. */
export async function initCluster(
  options: ClusterOptions,
  binaries: PostgresBinaries,
  account: Account | undefined,
  setpriv: string | undefined,
): Promise<string> {
  const cluster = join(options.dataDir, 'cluster');
  if (existsSync(join(cluster, 'PG_VERSION'))) {
    admitNeighbours(cluster);
    return cluster;
  }
  // What is left of an attempt that was killed.
  for (const name of readdirSync(options.dataDir))
    if (name.startsWith('new-cluster')) rmSync(join(options.dataDir, name), { recursive: true });
  const fresh = join(options.dataDir, `new-cluster-${process.pid}`);
  const passwordFile = `${fresh}.password`;
  try {
    writeFileSync(passwordFile, `${options.password}\n`, { mode: 0o600 });
    if (account) chownSync(passwordFile, account.uid, account.gid);
    const args = ['--pgdata', fresh, '--username', options.user, '--pwfile', passwordFile, '--auth', 'scram-sha-256'];
    // Order and case of text by Unicode alone: the same on every machine, whatever its locales are.
    args.push('--encoding', 'UTF8', '--locale', 'C', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8', '--no-instructions');
    if (!options.durable) args.push('--no-sync');
    const env = childEnvironment({ LC_ALL: 'C' });
    const child = await launch(
      { file: binaries.initdb, args, cwd: options.dataDir, env, memberFiles: [], deathSignal: 'KILL', ...(account ? { account } : {}) },
      setpriv,
    );
    const last = new LastLines();
    for (const stream of [child.stdout, child.stderr]) if (stream) readLines(stream, (line) => last.add(line));
    const { code, signal } = await exitOf(child);
    if (code !== 0) throw new Error(`initdb ended with ${code ?? signal}: ${last.get().join(' | ')}`);
    admitNeighbours(fresh);
    renameSync(fresh, cluster);
    return cluster;
  } catch (cause) {
    rmSync(fresh, { recursive: true, force: true });
    if (cause instanceof PlimsollError) throw cause;
    throw new PlimsollError(computeErrors.PL_COMPUTE_POSTGRES_INIT, {
      what: `cannot initialise a database: ${errorMessage(cause)}`,
      where: cluster,
      cause,
    });
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

/**
 * Throws PL_COMPUTE_POSTGRES_DATA_IN_USE when a living server has this cluster. PostgreSQL's own check takes any
 * process with the number in a left-behind postmaster.pid for its server; /proc tells whether it is one.
 */
export async function refuseLiveServer(cluster: string): Promise<void> {
  const lockFile = join(cluster, 'postmaster.pid');
  if (!existsSync(lockFile)) return;
  const pid = Number.parseInt(readFileSync(lockFile, 'latin1'), 10);
  const isLive = process.platform === 'linux' ? isProcessOf(pid, cluster) : pid > 0 && sendSignal(pid, 0);
  if (isLive) {
    throw new PlimsollError(computeErrors.PL_COMPUTE_POSTGRES_DATA_IN_USE, {
      what: `a PostgreSQL server (process ${pid}) runs on this data already`,
      where: cluster,
      fix: `stop the region that it belongs to, or end it: kill -INT ${pid}`,
    });
  }
  await endBackends(cluster);
  rmSync(lockFile, { force: true });
}

/**
 * Ends what is left of a server whose first process was killed. Its backends notice and end by themselves, but
 * each leads a session of its own, so no process group names them, and until they are gone no new server starts.
 */
export async function endBackends(cluster: string): Promise<void> {
  if (process.platform !== 'linux') return;
  for (let attempts = 0; attempts < 500; attempts++) {
    const pids = readdirSync('/proc')
      .map(Number)
      .filter((pid) => pid > 0 && isProcessOf(pid, cluster));
    if (pids.length === 0) return;
    for (const pid of pids) sendSignal(pid, 'SIGKILL');
    await systemClock.sleep(10);
  }
}

/** All processes of a server work in the folder of its cluster. */
function isProcessOf(pid: number, cluster: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'latin1') === 'postgres\n' && readlinkSync(`/proc/${pid}/cwd`) === realpathSync(cluster);
  } catch {
    return false; // gone, or another user's
  }
}
