import { chmodSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { errorMessage, PlimsollError } from '../../base/index.ts';
import type { ComputeDriver, MachineSpec, WorkloadUsage } from '../../model/index.ts';
import { computeErrors } from '../errors.ts';
import type { LoopbackNetwork } from '../network.ts';

/** What `docker run` in a machine asks for, one line of JSON. */
export interface ContainerRequest {
  readonly image: string;
  /** `NAME=VALUE`. */
  readonly env: readonly string[];
  /** In place of the image's own command. */
  readonly args: readonly string[];
  /** The container's ports that are published. */
  readonly ports: readonly number[];
}

/** What it is told, a line of JSON each: `started` or `refused`, then lines, then `exit`. */
export type ContainerEvent =
  | { readonly type: 'started'; readonly address: string }
  /** `final`: trying again would not help. */
  | { readonly type: 'refused'; readonly message: string; readonly final: boolean }
  | { readonly type: 'line'; readonly line: string }
  | { readonly type: 'exit'; readonly code: number };

interface RunningContainer {
  readonly machine: string;
  readonly socket: Socket;
  readonly onEnd: () => void;
}

export interface MachineContainersOptions {
  readonly driver: ComputeDriver;
  /** Where the containers are to be. */
  readonly leases: LoopbackNetwork;
  /** Machines may, or may no longer, reach a container at `address:port`. */
  readonly onPort: (target: string, open: boolean) => void;
}

/** Between SIGTERM and SIGKILL when `docker run` is ended: docker's own. */
const stopGraceMs = 10_000;
/** Output that a machine does not take is lost beyond this much. */
const waitingBytesMax = 1_048_576;
/** A death by signal as a shell tells it. */
const killedCode = 137;

/**
 * Containers that machines ask for: `docker run` in a machine connects to a socket that this listens at, and each
 * connection is a container of the driver. It ends with its connection, and with its machine.
 */
export class MachineContainers {
  readonly #options: MachineContainersOptions;
  readonly #doors = new Map<string, Server>();
  readonly #running = new Map<string, RunningContainer>();
  #count = 0;

  constructor(options: MachineContainersOptions) {
    this.#options = options;
    options.driver.onLine((id, line) => {
      const socket = this.#running.get(id)?.socket;
      if (socket !== undefined && socket.writableLength < waitingBytesMax) tell(socket, { type: 'line', line });
    });
    options.driver.onExit(({ id, code }) => {
      const found = this.#running.get(id);
      if (found === undefined) return;
      this.#running.delete(id);
      tell(found.socket, { type: 'exit', code: code ?? killedCode });
      found.onEnd();
    });
  }

  /** Resolves once a machine can ask at `path`. */
  async open(spec: MachineSpec, path: string): Promise<void> {
    const door = createServer({ allowHalfOpen: true }, (socket) => {
      // A machine that ends resets its connections, which the reader of lines tells of too.
      const end = (): void => void socket.destroy();
      socket.on('error', end);
      createInterface({ input: socket })
        .on('error', end)
        .once('line', (line) => void this.#run(spec, socket, line));
    });
    this.#doors.set(spec.id, door);
    await new Promise<void>((listening, failed) => door.once('error', failed).listen(path, listening));
    // The machine's root may be another user; the folder around it lets nobody else in.
    chmodSync(path, 0o666);
  }

  /** The machine is gone, and its containers with it. */
  async close(machine: string): Promise<void> {
    this.#doors.get(machine)?.close();
    this.#doors.delete(machine);
    const own = [...this.#running].filter(([, running]) => running.machine === machine);
    await Promise.all(own.map(([id]) => this.#options.driver.stop(id, 0)));
  }

  async #run(spec: MachineSpec, socket: Socket, line: string): Promise<void> {
    const { driver, leases, onPort } = this.#options;
    const id = `${spec.id}.${++this.#count}`;
    const address = leases.lease();
    let targets: readonly string[] = [];
    try {
      const { image, env, args, ports } = JSON.parse(line) as ContainerRequest;
      targets = ports.map((port) => `${address}:${port}`);
      for (const target of targets) onPort(target, true);
      const ended = new Promise<void>((onEnd) => this.#running.set(id, { machine: spec.id, socket, onEnd }));
      const { cpuUnits, memoryMiB } = spec;
      const program = { image: imageOf(spec, image), command: '', args, cwd: '', env: Object.fromEntries(env.map(variable)) };
      await driver.start({ id, ...program, address, cpuUnits, memoryMiB });
      tell(socket, { type: 'started', address });
      const stop = (graceMs: number): void => {
        if (this.#running.has(id)) void driver.stop(id, graceMs);
      };
      if (!this.#doors.has(spec.id)) stop(0);
      else if (socket.readableEnded || socket.destroyed) stop(stopGraceMs);
      else socket.once('end', () => stop(stopGraceMs)).once('close', () => stop(stopGraceMs));
      await ended;
    } catch (error) {
      this.#running.delete(id);
      const away = error instanceof PlimsollError && error.code === computeErrors.PL_COMPUTE_DOCKER_UNREACHABLE.code;
      tell(socket, { type: 'refused', message: errorMessage(error), final: !away });
    } finally {
      socket.end();
      for (const target of targets) onPort(target, false);
      leases.release(address);
    }
  }
}

/** What machines use and their containers do, together: the containers of a machine have its limits. */
export function withContainers(usages: readonly WorkloadUsage[]): WorkloadUsage[] {
  const parts = Map.groupBy(usages, ({ id }) => machineOf(id) ?? id);
  return [...parts].flatMap(([id, [first, ...others]]) => {
    const own = [first, ...others].find((one) => one?.id === id);
    if (own === undefined) return [];
    const sum = (part: 'cpuPercent' | 'memoryBytes' | 'memoryPercent'): number =>
      [first, ...others].reduce((total, one) => total + (one?.[part] ?? 0), 0);
    // What a container sends has passed through its machine's interface.
    return [{ ...own, cpuPercent: sum('cpuPercent'), memoryBytes: sum('memoryBytes'), memoryPercent: sum('memoryPercent') }];
  });
}

/** The machine that runs a container; undefined for workloads that are no machine's. */
export function machineOf(workloadId: string): string | undefined {
  return /^(.*)\.\d+$/.exec(workloadId)?.[1];
}

function tell(socket: Socket, event: ContainerEvent): void {
  if (socket.writable) socket.write(`${JSON.stringify(event)}\n`);
}

/** The Engine's image for a name, as the region maps it. */
function imageOf({ images }: MachineSpec, name: string): string {
  const withoutTag = name.replace(/:[^:/]*$/, '');
  return (images[name] ?? images[withoutTag])?.image ?? name;
}

/** `NAME=VALUE`. */
function variable(text: string): [string, string] {
  const split = text.indexOf('=');
  return split < 0 ? [text, ''] : [text.slice(0, split), text.slice(split + 1)];
}
