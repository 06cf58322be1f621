import type { SocketHandle } from '../base/index.ts';
import type { Listener } from '../model/index.ts';

interface Kept {
  readonly config: Listener;
  readonly socket: SocketHandle;
}

/**
 * The listening sockets of one worker, held open beside it, so that they outlive it: the kernel goes on taking connections
 * into their queues until the next process accepts them.
 */
export class KeptSockets implements Iterable<readonly [string, SocketHandle]> {
  readonly #kept = new Map<string, Kept>();

  /** `port`: the one it got. */
  keep(listener: Listener, port: number, socket: SocketHandle): void {
    this.#close(listener.id);
    this.#kept.set(listener.id, { config: { ...listener, port }, socket });
  }

  /** Lets go of those that these listeners will not use as they are: the worker is about to close them too, or to open others in their place. */
  closeUnless(listeners: readonly Listener[]): void {
    for (const { config } of this.#kept.values()) if (!listeners.some((listener) => isSame(listener, config))) this.#close(config.id);
  }

  closeAll(): void {
    for (const id of this.#kept.keys()) this.#close(id);
  }

  *[Symbol.iterator](): Iterator<readonly [string, SocketHandle]> {
    for (const [id, { socket }] of this.#kept) yield [id, socket];
  }

  #close(id: string): void {
    this.#kept.get(id)?.socket.close();
    this.#kept.delete(id);
  }
}

function isSame(a: Listener, b: Listener): boolean {
  return (
    a.id === b.id &&
    a.host === b.host &&
    a.port === b.port &&
    a.protocol === b.protocol &&
    a.loadBalancerId === b.loadBalancerId &&
    a.network?.alpnPolicy === b.network?.alpnPolicy
  );
}
