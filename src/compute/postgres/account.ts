import { accessSync, chownSync, constants, mkdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errorMessage, PlimsollError } from '../../base/index.ts';
import { computeErrors } from '../errors.ts';
import type { Account } from '../process/launch.ts';

/**
 * Makes `dataDir` and says whom PostgreSQL runs as, who then owns that folder. PostgreSQL refuses to run as root: for
 * root it is the owner of the data when there is some, else a user that exists already; none is ever created.
 * For anyone else it is ourselves (undefined).
 */
export function prepareFolder(dataDir: string, programs: string, setpriv: string | undefined): Account | undefined {
  try {
    mkdirSync(dataDir, { recursive: true });
    if (process.getuid?.() !== 0) {
      accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
      return undefined;
    }
  } catch (cause) {
    throw new PlimsollError(computeErrors.PL_COMPUTE_POSTGRES_FOLDER, {
      what: `the data folder cannot be used: ${errorMessage(cause)}`,
      where: dataDir,
      fix: 'start Plimsoll as the user that made it, or name another',
      cause,
    });
  }
  const account = chooseAccount(dataDir, [programs, realpathSync(dataDir)], setpriv);
  chownSync(dataDir, account.uid, account.gid);
  return account;
}

/**
 * The user must reach programs and data even when they lie below a folder closed to it, such as /root. `setpriv` can
 * hand it the capability to pass (CAP_DAC_READ_SEARCH, capabilities(7)) when we have that to give.
 */
export function chooseAccount(dataDir: string, folders: readonly string[], setpriv: string | undefined): Account {
  const user = findOwner(join(dataDir, 'cluster')) ?? findUser('postgres') ?? findUser('nobody');
  if (!user) {
    throw new PlimsollError(computeErrors.PL_COMPUTE_POSTGRES_ACCOUNT, {
      what: 'PostgreSQL does not run as root and this system has neither a user postgres nor nobody',
      fix: 'start Plimsoll as a normal user',
    });
  }
  const closed = folders.map((folder) => closedFolder(folder, user)).find((folder) => folder !== undefined);
  if (closed === undefined) return { ...user, readAll: false };
  if (setpriv !== undefined && mayGrantReadSearch()) return { ...user, readAll: true };
  throw new PlimsollError(computeErrors.PL_COMPUTE_POSTGRES_FOLDER, {
    what: `PostgreSQL runs as the user ${user.name}, who cannot enter a folder on the way to its files`,
    where: closed,
    fix: `chmod o+x ${closed}, start Plimsoll as a normal user, or move it elsewhere`,
  });
}

interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Who made the data in an earlier run; a normal user's data stays that user's when root starts the server. */
function findOwner(cluster: string): User | undefined {
  const stat = statSync(cluster, { throwIfNoEntry: false });
  return stat && stat.uid > 0 ? { name: `number ${stat.uid}`, uid: stat.uid, gid: stat.gid } : undefined;
}

function findUser(name: string): User | undefined {
  for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
    const [user, , uid, gid] = line.split(':');
    if (user === name && Number(uid) > 0) return { name, uid: Number(uid), gid: Number(gid) };
  }
  return undefined;
}

/** The topmost folder on the way to `path`, before `path` itself, that the user may not pass through. */
function closedFolder(path: string, user: User): string | undefined {
  const parent = dirname(path);
  if (parent === path) return undefined;
  return closedFolder(parent, user) ?? (isClosed(parent, user) ? parent : undefined);
}

function isClosed(path: string, user: User): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isDirectory()) return false;
  const bit = stat.uid === user.uid ? 0o100 : stat.gid === user.gid ? 0o010 : 0o001;
  return (stat.mode & bit) === 0;
}

/** CAP_DAC_READ_SEARCH and CAP_SETPCAP by their numbers in linux/capability.h. */
const readSearch = 1n << 2n;
const setPcap = 1n << 8n;

function mayGrantReadSearch(): boolean {
  const status = readFileSync('/proc/self/status', 'latin1');
  const set = (key: string): bigint => BigInt(`0x${new RegExp(`^${key}:\\s+([\\da-f]+)`, 'm').exec(status)?.[1] ?? '0'}`);
  const needed = readSearch | setPcap;
  return (set('CapBnd') & readSearch) !== 0n && (set('CapEff') & needed) === needed;
}
