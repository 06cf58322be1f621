import { errorMessage, type Clock, type Logger } from '../../base/index.ts';
import {
  instances,
  instanceTags,
  instanceTagsOf,
  instanceTypeFacts,
  networkInterfaces,
  securityGroupRules,
  type InstanceResource,
  type Place,
  type World,
} from '../../aws/index.ts';
import type { ComputeDriver, MachineProgram, Machines, MetricDatum, WorkloadUsage } from '../../model/index.ts';
import type { LoopbackNetwork } from '../../compute/index.ts';
import type { Addresses } from '../addresses.ts';
import { isInterruption } from '../plane/line.ts';
import { metadataOf, userDataOf } from './metadata.ts';
import { instanceMetrics } from './metrics.ts';
import { NetworkMinutes } from './network.ts';

export interface InstancesOptions {
  readonly world: World;
  readonly clock: Clock;
  readonly driver: ComputeDriver;
  readonly addresses: Addresses;
  /** Where machines are reached that have no link of their own. */
  readonly network: LoopbackNetwork;
  /** Machines of an earlier run that still run, or have ended unheard: id and host. */
  readonly left: ReadonlyMap<string, string>;
  /** Made when the first instance is launched. Rejects where this computer cannot run machines. */
  openMachines(): Promise<Machines>;
  /** What `docker run` of an image runs. */
  readonly images: Readonly<Record<string, MachineProgram>>;
  /** What part of a core of this computer a vCPU is. */
  readonly vcpuShare: number;
  /** The group that an instance belongs to. */
  groupOf(at: Place, instanceId: string): string | undefined;
  readonly log: Logger;
}

interface RunningInstance {
  readonly at: Place;
  readonly id: string;
  /** The machine is up; undefined before and after. */
  host: string | undefined;
  /** The private address that its machine has had. */
  address: string | undefined;
  /** What is being done to it; the next step waits for it. */
  busy: boolean;
  rebootedAtMs: number | undefined;
  /** What the metadata service was last told of. */
  described?: { readonly instance: InstanceResource; readonly tags: readonly unknown[] };
}

/** Lines of console output that are kept of each instance: GetConsoleOutput gives the last 64 KB. */
const consoleBytesMax = 65_536;
const kinds = [instances, instanceTags].map(({ kind }) => `/${kind}`);
const passing: ReadonlySet<string> = new Set(['pending', 'stopping', 'shutting-down']);

/** EC2 made real: a machine for each instance, started, stopped and ended as its record asks. */
export class Instances {
  readonly #options: InstancesOptions;
  readonly #running = new Map<string, RunningInstance>();
  readonly #consoles = new Map<string, string>();
  readonly #watchers = new Set<() => void>();
  readonly #network = new NetworkMinutes();
  /** Endpoints of the region that machines may reach. */
  readonly #allowed = new Map<string, { address: string; port: number }>();
  /** Private addresses whose machine is being ended: in the VPC they are free already, on this computer not yet. */
  readonly #ending = new Map<string, Promise<unknown>>();
  #machines: Promise<Machines> | undefined;
  /** Those of `#machines`, once they are there. */
  #opened: Machines | undefined;
  #closing = false;

