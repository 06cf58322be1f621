import type { PlaneEvent } from './protocol.ts';

/** Lines that wait for a region at most; programs that write more lose the newest. */
const linesMax = 10_000;

/** Events on their way to the region: straight on while one is attached, else kept for the next. */
export class Outbox {
  #send: ((event: PlaneEvent) => void) | undefined;
  #waiting: PlaneEvent[] = [];
  #lines = 0;

  put(event: PlaneEvent): void {
    if (this.#send !== undefined) return this.#send(event);
    // Health is told as a whole to whoever attaches; counts that nobody hears are lost.
    if (event.type === 'metrics' || event.type === 'health') return;
    if ((event.type === 'line' || event.type === 'log') && this.#lines++ >= linesMax) return;
    this.#waiting.push(event);
  }

  /** What waits, once. */
  take(): readonly PlaneEvent[] {
    const taken = this.#waiting;
    this.#waiting = [];
    this.#lines = 0;
    return taken;
  }

  attach(send: (event: PlaneEvent) => void): void {
    this.#send = send;
    for (const event of this.take()) send(event);
  }

  detach(): void {
    this.#send = undefined;
  }
}
