import { createServer, type ListenOptions, type Server } from 'node:net';
import type { SocketHandle } from '../../base/index.ts';
import type { BoundListener, Listener } from '../../model/index.ts';

const BACKLOG = 4096;

export interface SocketOptions {
  /** Listens with SO_REUSEPORT, so that other workers of the same balancer can have the port too. */
  readonly share?: boolean;
  /** Gets each socket that is opened here, so that somebody can keep it beyond the life of this process. */
  readonly onOpened?: (bound: BoundListener, socket: SocketHandle) => void;
}

/**
 * Where the listening TCP sockets of a worker come from: opened here, or handed over by whoever kept those of an
 * earlier worker. A socket that is kept goes on taking connections into the kernel's queue while nobody accepts them.
 */
export class ListeningSockets {
  readonly share: boolean;
  readonly #onOpened: SocketOptions['onOpened'];
  readonly #handedOver = new Map<string, SocketHandle>();

  constructor({ share = false, onOpened }: SocketOptions = {}) {
    this.share = share;
    this.#onOpened = onOpened;
  }

  /** A socket for the listener with this id, to be used instead of opening one. */
  handOver(id: string, socket: SocketHandle): void {
    this.#handedOver.get(id)?.close();
    this.#handedOver.set(id, socket);
  }

  /**
   * Makes a server listen for a listener and resolves with its port; rejects with the system's error. `owned`: a
   * worker of this balancer has the port already.
   */
  async listen(server: Server, listener: Listener, owned: boolean): Promise<number> {
    const { id, host, port } = listener;
    const given = this.#handedOver.get(id);
    this.#handedOver.delete(id);
    if (given !== undefined) {
      await listening(server, (done) => server.listen(given, BACKLOG, done));
      return portOf(server);
    }
    if (this.share && !owned && port !== 0) await haveAlone({ host, port });
    const options: ListenOptions = { host, port, backlog: BACKLOG, reusePort: this.share };
    await listening(server, (done) => server.listen(options, done));
    const bound = { id, host, port: portOf(server) };
    const socket = (server as unknown as { _handle: SocketHandle | null })._handle;
    if (socket !== null) this.#onOpened?.(bound, socket);
    return bound.port;
  }

  /** Closes what was handed over and turned out to be for nobody. */
  closeRest(): void {
    for (const socket of this.#handedOver.values()) socket.close();
    this.#handedOver.clear();
  }
}

function listening(server: Server, listen: (done: () => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    listen(() => {
      server.removeAllListeners('error');
      resolve();
    });
  });
}

// A port that is shared by SO_REUSEPORT would be shared with any other process of this user too, so it is first had alone.
async function haveAlone(address: { host: string; port: number }): Promise<void> {
  const server = createServer();
  await listening(server, (done) => server.listen(address, done));
  await new Promise<void>((resolve) => server.close(() => resolve()));
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