  constructor(options: InstancesOptions) {
    this.#options = options;
    const { world, driver } = options;
    driver.onLine((id, line) => {
      if (this.#running.has(id)) this.#consoles.set(id, `${this.#consoles.get(id) ?? ''}${line}\n`.slice(-consoleBytesMax));
    });
    driver.onExit(({ id }) => this.#onExit(id));
    this.#resume();
    world.watch((changed) => {
      for (const table of changed) if (kinds.some((kind) => table.endsWith(kind))) return this.#sync();
    });
    this.#sync();
  }

  /** Called when a machine came up or went. */
  onChange(watcher: () => void): void {
    this.#watchers.add(watcher);
  }

  /** Whether there is an instance to a machine. */
  owns(id: string): boolean {
    return this.#running.has(id);
  }

  consoleOf(id: string): string {
    return this.#consoles.get(id) ?? '';
  }

  /** Host and open ports of each instance that runs, by its id. */
  whereabouts(): Record<string, { host: string; ports: number[] }> {
    const found: Record<string, { host: string; ports: number[] }> = {};
    for (const { at, id, host } of this.#running.values()) {
      const instance = at.table(instances).get(id);
      if (host !== undefined && instance?.state === 'running') found[id] = { host, ports: openPorts(at, instance) };
    }
    return found;
  }

  /** Lets machines reach an endpoint of the region, such as a database, those to come too. */
  allow(address: string, port: number): void {
    const key = `${address}:${port}`;
    if (this.#allowed.has(key)) return;
    this.#allowed.set(key, { address, port });
    this.#opened?.allow(address, port);
  }

  /** Makes a port of an instance reachable at its host. */
  expose(id: string, port: number): void {
    this.#opened?.expose(id, port);
  }

  /** What of each instance CloudWatch has, out of what its machine has used. */
  metrics(usage: ReadonlyMap<string, WorkloadUsage>): { at: Place; data: MetricDatum[] }[] {
    const running = [...this.#running.values()].filter(({ at, id }) => at.table(instances).has(id));
    const used = running.flatMap(({ at, id }) => {
      const own = usage.get(id);
      return own === undefined ? [] : [{ at, id, group: this.#options.groupOf(at, id), used: own }];
    });
    return instanceMetrics(used, this.#network, this.#options.clock.nowMs());
  }

  /**
   * All machines are gone together, and none by itself: those that ran start again as what they were. `moved`: what they
   * may reach has other addresses now.
   */
  restart(moved: boolean): void {
    if (moved) this.#allowed.clear();
    this.#machines = undefined;
    this.#opened = undefined;
    for (const own of this.#running.values()) {
      if (own.host !== undefined) this.#options.network.release(own.host);
      this.#unreached(own);
      if (own.at.table(instances).get(own.id)?.state === 'running') this.#patch(own, { state: 'pending' });
    }
    this.#changed();
  }

  async close(): Promise<void> {
    this.#closing = true;
    const machines = await this.#machines?.catch(() => undefined);
    await machines?.close();
  }

  /** Machines that an earlier run of the region has left running are taken on; instances whose machine is gone start again. */
  #resume(): void {
    const { world, left: machines } = this.#options;
    if (machines.size > 0) this.#open().catch(() => undefined);
    for (const at of world.places()) {
      for (const instance of at.table(instances).values()) {
        const host = machines.get(instance.InstanceId);
        if (host === undefined || instance.state === 'terminated' || instance.state === 'stopped') continue;
        const { InstanceId: id, rebootedAtMs } = instance;
        this.#running.set(id, { at, id, host: undefined, address: undefined, busy: false, rebootedAtMs });
        if (instance.state === 'running' && host !== '') this.#reached(this.#running.get(id)!, instance, host);
      }
      const left = at.table(instances).filter(({ InstanceId, state }) => state === 'running' && !machines.has(InstanceId));
      if (left.length > 0) world.transaction(() => left.forEach((one) => at.table(instances).patch(one, { state: 'pending' })));
    }
  }

  #sync(): void {
    if (this.#closing) return;
    for (const at of this.#options.world.places()) {
      for (const instance of at.table(instances).values()) {
        const known = this.#running.get(instance.InstanceId);
        const rebooted = known !== undefined && instance.state === 'running' && instance.rebootedAtMs !== known.rebootedAtMs;
        if (passing.has(instance.state) || rebooted) this.#work(at, instance);
        else if (known?.host !== undefined) this.#describe(known, instance);
      }
    }
  }

  /** Tells the metadata service what has changed of an instance that runs: its options count at once. */
  #describe(own: RunningInstance, instance: InstanceResource): void {
    if (this.#opened === undefined) return;
    const tags = instanceTagsOf(own.at, own.id);
    if (own.described?.instance === instance && own.described.tags === tags) return;
    own.described = { instance, tags };
    this.#opened.describe(own.id, metadataOf(own.at, instance));
  }

  #work(at: Place, instance: InstanceResource): void {
    const { InstanceId: id, rebootedAtMs } = instance;
    const own = this.#running.get(id) ?? { at, id, host: undefined, address: undefined, busy: false, rebootedAtMs };
    this.#running.set(id, own);
    if (own.busy) return;
    own.busy = true;
    void this.#step(own, instance)
      .catch((error: unknown) => this.#fail(own, error))
      .finally(() => {
        own.busy = false;
        this.#sync();
      });
  }

  async #step(own: RunningInstance, instance: InstanceResource): Promise<void> {
    switch (instance.state) {
      case 'pending':
        await this.#start(own, instance);
        return this.#patch(own, { state: 'running' });
      case 'running':
        own.rebootedAtMs = instance.rebootedAtMs;
        await this.#stop(own);
        return this.#start(own, instance);
      case 'stopping':
        await this.#stop(own);
        return this.#patch(own, { state: 'stopped' });
      case 'shutting-down':
        await this.#stop(own);
        this.#running.delete(own.id);
        return this.#patch(own, { state: 'terminated', terminatedAtMs: own.at.nowMs });
      default:
        return;
    }
  }

  async #start(own: RunningInstance, instance: InstanceResource): Promise<void> {
    const { at, id } = own;
    const { vcpus, memoryMiB } = instanceTypeFacts(instance.InstanceType ?? '') ?? { vcpus: 1, memoryMiB: 1024 };
    const address = instance.PrivateIpAddress ?? '';
    const userData = userDataOf(instance);
    const machines = await this.#open();
    if (this.#options.left.has(id)) await machines.stop(id);
    await this.#ending.get(address);
    const leased = this.#options.network.lease();
    const starting = machines.start({
      id,
      hostname: `ip-${address.replaceAll('.', '-')}`,
      address,
      host: leased,
      cpuUnits: Math.max(1, Math.round(vcpus * 1024 * this.#options.vcpuShare)),
      memoryMiB,
      images: this.#options.images,
      metadata: metadataOf(at, instance),
      ...(userData?.startsWith('#!') === true ? { userData } : {}),
    });
    const host = await starting.catch((error: unknown) => {
      this.#options.network.release(leased);
      throw error;
    });
    if (host !== leased) this.#options.network.release(leased);
    for (const port of openPorts(at, instance)) machines.expose(id, port);
    this.#publish(own, instance, host);
    this.#reached(own, instance, host);
    this.#changed();
  }

  /** The machine is up, at `host`. */
  #reached(own: RunningInstance, { PrivateIpAddress = '' }: InstanceResource, host: string): void {
    own.host = host;
    own.address = PrivateIpAddress;
    this.#options.addresses.bind(PrivateIpAddress, host);
    this.#options.addresses.bind(own.id, host);
  }

  /** The machine is gone, or soon will be. */
  #unreached(own: RunningInstance): void {
    const { addresses } = this.#options;
    // The record of an instance that is being terminated has no address any more.
    const { address } = own;
    addresses.unbind(own.id);
    if (address !== undefined) addresses.unbind(address);
    own.host = undefined;
    this.#network.forget(own.id);
  }

  async #stop(own: RunningInstance): Promise<void> {
    const { host, address } = own;
    this.#unreached(own);
    const ended = (async () => (await this.#machines?.catch(() => undefined))?.stop(own.id))();
    if (address !== undefined) this.#ending.set(address, ended);
    await ended;
    if (address !== undefined && this.#ending.get(address) === ended) this.#ending.delete(address);
    if (host !== undefined) this.#options.network.release(host);
    this.#changed();
  }

  /** A public address is one that works from this computer: where the machine is. */
  #publish({ at }: RunningInstance, { InstanceId, publicAddress }: InstanceResource, host: string): void {
    const primary = at
      .table(networkInterfaces)
      .find(({ Attachment }) => Attachment?.InstanceId === InstanceId && Attachment.DeviceIndex === 0);
    if (primary === undefined || !publicAddress) return;
    this.#options.world.transaction(() =>
      at.table(networkInterfaces).patch(primary, { Association: { IpOwnerId: 'amazon', PublicIp: host, PublicDnsName: host } }),
    );
  }

  #open(): Promise<Machines> {
    this.#machines ??= this.#options.openMachines().then((machines) => {
      this.#opened = machines;
      for (const { address, port } of this.#allowed.values()) machines.allow(address, port);
      // Those of an earlier run: their options may have changed meanwhile.
      this.#sync();
      this.#options.log.info(`instances run in ${machines.isolation}`);
      return machines;
    });
    // A refusal is told to each instance that needs a machine, and tried again with the next.
    this.#machines.catch(() => (this.#machines = undefined));
    return this.#machines;
  }

  /** The machine ended by itself: a shutdown from within, or a crash. */
  #onExit(id: string): void {
    const own = this.#running.get(id);
    const instance = own?.at.table(instances).get(id);
    if (own === undefined || own.busy || this.#closing || instance?.state !== 'running') return;
    this.#options.log.warn(`the machine of ${id} ended by itself`);
    if (own.host !== undefined) this.#options.network.release(own.host);
    this.#unreached(own);
    this.#patch(own, {
      state: instance.shutdownBehavior === 'terminate' ? 'shutting-down' : 'stopped',
      StateReason: { Code: 'Client.InstanceInitiatedShutdown', Message: 'Client.InstanceInitiatedShutdown: Instance initiated shutdown' },
    });
    this.#changed();
  }

  /** EC2's answer to a launch that fails is an instance that is terminated with a reason. */
  #fail(own: RunningInstance, error: unknown): void {
    // What it needs comes again soon, and its record still asks for it.
    if (isInterruption(error)) return;
    this.#options.log.error({ err: error }, `instance ${own.id}: ${errorMessage(error)}`);
    if (this.#closing) return;
    this.#running.delete(own.id);
    this.#patch(own, {
      state: 'terminated',
      terminatedAtMs: own.at.nowMs,
      StateReason: { Code: 'Server.InternalError', Message: `Server.InternalError: ${errorMessage(error)}` },
    });
  }

  #patch({ at, id }: RunningInstance, changes: Partial<InstanceResource>): void {
    this.#options.world.transaction(() => {
      const instance = at.table(instances).get(id);
      if (instance === undefined) return;
      // What was asked for meanwhile is not undone: an instance that is to end does not run again.
      if (changes.state === 'running' && instance.state !== 'pending') return;
      at.table(instances).patch(instance, changes);
    });
  }

  #changed(): void {
    for (const watcher of this.#watchers) watcher();
  }
}

/** Ports that a security group lets in one by one; of a wide range those are opened that a target group uses. */
function openPorts(at: Place, { InstanceId }: InstanceResource): number[] {
  const groups = new Set(
    at
      .table(networkInterfaces)
      .filter(({ Attachment }) => Attachment?.InstanceId === InstanceId)
      .flatMap(({ Groups = [] }) => Groups.map(({ GroupId }) => GroupId)),
  );
  const rules = at.table(securityGroupRules).filter((rule) => !rule.IsEgress && groups.has(rule.GroupId) && rule.IpProtocol === 'tcp');
  return [...new Set(rules.flatMap(({ FromPort = 0, ToPort = -1 }) => (FromPort === ToPort && FromPort !== 22 ? [FromPort] : [])))];
}
