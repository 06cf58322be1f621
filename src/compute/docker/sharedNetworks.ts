import type Docker from 'dockerode';
import type { WorkloadSpec } from '../../model/index.ts';
import { regionLabel, removeContainer, statusOf } from './engine.ts';
import { holderImage, makeHolderImage } from './holder.ts';

interface SharedNetwork {
  /** Id of the container that holds it. */
  readonly holder: Promise<string>;
  /** Workloads that are in it, or on their way. */
  readonly members: Set<string>;
}

/** Networks that several containers share, each held by a container of its own from the first that comes to the last that goes. */
export class SharedNetworks {
  readonly #docker: Docker;
  /** The region's. */
  readonly #key: string;
  /** The bridge that the networks have their addresses of. */
  readonly #bridge: string;
  readonly #networks = new Map<string, SharedNetwork>();
  /** Their addresses are free again afterwards. */
  readonly #going = new Map<string, Promise<void>>();

  constructor(docker: Docker, key: string, bridge: string) {
    this.#docker = docker;
    this.#key = key;
    this.#bridge = bridge;
  }

  /** A workload is about to join; resolves to the id of the container whose network it is to have. */
  join(name: string, { id, address }: WorkloadSpec): Promise<string> {
    let network = this.#networks.get(name);
    if (network === undefined) this.#networks.set(name, (network = { holder: this.#hold(name, address), members: new Set() }));
    network.members.add(id);
    return network.holder;
  }

  /** A workload has ended, or was never made. With the last the network is gone. */
  async leave(name: string, id: string): Promise<void> {
    const network = this.#networks.get(name);
    if (network === undefined || !network.members.delete(id) || network.members.size > 0) return;
    this.#networks.delete(name);
    // What an Engine that is away keeps is found by its label at the next start.
    const going = network.holder.then((holder) => removeContainer(this.#docker, holder)).catch(() => undefined);
    this.#going.set(name, going);
    await going;
    if (this.#going.get(name) === going) this.#going.delete(name);
  }

  /** The image goes too, unless another region uses it. */
  async close(): Promise<void> {
    await this.#docker
      .getImage(holderImage)
      .remove()
      .catch(() => undefined);
  }

  async #hold(name: string, address: string): Promise<string> {
    await this.#going.get(name);
    const settings = {
      Image: holderImage,
      Labels: { [regionLabel]: this.#key },
      HostConfig: { NetworkMode: this.#bridge },
      NetworkingConfig: { EndpointsConfig: { [this.#bridge]: { IPAMConfig: { IPv4Address: address } } } },
    };
    const container = await this.#docker.createContainer(settings).catch(async (error: unknown) => {
      if (statusOf(error) !== 404) throw error;
      await makeHolderImage(this.#docker);
      return this.#docker.createContainer(settings);
    });
    try {
      await container.start();
      return container.id;
    } catch (error) {
      await removeContainer(this.#docker, container.id).catch(() => undefined);
      throw error;
    }
  }
}
