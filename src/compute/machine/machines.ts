import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, parse } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { entry, errorMessage, packageRoot, PlimsollError, systemClock, type Logger } from '../../base/index.ts';
import type { ComputeDriver, MachineProgram, MachineMetadata, Machines, MachineSpec } from '../../model/index.ts';
import { computeErrors } from '../errors.ts';
import type { LoopbackNetwork } from '../network.ts';
import { MachineContainers } from './containers.ts';
import { makeMachinesFolder } from './folder.ts';
import { Gateway, systemPath } from './gateway.ts';
import { buildScript, lifeScript, wireScript } from './scripts.ts';
import { standIns } from './standins.ts';

export interface MachinesOptions {
  /** Runs the machines: their limits, output, use and end are its affair. */
  readonly driver: ComputeDriver;
  /** The region's loopback network, which machines may reach parts of. */
  readonly network: Pick<LoopbackNetwork, 'kind' | 'name'>;
  /** What `docker run` starts, and where; without it the programs that stand for images, in the machine itself. */
  readonly containers?: { readonly driver: ComputeDriver; readonly leases: LoopbackNetwork } | undefined;
  readonly log?: Logger;
  /** A file that names the machines' folder, so that one that was killed leaves it to be removed by the next. */
  readonly record?: string;
  /** `user`: as a normal user would, also as root. */
  readonly isolation?: 'auto' | 'user';
}

interface Machine {
  readonly address: string;
  readonly host: string;
  readonly routed: boolean;
  readonly folder: string;
}

const run = promisify(execFile);

/** Outside, a machine's root is this user, which nobody else is: above system's and people's, below 65,534. */
const machineUid = 64_242;
const upWithinMs = 30_000;

/**
 * Machines for EC2 instances out of Linux namespaces: nothing to install, up in a fifth of a second, isolated from this
 * computer's files, processes and network. Throws PL_COMPUTE_MACHINE_SYSTEM where the system has no such namespaces.
 */
export async function createMachines(options: MachinesOptions): Promise<Machines> {
  if (process.platform !== 'linux') throw noMachines('machines need Linux namespaces', 'run inside a Linux virtual machine or WSL 2');
  const root = process.getuid?.() === 0 && options.isolation !== 'user';
  await probe(['unshare', '--version'], 'the program unshare (util-linux) is missing');
  await probe(['ip', '-V'], 'the program ip (iproute2) is missing');
  await probe(
    ['unshare', ...(root ? [] : ['--user', '--map-root-user']), '--mount', '--net', '--pid', '--uts', '--ipc', '--fork', 'true'],
    'this system lets nobody make namespaces here',
  );
  const drops = root && (await dropsTo(machineUid));
  const gateway = await Gateway.open(root, makeMachinesFolder(options.record), options.log);
  return new NamespaceMachines(options, gateway, root, drops ? machineUid : undefined);
}

async function probe([file = '', ...args]: readonly string[], what: string): Promise<void> {
  try {
    await run(file, args, { env: { PATH: systemPath } });
  } catch (error) {
    throw noMachines(`${what}: ${errorMessage(error).split('\n').slice(0, 2).join(' ')}`, 'allow user namespaces, or run as root');
  }
}

function noMachines(what: string, fix: string): PlimsollError {
  return new PlimsollError(computeErrors.PL_COMPUTE_MACHINE_SYSTEM, { what, fix });
}

async function dropsTo(uid: number): Promise<boolean> {
  const drop = ['--reuid', String(uid), '--regid', String(uid), '--clear-groups', 'unshare', '--user', '--map-root-user', 'true'];
  return run('setpriv', drop, { env: { PATH: systemPath } }).then(
    () => true,
    () => false,
  );
}

class NamespaceMachines implements Machines {
  readonly isolation: string;
  readonly #options: MachinesOptions;
  readonly #gateway: Gateway;
  readonly #root: boolean;
  readonly #uid: number | undefined;
  readonly #containers: MachineContainers | undefined;
  readonly #machines = new Map<string, Machine>();
  /** What is left of machines that have ended, on its way out. */
  readonly #going = new Map<string, Promise<void>>();
  readonly #waiting = new Map<string, { up: () => void; down: (why: string) => void }>();
  #count = 0;

  constructor(options: MachinesOptions, gateway: Gateway, root: boolean, uid: number | undefined) {
    this.#options = options;
    this.#gateway = gateway;
    this.#root = root;
    this.#uid = uid;
    const { containers } = options;
    this.#containers = containers && new MachineContainers({ ...containers, onPort: (target, open) => gateway.reach(target, open) });
    this.isolation = root && uid === undefined ? 'namespaces of root, without a user namespace' : 'user namespaces';
    options.driver.onLine((id, line) => {
      if (/^machine \S+ is up$/.test(line)) this.#waiting.get(id)?.up();
    });
    options.driver.onExit(({ id, lastLines }) => {
      this.#waiting.get(id)?.down(lastLines.slice(-3).join('; '));
      void this.#forget(id);
    });
  }

