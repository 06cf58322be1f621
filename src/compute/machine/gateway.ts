import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { entry, errorMessage, forkChild, PlimsollError, type Child, type Logger } from '../../base/index.ts';
import type { MachineMetadata } from '../../model/index.ts';
import { computeErrors } from '../errors.ts';
import type { AgentCommand } from './agent.ts';
import type { MachinesFolder } from './folder.ts';
import type { RelayCommand, RelayEvent } from './relay.ts';

const run = promisify(execFile);

/** Where ip(8) and its kin are on systems that keep them from normal users' paths. */
export const systemPath = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin:/usr/bin:/bin`;

/** Address of this computer on its link to the machines' network. */
const uplinkAddress = '169.254.77.1';

/**
 * The network of a region's machines: a namespace with a bridge and a gateway in it, and the relay outside. As root
 * there is a link between the two besides, by which this computer reaches machines at their own addresses.
 */
export class Gateway {
  readonly #folder: MachinesFolder;
  readonly #agent: ChildProcess;
  readonly #relay: Child<RelayCommand, RelayEvent>;
  readonly #link: string | undefined;

  private constructor(folder: MachinesFolder, agent: ChildProcess, relay: Child<RelayCommand, RelayEvent>, link: string | undefined) {
    this.#folder = folder;
    this.#agent = agent;
    this.#relay = relay;
    this.#link = link;
  }

  static async open(root: boolean, folder: MachinesFolder, log: Logger | undefined): Promise<Gateway> {
    const undo: (() => unknown)[] = [() => folder.remove()];
    try {
      const onLine = (line: string): void => log?.info(line);
      const relay = forkChild<RelayCommand, RelayEvent>(entry(import.meta.url, './relay'), { args: [folder.path], onLine });
      undo.unshift(() => relay.stop(0));
      relay.onMessage((event) => {
        if (event.type === 'failed') log?.warn(`a port of a machine cannot be opened: ${event.message}`);
      });
      const agent = await startAgent(folder.path, root, onLine);
      undo.unshift(() => agent.kill('SIGKILL'));
      const link = root ? await uplink(agent.pid!, log) : undefined;
      return new Gateway(folder, agent, relay, link);
    } catch (error) {
      for (const step of undo) await step();
      throw error;
    }
  }

  get folder(): string {
    return this.#folder.path;
  }

  /** Of the process that holds the network namespace. */
  get pid(): number {
    return this.#agent.pid!;
  }

  /** The address that machines know this computer by; undefined where there is no direct link. */
  get uplink(): string | undefined {
    return this.#link === undefined ? undefined : uplinkAddress;
  }

  allow(address: string, port: number): void {
    this.#relay.send({ type: 'allow', target: `${address}:${port}` });
    this.#tell({ type: 'allow', address, port });
  }

  /** Lets machines reach a container through the relay, or no longer. */
  reach(target: string, open: boolean): void {
    this.#relay.send(open ? { type: 'allow', target } : { type: 'forbid', target });
  }

  expose(host: string, port: number, target: string): void {
    this.#relay.send({ type: 'expose', host, port, target });
  }

  /** What the machine at an address is told of itself. */
  describe(address: string, metadata: MachineMetadata): void {
    this.#tell({ type: 'machine', address, metadata });
  }

  /** True when this computer now reaches the machine at its own address. */
  async route(address: string): Promise<boolean> {
    if (this.#link === undefined) return false;
    try {
      await ip(['route', 'add', `${address}/32`, 'dev', this.#link, 'src', uplinkAddress]);
      return true;
    } catch {
      // Another region on this computer has a machine of that address.
      return false;
    }
  }

  async remove(address: string, host: string, routed: boolean): Promise<void> {
    this.#tell({ type: 'forget', address });
    if (!routed) this.#relay.send({ type: 'hide', host });
    if (routed && this.#link !== undefined) await ip(['route', 'del', `${address}/32`, 'dev', this.#link]).catch(() => undefined);
  }

  async close(): Promise<void> {
    const gone = new Promise((resolve) => this.#agent.once('exit', resolve));
    if (this.#agent.exitCode === null && this.#agent.signalCode === null) {
      this.#agent.kill('SIGKILL');
      await gone;
    }
    await this.#relay.stop(500);
    if (this.#link !== undefined) await ip(['link', 'del', this.#link]).catch(() => undefined);
    this.#folder.remove();
  }

  #tell(command: AgentCommand): void {
    if (this.#agent.stdin?.writable === true) this.#agent.stdin.write(`${JSON.stringify(command)}\n`);
  }
}

async function startAgent(folder: string, root: boolean, onLine: (line: string) => void): Promise<ChildProcess> {
  const agentFile = fileURLToPath(entry(import.meta.url, './agent'));
  const flags = [...(root ? [] : ['--user', '--map-root-user']), '--net'];
  const agent = spawn('unshare', [...flags, '--', process.execPath, agentFile, folder], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: systemPath },
    detached: true,
  });
  agent.stdin.on('error', () => undefined);
  let said = '';
  await new Promise<void>((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      said = (said + chunk.toString()).slice(-2000);
      for (const line of chunk.toString().split('\n')) if (line !== '' && line !== 'gateway ready') onLine(line);
      if (said.includes('gateway ready')) resolve();
    };
    agent.stdout.on('data', hear);
    agent.stderr.on('data', hear);
    agent.once('error', reject);
    agent.once('exit', () => reject(new Error(said.trim().split('\n').at(-1) ?? 'it ended')));
  }).catch((error: unknown) => {
    agent.kill('SIGKILL');
    throw new PlimsollError(computeErrors.PL_COMPUTE_MACHINE_NETWORK, {
      what: `the network of the machines cannot be made: ${errorMessage(error)}`,
      fix: 'allow user namespaces (sysctl kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0), or run as root',
      cause: error,
    });
  });
  return agent;
}

/** A link between this computer and the bridge. Without it machines are reached through the relay. */
async function uplink(holder: number, log: Logger | undefined): Promise<string | undefined> {
  const name = `plm${process.pid}`;
  try {
    await ip(['link', 'add', name, 'type', 'veth', 'peer', 'name', 'up0', 'netns', String(holder)]);
    await run('nsenter', ['-t', String(holder), '-n', 'ip', 'link', 'set', 'up0', 'master', 'br0', 'up'], { env: { PATH: systemPath } });
    await ip(['addr', 'add', `${uplinkAddress}/32`, 'dev', name]);
    await ip(['link', 'set', name, 'up']);
    return name;
  } catch (error) {
    log?.warn(`no direct link to the machines: ${errorMessage(error)}`);
    await ip(['link', 'del', name]).catch(() => undefined);
    return undefined;
  }
}

async function ip(args: readonly string[]): Promise<void> {
  await run('ip', args, { env: { PATH: systemPath } });
}
