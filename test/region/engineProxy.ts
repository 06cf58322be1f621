import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A door to the Docker Engine that can be shut: to those behind it the Engine is gone, and what it runs is not. */
export class EngineProxy {
  readonly #folder = mkdtempSync(join(tmpdir(), 'plimsoll-engine-'));
  readonly path = join(this.#folder, 'docker.sock');
  readonly #engine: string;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  /** `engine`: the path of the Engine's socket. */
  constructor(engine: string) {
    this.#engine = engine;
  }

  async open(): Promise<void> {
    const server = createServer({ allowHalfOpen: true }, (client) => {
      const engine = connect({ path: this.#engine, allowHalfOpen: true });
      for (const [from, to] of [
        [client, engine],
        [engine, client],
      ] as const) {
        this.#sockets.add(from);
        from.on('error', () => to.destroy()).on('close', () => to.destroy());
        from.on('close', () => this.#sockets.delete(from));
        from.pipe(to);
      }
    });
    this.#server = server;
    await new Promise<void>((listening) => server.listen(this.path, listening));
  }

  async shut(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async remove(): Promise<void> {
    await this.shut();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