  async start(spec: MachineSpec): Promise<string> {
    const { driver, network } = this.#options;
    const folder = join(this.#gateway.folder, spec.id);
    const routed = await this.#gateway.route(spec.address);
    const host = routed ? spec.address : spec.host;
    const machine: Machine = { address: spec.address, host, routed, folder };
    this.#machines.set(spec.id, machine);
    this.#gateway.describe(spec.address, spec.metadata);
    const folders = furnish(folder, this.#containers === undefined ? spec : { ...spec, images: {} });
    const up = this.#up(spec.id);
    try {
      await this.#containers?.open(spec, join(folder, 'engine.sock'));
      const [command, ...args] = this.#command(folder);
      await driver.start({
        id: spec.id,
        command,
        args,
        cwd: '/',
        env: {
          PATH: systemPath,
          DIR: folder,
          NAME: spec.hostname,
          ADDR: spec.address,
          NODE: process.execPath,
          HOLDER: String(this.#gateway.pid),
          VETH: `m${(this.#count++).toString(36)}`,
          FOLDERS: folders,
          UPLINK: this.#gateway.uplink ?? '',
          NETWORK: network.kind === 'slice' ? network.name : '127.16.0.0/24',
          DROP: this.#uid === undefined ? '' : String(this.#uid),
        },
        address: host,
        cpuUnits: spec.cpuUnits,
        memoryMiB: spec.memoryMiB,
      });
      await up;
      return host;
    } catch (error) {
      up.catch(() => undefined);
      await this.stop(spec.id);
      await this.#forget(spec.id);
      throw error;
    }
  }

  async stop(id: string): Promise<void> {
    await this.#options.driver.stop(id, 0);
    await this.#forget(id);
  }

  describe(id: string, metadata: MachineMetadata): void {
    const machine = this.#machines.get(id);
    if (machine !== undefined) this.#gateway.describe(machine.address, metadata);
  }

  allow(address: string, port: number): void {
    this.#gateway.allow(address, port);
  }

  expose(id: string, port: number): void {
    const machine = this.#machines.get(id);
    if (machine === undefined || machine.routed) return;
    this.#gateway.expose(machine.host, port, `${machine.address}:${port}`);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#machines.keys()].map((id) => this.stop(id)));
    await Promise.all(this.#going.values());
    await this.#gateway.close();
  }

  #command(folder: string): [string, ...string[]] {
    const enter = this.#root ? ['-n'] : ['-U', '--preserve-credentials', '-n'];
    return ['nsenter', '-t', String(this.#gateway.pid), ...enter, '--', 'unshare', '--net', '--', '/bin/bash', join(folder, 'wire')];
  }

  async #up(id: string): Promise<void> {
    const late = new AbortController();
    try {
      await Promise.race([
        new Promise<void>((up, down) => {
          this.#waiting.set(id, { up, down: (why) => down(startError(id, `the machine ended while coming up: ${why}`)) });
        }),
        systemClock.sleep(upWithinMs, late.signal).then(() => {
          throw startError(id, `the machine was not up within ${upWithinMs / 1000} s`);
        }),
      ]);
    } finally {
      late.abort();
      this.#waiting.delete(id);
    }
  }

  #forget(id: string): Promise<void> {
    const machine = this.#machines.get(id);
    if (machine === undefined) return this.#going.get(id) ?? Promise.resolve();
    this.#machines.delete(id);
    const going = this.#clear(id, machine).finally(() => this.#going.delete(id));
    this.#going.set(id, going);
    return going;
  }

  async #clear(id: string, machine: Machine): Promise<void> {
    await this.#containers?.close(id);
    await this.#gateway.remove(machine.address, machine.host, machine.routed);
    rmSync(machine.folder, { recursive: true, force: true });
  }
}

function startError(id: string, what: string): PlimsollError {
  return new PlimsollError(computeErrors.PL_COMPUTE_MACHINE_START, { what, where: id });
}

/** Puts what a machine is built from into its folder; returns the folders that it may read, a line `name=path` for each. */
function furnish(folder: string, spec: MachineSpec): string {
  mkdirSync(join(folder, 'standins'), { recursive: true, mode: 0o755 });
  for (const [name, script] of Object.entries(standIns)) writeFileSync(join(folder, 'standins', name), script, { mode: 0o755 });
  for (const url of [entry(import.meta.url, './httpd'), entry(import.meta.url, './dockerRun')]) {
    const file = fileURLToPath(url);
    const { name, ext } = parse(file);
    copyFileSync(file, join(folder, 'standins', `${name}${ext === '.ts' ? '.mts' : '.mjs'}`));
  }
  for (const [name, script] of Object.entries({ wire: wireScript, build: buildScript, life: lifeScript }))
    writeFileSync(join(folder, name), script);
  writeFileSync(join(folder, 'user-data'), spec.userData ?? '#!/bin/bash\n', { mode: 0o755 });
  const folders = new Map<string, string>([['package', packageRoot]]);
  const lines = Object.entries(spec.images).map(([name, program], index) => `${name}=${shellLine(program, index, folders)}`);
  writeFileSync(join(folder, 'images'), `${lines.join('\n')}\n`);
  return [...folders].map(([name, path]) => `${name}=${path}`).join('\n');
}

/** One line for a shell; programs and files of this package are where the machine has them. */
function shellLine({ command, args, cwd, environment }: MachineProgram, index: number, folders: Map<string, string>): string {
  if (cwd !== '/' && !cwd.startsWith(packageRoot)) folders.set(`image${index}`, cwd);
  const inside = (path: string): string => {
    if (path === process.execPath) return '/run/machine/node';
    if (path.startsWith(`${packageRoot}/`)) return `/run/machine/folders/package${path.slice(packageRoot.length)}`;
    return path;
  };
  const folder = cwd === '/' ? '/' : cwd.startsWith(packageRoot) ? inside(cwd) : `/run/machine/folders/image${index}`;
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  return `cd ${quote(folder)}; exec ${['env', ...variables, inside(command), ...args.map(inside)].map(quote).join(' ')}`;
}

function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''").replaceAll('\n', ' ')}'`;
}
