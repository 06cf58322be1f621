/**
 * Memory that bytes pass through. All connections read into one small buffer; what is relayed from there is copied
 * first, since a write that the kernel does not take at once goes on reading from its memory. A connection
 * that fills the small buffer gets a large one to itself, as long as there are any: nothing is copied then, and a read takes more.
 */
export class RelayMemory {
  readonly #large: Buffer[] = [];
  readonly #staging: Buffer[] = [];
  #largeCount = 0;

  /** A buffer for one connection alone; undefined when all are taken. */
  takeLarge(): Buffer | undefined {
    const free = this.#large.pop();
    if (free !== undefined || this.#largeCount === LARGE_MAX) return free;
    this.#largeCount++;
    return Buffer.allocUnsafeSlow(LARGE_BYTES);
  }

  giveBackLarge(buffer: Buffer): void {
    this.#large.push(buffer);
  }

  /** A buffer for one write. */
  takeStaging(): Buffer {
    return this.#staging.pop() ?? Buffer.allocUnsafeSlow(STAGING_BYTES);
  }

  giveBackStaging(buffer: Buffer): void {
    if (this.#staging.length < STAGING_FREE_MAX) this.#staging.push(buffer);
  }
}

/** As much as one read of a shared buffer brings. */
const STAGING_BYTES = 64 * 1024;
const STAGING_FREE_MAX = 64;
const LARGE_BYTES = 256 * 1024;
const LARGE_MAX = 256;
