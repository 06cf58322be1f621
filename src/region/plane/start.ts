import { fork } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { entry, PlimsollError } from '../../base/index.ts';
import { removeMachinesFolder, sweepLeftovers } from '../../compute/index.ts';
import { regionErrors } from '../errors.ts';
import { errorFromRecord } from './channel.ts';
import type { ErrorRecord, PlaneOptions } from './protocol.ts';

/** What a new data plane says first. */
export type PlaneStart = { readonly socket: string } | { readonly error: ErrorRecord };

/** Says where the data plane of a data folder is to be reached, while there is one. */
export function planeFile(dataDir: string): string {
  return join(dataDir, 'data-plane.json');
}

/** Names the loopback network that the last data plane of a data folder has had: load balancers and databases are known by its addresses. */
export function networkRecord(dataDir: string): string {
  return join(dataDir, 'network');
}

/** Names the folder of a data plane's machines. */
export function machinesRecord(dataDir: string): string {
  return join(dataDir, 'machines-folder');
}

/** A path of a unix socket has room for 107 bytes only, which a data folder's may exceed. */
export const socketFolder = join(tmpdir(), 'plimsoll-plane-');

/** The connection to the data plane that a run before has left; undefined where there is none. */
export async function findPlane(dataDir: string): Promise<Socket | undefined> {
  const file = planeFile(dataDir);
  if (!existsSync(file)) return undefined;
  let socket = '';
  try {
    ({ socket } = JSON.parse(readFileSync(file, 'utf8')) as { socket: string });
    return await connectTo(socket);
  } catch {
    // Its process is gone, and was not let to tidy up.
    if (socket.startsWith(socketFolder)) rmSync(dirname(socket), { recursive: true, force: true });
    rmSync(file, { force: true });
    return undefined;
  }
}

/** Removes the temporary folders of a data plane that was killed. One that runs is left alone: it may be another region's by now. */
export async function tidyAfter(dataDir: string): Promise<void> {
  const running = await findPlane(dataDir);
  if (running === undefined) removeMachinesFolder(machinesRecord(dataDir));
  else running.destroy();
}

/** Removes the data folder of a region that was killed, and ends what it has left; a data plane that still runs keeps it. */
export async function removeDataFolder(dataDir: string): Promise<void> {
  await tidyAfter(dataDir);
  if (existsSync(planeFile(dataDir))) return;
  await sweepLeftovers(dataDir);
  rmSync(dataDir, { recursive: true, force: true });
}

/** Starts a data plane and connects to it. It shares nothing with us that ends with us, and what it says of its own end goes to the log file. */
export async function startPlane(options: PlaneOptions): Promise<Socket> {
  const errors = openSync(join(options.dataDir, 'data-plane.log'), 'a', 0o600);
  const child = fork(fileURLToPath(entry(import.meta.url, './process')), [JSON.stringify(options)], {
    detached: true,
    stdio: ['ignore', 'ignore', errors, 'ipc'],
    execArgv: [],
    cwd: '/',
  });
  closeSync(errors);
  const start = await new Promise<PlaneStart>((told, ended) => {
    const fail = (): void => ended(new PlimsollError(regionErrors.PL_REGION_PLANE_FAILED, { what: 'the data plane ended while starting' }));
    child.once('message', (message) => told(message as PlaneStart));
    child.once('error', fail);
    child.once('exit', fail);
  });
  child.unref();
  if ('error' in start) throw errorFromRecord(start.error);
  return connectTo(start.socket);
}

function connectTo(path: string): Promise<Socket> {
  return new Promise((connected, failed) => {
    const socket = connect(path);
    socket.once('error', failed);
    socket.once('connect', () => {
      socket.removeListener('error', failed);
      connected(socket);
    });
  });
}
