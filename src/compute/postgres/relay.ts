import { connect, createServer, type Socket } from 'node:net';
import { systemClock, type Clock, type Timer } from '../../base/index.ts';

export interface RelayOptions {
  /** Where it listens. */
  readonly host: string;
  readonly port: number;
  /** The port of the same address that it hands connections to. */
  readonly to: number;
  readonly delayMs: number;
  readonly clock?: Clock;
}

/** Connections to a server that take longer than they need to. */
export interface Relay {
  /** How long what clients send is held before it goes on; answers go back at once, so a round trip takes this much longer. */
  delayMs: number;
  close(): Promise<void>;
}

/** Held bytes of one connection at which its client has to wait. */
const heldBytesMax = 1024 * 1024;

/** Resolves once it listens. */
export async function openRelay({ host, port, to, delayMs, clock = systemClock }: RelayOptions): Promise<Relay> {
  const sockets = new Set<Socket>();
  const relay = {
    delayMs,
    close: async (): Promise<void> => {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const upstream = connect({ host, port: to, allowHalfOpen: true, noDelay: true });
    const held = new Held(client, upstream, () => relay.delayMs, clock);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        held.drop();
        other.destroySoon();
      });
    }
    upstream.pipe(client);
  });
  await new Promise<void>((listening, failed) => {
    server.once('error', failed);
    server.listen({ host, port, exclusive: true }, listening);
  });
  return relay;
}

interface Part {
  /** Undefined: the end. */
  readonly chunk: Buffer | undefined;
  timer: Timer | undefined;
}

/** What a client has sent and the server has not got yet, in order; the last of it is the end. */
class Held {
  readonly #client: Socket;
  readonly #upstream: Socket;
  readonly #queue: Part[] = [];
  #bytes = 0;

  constructor(client: Socket, upstream: Socket, delayMs: () => number, clock: Clock) {
    this.#client = client;
    this.#upstream = upstream;
    const hold = (chunk?: Buffer): void => {
      const part: Part = { chunk, timer: undefined };
      part.timer = clock.after(delayMs(), () => {
        part.timer = undefined;
        this.#pass();
      });
      this.#queue.push(part);
      this.#bytes += chunk?.length ?? 0;
      if (this.#bytes >= heldBytesMax) client.pause();
    };
    client.on('data', hold);
    client.on('end', () => hold());
  }

  /** Nobody is there to get it any more. */
  drop(): void {
    for (const { timer } of this.#queue) timer?.cancel();
    this.#queue.length = 0;
  }

  /** Nothing overtakes what came before, though the delay has become shorter since. */
  #pass(): void {
    for (let next = this.#queue[0]; next !== undefined && next.timer === undefined; next = this.#queue[0]) {
      this.#queue.shift();
      const { chunk } = next;
      if (chunk === undefined) this.#upstream.end();
      else {
        this.#bytes -= chunk.length;
        if (!this.#upstream.write(chunk)) this.#upstream.once('drain', () => this.#client.resume());
        else if (this.#bytes < heldBytesMax) this.#client.resume();
      }
    }
  }
}
