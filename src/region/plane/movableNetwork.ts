import { leasesOf, type LoopbackNetwork } from '../../compute/index.ts';
import type { Found } from './protocol.ts';

/**
 * The addresses of a region, which a data plane holds. Where the next one has to take others, because another region got them
 * meanwhile, what was leased is leased no more.
 */
export class MovableNetwork implements LoopbackNetwork {
  #present: LoopbackNetwork;

  constructor(found: Found['network']) {
    this.#present = leasesOf(found);
  }

  moveTo(found: Found['network']): void {
    this.#present = leasesOf(found);
  }

  get kind(): LoopbackNetwork['kind'] {
    return this.#present.kind;
  }

  get name(): string {
    return this.#present.name;
  }

  get addresses(): readonly string[] {
    return this.#present.addresses;
  }

  lease(): string {
    return this.#present.lease();
  }

  take(address: string): boolean {
    return this.#present.take(address);
  }

  release(address: string): void {
    this.#present.release(address);
  }

  async close(): Promise<void> {
    await this.#present.close();
  }
}
