/**
 * A first-in, first-out queue of fixed capacity. A full queue refuses; whoever feeds it decides what
 * that means (drop, answer 503, stop reading), but nothing grows without bound.
 */
export class BoundedQueue<T> {
  readonly capacity: number;
  readonly #ring: (T | undefined)[];
  #head = 0;
  #size = 0;

  constructor(capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1) throw new RangeError(`capacity must be a positive integer, got ${capacity}`);
    this.capacity = capacity;
    this.#ring = Array.from<T | undefined>({ length: capacity }).fill(undefined);
  }

  get size(): number {
    return this.#size;
  }

  /** False when the queue is full; the item was not taken. */
  push(item: T): boolean {
    if (this.#size === this.capacity) return false;
    this.#ring[(this.#head + this.#size) % this.capacity] = item;
    this.#size++;
    return true;
  }

  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#ring[this.#head];
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) % this.capacity;
    this.#size--;
    return item;
  }

  peek(): T | undefined {
    return this.#size === 0 ? undefined : this.#ring[this.#head];
  }
}
