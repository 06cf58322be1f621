import type Docker from 'dockerode';
import { assert, errorMessage, PlimsollError, systemClock, type Logger } from '../../base/index.ts';
import type { ComputeDriver, Enforcement, WorkloadExit, WorkloadSpec, WorkloadUsage } from '../../model/index.ts';
import { computeErrors } from '../errors.ts';
import { createBridge, Gateways, type Bridge } from './bridge.ts';
import {
  answered,
  isAbsence,
  openEngine,
  regionKey,
  regionLabel,
  removeContainer,
  statusOf,
  sweepContainers,
  unreachable,
  workloadLabel,
} from './engine.ts';
import { SharedNetworks } from './sharedNetworks.ts';
import { ContainerWorkload } from './workload.ts';

export interface DockerDriverOptions {
  /** Names the region among those of this Engine. */
  readonly dataDir: string;
  readonly log?: Logger;
  /** How long `close` waits for workloads to end by themselves. Default 3000. */
  readonly closeGraceMs?: number;
  /** How long `close` waits for the Engine besides; what is left then is for the next start to remove. Default 15,000. */
  readonly closeWithinMs?: number;
}

/** A driver whose workloads have addresses of a bridge network. */
export interface DockerDriver extends ComputeDriver {
  readonly bridge: Bridge;
  /** Addresses of this computer that containers reach. */
  readonly gateways: Gateways;
}

/**
 * Runs each workload as a container of the Docker Engine: `image`, or the program of `command` in it. Ends first what an
 * earlier run with this data folder left. Throws PL_COMPUTE_DOCKER_UNREACHABLE where no Engine answers.
 *
 * Containers do not die with us: they carry the region's label, by which the next start finds them.
 */
export async function createDockerDriver(options: DockerDriverOptions): Promise<DockerDriver> {
  const docker = await openEngine();
  const swept = await sweepContainers(docker, options.dataDir);
  if (swept > 0) options.log?.warn({ swept }, 'removed containers that an earlier run left behind');
  return new ContainerDriver(docker, await createBridge(docker, options.dataDir), options);
}

/** How long a sample waits for the Engine's numbers. */
const sampleWithinMs = 5000;

class ContainerDriver implements DockerDriver {
  readonly enforcement: Enforcement = { cpu: 'docker', memory: 'docker' };
  readonly bridge: Bridge;
  readonly gateways: Gateways;
  readonly #docker: Docker;
  readonly #options: DockerDriverOptions;
  readonly #networks: SharedNetworks;
  readonly #workloads = new Map<string, ContainerWorkload>();
  readonly #starting = new Set<Promise<void>>();
  readonly #exitHandlers: ((exit: WorkloadExit) => void)[] = [];
  readonly #lineHandlers: ((id: string, line: string) => void)[] = [];
  #closed = false;

  constructor(docker: Docker, bridge: Bridge, options: DockerDriverOptions) {
    this.#docker = docker;
    this.bridge = bridge;
    this.#networks = new SharedNetworks(docker, regionKey(options.dataDir), bridge.name);
    this.gateways = new Gateways(docker, options.dataDir, bridge, options.log);
    this.#options = options;
  }

  leaseAddress(): string {
    return this.bridge.leases.lease();
  }

  releaseAddress(address: string): void {
    this.bridge.leases.release(address);
  }

