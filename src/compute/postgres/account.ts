import { accessSync, chownSync, constants, mkdirSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { PlimsollError } from '../../base/index.ts';
import { computeErrors } from '../errors.ts';
import type { Account } from '../process/launch.ts';

/**
 * PostgreSQL refuses to run as root. As root we run it as a user that exists already, and never create one;
 * as anyone else it runs as we do (undefined).
 *
 * That user must reach the programs and the data even when they lie below a folder closed to it, such as /root.
 * `setpriv` can hand it the capability to pass (CAP_DAC_READ_SEARCH, capabilities(7)) when we have that to give.
 */
export function chooseAccount(folders: readonly string[], setpriv: string | undefined): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const user = findUser('postgres') ?? findUser('nobody');
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

/** Makes a folder that belongs to the account. */
export function makeFolder(path: string, account: Account | undefined): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  if (account) chownSync(path, account.uid, account.gid);
  else accessSync(path, constants.W_OK);
}

interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

function findUser(name: string): User | undefined {
  for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
    const [user, , uid, gid] = line.split(':');
    if (user === name && Number(uid) > 0) return { name, uid: Number(uid), gid: Number(gid) };
  }
  return undefined;
}

/** The topmost folder on the way to `path` that the user may not pass through; folders that do not exist yet will be ours to open. */
function closedFolder(path: string, user: User): string | undefined {
  const above = dirname(path) === path ? undefined : closedFolder(dirname(path), user);
  if (above !== undefined) return above;
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isDirectory()) return undefined;
  const bit = stat.uid === user.uid ? 0o100 : stat.gid === user.gid ? 0o010 : 0o001;
  return (stat.mode & bit) === 0 ? path : undefined;
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
