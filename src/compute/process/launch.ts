import { execFile, spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { accessSync, constants, existsSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { errorMessage, PlimsollError, systemErrorCode } from '../../base/index.ts';
import { computeErrors } from '../errors.ts';

/** An unprivileged user to run as; `readAll` lets it pass folders and read files that are closed to it. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly readAll: boolean;
}

export interface Launch {
  /** Absolute path of the program. */
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** The cgroup.procs files of the groups that it starts in. */
  readonly memberFiles: readonly string[];
  /** What the kernel sends it when we die; only where `setpriv` is present. */
  readonly deathSignal: 'KILL' | 'QUIT';
  readonly account?: Account;
}

/**
 * Starts a program in a session of its own, inside its cgroups from its first instruction and tied to our
 * life. Small programs of the system that each replace themselves by the next do this, so the pid stays the same:
 *
 *     sh: write own pid to cgroup.procs  →  setpriv: death signal, user  →  the program
 *
 * The death signal belongs to the thread that starts the program: call this from the main thread.
 */
export async function launch(options: Launch, setpriv: string | undefined): Promise<ChildProcess> {
  const placeFirst = options.memberFiles.length > 0 && (setpriv !== undefined || options.account === undefined);
  const lost = placeFirst ? Object.entries(options.env).filter(([name]) => shellOwned.has(name) || !/^[A-Za-z_]\w*$/.test(name)) : [];
  const viaEnv = lost.length === 0 ? [] : ['/usr/bin/env', ...lost.map(([name, value]) => `${name}=${value}`)];
  const program = [...viaEnv, options.file, ...options.args];
  const tied = setpriv === undefined ? program : [setpriv, ...setprivFlags(options), '--', ...program];
  const argv = placeFirst ? ['/bin/sh', '-c', placeScript, 'sh', ...options.memberFiles, '--', ...tied] : tied;
  const spawnOptions: SpawnOptions = { cwd: options.cwd, env: options.env, stdio: ['ignore', 'pipe', 'pipe'], detached: true };
  if (setpriv === undefined && options.account) Object.assign(spawnOptions, { uid: options.account.uid, gid: options.account.gid });
  const [file = '', ...args] = argv;
  const child = spawn(file, args, spawnOptions);
  await new Promise<void>((done, reject) => {
    child.once('spawn', done);
    child.once('error', (cause) => reject(startError(options.file, cause)));
  });
  // Only without setpriv: the shell could no longer write there once it had changed its user.
  if (!placeFirst) for (const file of options.memberFiles) writeFileSync(file, String(child.pid));
  return child;
}

/**
 * Variables that shells add on their own. They leave again; where the program is given one of its own, and for names
 * that shells drop because they could not write them (`spring.profiles`), env(1) behind the shell hands it on.
 */
const shellOwned = new Set(['PWD', 'OLDPWD', 'SHLVL']);

const placeScript = 'unset PWD OLDPWD SHLVL; while [ "$1" != -- ]; do echo 0 > "$1" || exit 126; shift; done; shift; exec "$@"';

function setprivFlags({ deathSignal, account }: Launch): string[] {
  const flags = ['--pdeathsig', deathSignal];
  if (!account) return flags;
  flags.push('--reuid', String(account.uid), '--regid', String(account.gid), '--clear-groups');
  // The one capability to search and read, kept over the change of user and in access(2), which PostgreSQL asks before it executes itself.
  const only = '-all,+dac_read_search';
  if (account.readAll)
    flags.push('--inh-caps', only, '--bounding-set', only, '--ambient-caps', '+dac_read_search', '--securebits', '+no_setuid_fixup');
  return flags;
}

/** Absolute path of a `setpriv` that can set a death signal (util-linux 2.33 or later), or undefined. */
export async function findSetpriv(): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined;
  const file = searchPath('setpriv', `${process.env['PATH'] ?? ''}${delimiter}/usr/bin${delimiter}/bin`);
  if (typeof file !== 'string') return undefined;
  try {
    await promisify(execFile)(file, ['--pdeathsig', 'KILL', '--', '/bin/sh', '-c', ':']);
    return file;
  } catch {
    return undefined;
  }
}

/** The environment of a child: what it is given, and of ours only where programs, language and time zone are. */
export function childEnvironment(given: Readonly<Record<string, string>>): Record<string, string> {
  const env: Record<string, string> = {};
  for (const name of ['PATH', 'LANG', 'TZ']) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  return { ...env, ...given };
}

/**
 * The program that a command names, as execvp(3) would find it: absolute, relative to `cwd`, or on `path`.
 * Checked before anything is started, because behind `sh` and `setpriv` a wrong one would look like a task that failed.
 */
export function findProgram(command: string, cwd: string, path: string): string {
  if (!isFolder(cwd)) {
    throw new PlimsollError(computeErrors.PL_COMPUTE_FOLDER_MISSING, {
      what: 'the working folder does not exist',
      where: cwd,
      fix: 'create it or name another',
    });
  }
  const found = command.includes('/') ? check(isAbsolute(command) ? command : resolve(cwd, command)) : searchPath(command, path);
  if (typeof found === 'string') return found;
  if (found.denied !== undefined) {
    throw new PlimsollError(computeErrors.PL_COMPUTE_COMMAND_NOT_EXECUTABLE, {
      what: `the command ${command} may not be executed`,
      where: found.denied,
      fix: `chmod +x ${found.denied}, or name another`,
    });
  }
  throw new PlimsollError(computeErrors.PL_COMPUTE_COMMAND_NOT_FOUND, {
    what: `the command ${command} was not found`,
    where: command.includes('/') ? cwd : `PATH=${path}`,
    fix: 'install it or give its full path',
  });
}

interface NotFound {
  /** A file of that name which is not executable. */
  readonly denied?: string;
}

function searchPath(command: string, path: string): string | NotFound {
  let miss: NotFound = {};
  for (const folder of path.split(delimiter)) {
    if (folder === '') continue;
    const found = check(join(folder, command));
    if (typeof found === 'string') return found;
    // A folder on PATH that is closed to us hides nothing: execvp(3) passes it by too.
    if (found.denied !== undefined && existsSync(found.denied)) miss = found;
  }
  return miss;
}

function check(file: string): string | NotFound {
  try {
    if (!statSync(file).isFile()) return { denied: file };
    accessSync(file, constants.X_OK);
    return file;
  } catch (error) {
    return systemErrorCode(error) === 'EACCES' ? { denied: file } : {};
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function startError(file: string, cause: unknown): PlimsollError {
  return new PlimsollError(computeErrors.PL_COMPUTE_START_FAILED, {
    what: `cannot start a process: ${errorMessage(cause)}`,
    where: file,
    cause,
  });
}
