import { readFileSync } from 'node:fs';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { PlimsollError, systemClock, systemErrorCode, systemRandom, uuid } from '../../../base/index.ts';
import { terraformErrors } from '../../errors.ts';
import { terraformVersion } from './format.ts';

/** What Terraform's lock files say, and which process holds the lock. */
export interface LockInfo {
  readonly ID: string;
  /** `OperationTypeApply`. */
  readonly Operation: string;
  readonly Info: string;
  /** `user@host`. */
  readonly Who: string;
  readonly Version: string;
  /** RFC 3339. */
  readonly Created: string;
  /** Of the state. */
  readonly Path: string;
  readonly Pid?: number;
  /** When the process began, in the kernel's clock ticks since boot: a pid may be another process's by now. */
  readonly Started?: string;
}

/** Where the lock of a state stands, as Terraform's local backend has it: `.terraform.tfstate.lock.info`. */
export const lockFileOf = (stateFile: string): string => join(dirname(stateFile), `.${basename(stateFile)}.lock.info`);

export interface StateLock {
  readonly info: LockInfo;
  /** Whose lock was taken over, because that process is gone. */
  readonly takenFrom: LockInfo | undefined;
  release(): Promise<void>;
}

/** How often a lock may change hands under our eyes before we give up. */
const attemptsMax = 20;
const removalPauseMs = 5;

/**
 * Holds off others from the state until it is released. The lock of a process of this computer that is gone is taken over.
 * @throws PL_TERRAFORM_STATE_LOCKED with who holds it since when.
 */
export async function lockState(stateFile: string, operation: string): Promise<StateLock> {
  const file = lockFileOf(stateFile);
  const info = ownInfo(stateFile, operation);
  const scratch = `${file}.${systemRandom.hex(8)}`;
  let takenFrom: LockInfo | undefined;
  try {
    await writeFile(scratch, JSON.stringify(info), { flag: 'wx', mode: 0o600 });
    // A link is made once or not at all, and what it leads to is whole: nobody reads half a lock.
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      if (await linked(scratch, file)) return { info, takenFrom, release: () => release(stateFile, info.ID) };
      const holder = await readLock(stateFile);
      if (holder === undefined) continue;
      if (!isDead(holder)) throw locked(file, holder);
      if (await removeDead(scratch, stateFile, holder)) takenFrom = holder;
    }
    throw locked(file, await readLock(stateFile));
  } catch (error) {
    if (error instanceof PlimsollError) throw error;
    throw new PlimsollError(terraformErrors.PL_TERRAFORM_STATE_WRITE, {
      what: `the state cannot be locked: ${(error as Error).message}`,
      where: file,
      fix: 'make room or give the folder its rights',
      cause: error,
    });
  } finally {
    await rm(scratch, { force: true });
  }
}

/** The lock as it stands; undefined when there is none. One that cannot be understood is somebody's all the same. */
export function readLock(stateFile: string): Promise<LockInfo | undefined> {
  return infoOf(lockFileOf(stateFile), stateFile);
}

async function infoOf(file: string, stateFile: string): Promise<LockInfo | undefined> {
  try {
    return infoFrom(await readFile(file, 'utf8'), stateFile);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Takes a lock away from whoever holds it.
 * @throws PL_TERRAFORM_STATE_LOCKED when there is none, or it has another id.
 */
export async function forceUnlock(stateFile: string, id: string): Promise<LockInfo> {
  const file = lockFileOf(stateFile);
  const holder = await readLock(stateFile);
  if (holder?.ID === id) {
    await release(stateFile, id);
    return holder;
  }
  throw new PlimsollError(terraformErrors.PL_TERRAFORM_STATE_LOCKED, {
    what: holder === undefined ? 'the state is not locked' : `the lock has the id ${holder.ID}, not ${id}`,
    where: file,
  });
}

function ownInfo(stateFile: string, operation: string): LockInfo {
  return {
    ID: uuid(),
    Operation: operation,
    Info: '',
    Who: `${userInfo().username}@${hostname()}`,
    Version: terraformVersion,
    Created: new Date(systemClock.nowMs()).toISOString(),
    Path: stateFile,
    Pid: process.pid,
    ...startedOf(process.pid),
  };
}

function infoFrom(text: string, stateFile: string): LockInfo {
  const none = { ID: '', Operation: '', Info: '', Who: '', Version: '', Created: '', Path: stateFile };
  try {
    const found = JSON.parse(text) as unknown;
    return typeof found === 'object' && found !== null ? { ...none, ...found } : none;
  } catch {
    return none;
  }
}

async function linked(scratch: string, file: string): Promise<boolean> {
  try {
    await link(scratch, file);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Removes a dead process's lock, unless somebody else did. Who removes one holds a lock for that: between our look and our
 * removal nobody else can have put a live lock in its place.
 */
async function removeDead(scratch: string, stateFile: string, holder: LockInfo): Promise<boolean> {
  const guard = `${lockFileOf(stateFile)}.removal`;
  if (!(await linked(scratch, guard))) {
    const other = await infoOf(guard, stateFile);
    if (other !== undefined && isDead(other)) await rm(guard, { force: true });
    else await systemClock.sleep(removalPauseMs);
    return false;
  }
  try {
    if ((await readLock(stateFile))?.ID !== holder.ID) return false;
    await rm(lockFileOf(stateFile), { force: true });
    return true;
  } finally {
    await rm(guard, { force: true });
  }
}

/** Only what is ours: somebody may have taken the lock away from us. */
async function release(stateFile: string, id: string): Promise<void> {
  if ((await readLock(stateFile))?.ID === id) await rm(lockFileOf(stateFile), { force: true });
}

/** Known only of processes of this computer. */
function isDead({ Pid, Started, Who }: LockInfo): boolean {
  if (Pid === undefined || !Who.endsWith(`@${hostname()}`)) return false;
  try {
    process.kill(Pid, 0);
  } catch (error) {
    return systemErrorCode(error) === 'ESRCH';
  }
  return Started !== undefined && startedOf(Pid).Started !== Started;
}

/** proc(5): field 22 of /proc/PID/stat. The second, a name in brackets, may hold blanks. */
function startedOf(pid: number): { Started?: string } {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return started === undefined ? {} : { Started: started };
  } catch {
    return {};
  }
}

function locked(file: string, holder: LockInfo | undefined): PlimsollError {
  const { ID = '', Who = '', Created = '', Operation = '', Pid } = holder ?? {};
  const since = Created === '' ? '' : ` since ${Created}`;
  const who = Who === '' ? 'somebody' : `${Who}${Pid === undefined ? '' : ` (process ${Pid})`}`;
  return new PlimsollError(terraformErrors.PL_TERRAFORM_STATE_LOCKED, {
    what: `the state is locked by ${who}${since}${Operation === '' ? '' : `, ${Operation}`}`,
    where: file,
    fix: `wait until that is done, or, when it is not running any more, plimsoll force-unlock ${ID || 'ID'}`,
  });
}