  async start(spec: WorkloadSpec): Promise<void> {
    assert(!this.#closed, 'the docker driver is closed');
    assert(!this.#workloads.has(spec.id), `workload ${spec.id} runs already`);
    const starting = this.#start(spec);
    this.#starting.add(starting);
    try {
      await starting;
    } catch (error) {
      throw isAbsence(error) ? unreachable(error) : error;
    } finally {
      this.#starting.delete(starting);
    }
  }

  async stop(id: string, graceMs: number): Promise<void> {
    await this.#workloads.get(id)?.stop(graceMs);
  }

  async exec(id: string, command: readonly string[], timeoutMs: number): Promise<number | undefined> {
    const workload = this.#workloads.get(id);
    if (workload?.isRunning !== true || this.#closed) return undefined;
    const late = new AbortController();
    try {
      const run = async (): Promise<number | undefined> => {
        const exec = await workload.container.exec({ Cmd: [...command], AttachStdout: true, AttachStderr: true });
        const output = await exec.start({});
        output.resume();
        await new Promise<void>((ended) =>
          output
            .once('end', ended)
            .once('close', ended)
            .once('error', () => ended()),
        );
        const { ExitCode } = await exec.inspect();
        // The shell's words for a command that cannot be run.
        return ExitCode === null || ExitCode === 126 || ExitCode === 127 ? undefined : ExitCode;
      };
      const timeout = systemClock.sleep(timeoutMs, late.signal).then(
        () => undefined,
        () => undefined,
      );
      return await Promise.race([run(), timeout]);
    } catch {
      return undefined;
    } finally {
      late.abort();
    }
  }

  onExit(handler: (exit: WorkloadExit) => void): void {
    this.#exitHandlers.push(handler);
  }

  onLine(handler: (id: string, line: string) => void): void {
    this.#lineHandlers.push(handler);
  }

  async sample(): Promise<readonly WorkloadUsage[]> {
    const running = [...this.#workloads.values()].filter(({ isRunning }) => isRunning);
    const read = running.map(async ({ container, meter, spec }) => {
      const stats = await answered(container.stats({ stream: false, 'one-shot': true }), sampleWithinMs);
      return this.#workloads.get(spec.id)?.isRunning === true ? [meter.read(stats)] : [];
    });
    // A container that ends meanwhile, or an Engine that is away, has nothing to tell.
    const found = await Promise.allSettled(read);
    return found.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
  }

  async close(): Promise<void> {
    this.#closed = true;
    const { closeGraceMs: graceMs = 3000, closeWithinMs = 15_000 } = this.#options;
    try {
      // Of an Engine that is away nobody knows when it comes back, and an answer that it broke off never ends.
      await answered(this.#endAll(graceMs), graceMs + closeWithinMs);
    } catch (error) {
      this.#options.log?.warn({ err: error }, 'containers and their network are left for the next start to remove');
    }
  }

  async #endAll(graceMs: number): Promise<void> {
    await Promise.allSettled(this.#starting);
    await Promise.all([...this.#workloads.values()].map((workload) => workload.stop(graceMs)));
    await sweepContainers(this.#docker, this.#options.dataDir);
    await this.#networks.close();
  }

  async #start(spec: WorkloadSpec): Promise<void> {
    try {
      await this.#run(spec);
    } catch (error) {
      if (spec.network !== undefined) await this.#networks.leave(spec.network, spec.id);
      throw error;
    }
  }

  async #run(spec: WorkloadSpec): Promise<void> {
    const container = await this.#create(spec);
    try {
      const output = await container.attach({ stream: true, stdout: true, stderr: true });
      await container.start();
      const workload = new ContainerWorkload(this.#docker, spec, container, output, (line) => {
        for (const handler of this.#lineHandlers) handler(spec.id, line);
      });
      this.#workloads.set(spec.id, workload);
      void this.#finish(workload);
    } catch (error) {
      await removeContainer(this.#docker, container.id).catch(() => undefined);
      throw startError(spec, error);
    }
  }

  /** An image that is not here is pulled, once. */
  async #create(spec: WorkloadSpec): Promise<Docker.Container> {
    const shared = spec.network === undefined ? undefined : await this.#networks.join(spec.network, spec);
    const settings = containerOf(spec, shared === undefined ? this.bridge.name : `container:${shared}`, regionKey(this.#options.dataDir));
    try {
      return await this.#docker.createContainer(settings);
    } catch (error) {
      if (statusOf(error) !== 404) throw startError(spec, error);
    }
    await this.#pull(spec.image ?? '');
    return this.#docker.createContainer(settings);
  }

  async #pull(image: string): Promise<void> {
    try {
      const progress = await this.#docker.pull(image);
      await new Promise<void>((done, failed) => {
        this.#docker.modem.followProgress(progress, (error: Error | null) => (error === null ? done() : failed(error)));
      });
    } catch (cause) {
      throw new PlimsollError(computeErrors.PL_COMPUTE_DOCKER_IMAGE, {
        what: `the image is not here and cannot be pulled: ${errorMessage(cause)}`,
        where: image,
        fix: `docker pull ${image}, build it, or say what stands for it: --image ${image}=IMAGE`,
        cause,
      });
    }
  }

  async #finish(workload: ContainerWorkload): Promise<void> {
    const exit = await workload.ended;
    this.#workloads.delete(exit.id);
    const { network } = workload.spec;
    if (network !== undefined) await this.#networks.leave(network, exit.id);
    for (const handler of this.#exitHandlers) handler(exit);
  }
}

function containerOf(spec: WorkloadSpec, network: string, key: string): Docker.ContainerCreateOptions {
  const { id, image = '', command, args, cwd, env, address, cpuUnits, memoryMiB } = spec;
  const memoryBytes = memoryMiB * 2 ** 20;
  return {
    Image: image,
    ...(command === '' ? {} : { Entrypoint: [command] }),
    ...(args.length === 0 ? {} : { Cmd: [...args] }),
    ...(cwd === '' ? {} : { WorkingDir: cwd }),
    Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    Labels: { [regionLabel]: key, [workloadLabel]: id },
    HostConfig: {
      NanoCpus: Math.round((cpuUnits / 1024) * 1e9),
      Memory: memoryBytes,
      // No swap besides.
      MemorySwap: memoryBytes,
      NetworkMode: network,
      // A task that ends is for the scheduler to replace.
      RestartPolicy: { Name: 'no' },
      // Lines are ours to keep; the Engine's own copy must not fill the disk.
      LogConfig: { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '1' } },
    },
    // A network that is shared has its address already.
    ...(spec.network === undefined
      ? { NetworkingConfig: { EndpointsConfig: { [network]: { IPAMConfig: { IPv4Address: address } } } } }
      : {}),
  };
}

/** The Engine's words for what a person can mend. */
function startError({ id, command, cwd }: WorkloadSpec, cause: unknown): unknown {
  if (isAbsence(cause)) return cause;
  const message = errorMessage(cause);
  if (/exec: ".*": (executable file not found|stat .*no such file)/i.test(message)) {
    return new PlimsollError(computeErrors.PL_COMPUTE_COMMAND_NOT_FOUND, {
      what: `the command ${command} was not found in the image`,
      where: cwd === '' ? id : cwd,
      fix: 'name one that the image has',
      cause,
    });
  }
  return new PlimsollError(computeErrors.PL_COMPUTE_START_FAILED, {
    what: `Docker cannot start a container: ${message}`,
    where: id,
    cause,
  });
}
