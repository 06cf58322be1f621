/**
 * The other end of the gateway, outside of the machines' network: hands connections of machines to what they may reach,
 * and connections to exposed ports to the machines. A process of its own, so that traffic does not slow the region down.
 */
import { chmodSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { connectParent } from '../../base/index.ts';
import { joinSockets, takeTarget } from './pipe.ts';

export type RelayCommand =
  | { readonly type: 'allow'; readonly target: string }
  | { readonly type: 'forbid'; readonly target: string }
  /** Listens at host:port for connections to a machine. */
  | { readonly type: 'expose'; readonly host: string; readonly port: number; readonly target: string }
  /** Ends all listening at a host. */
  | { readonly type: 'hide'; readonly host: string };

export type RelayEvent = { readonly type: 'ready' } | { readonly type: 'failed'; readonly message: string };

function main(folder: string): void {
  const allowed = new Set<string>();
  /** By `host:port`. */
  const exposed = new Map<string, Server>();
  const out = join(folder, 'out.sock');
  const send = connectParent<RelayCommand, RelayEvent>({
    onMessage(command) {
      if (command.type === 'allow') allowed.add(command.target);
      else if (command.type === 'forbid') allowed.delete(command.target);
      else if (command.type === 'expose') expose(command.host, command.port, command.target);
      else hide(command.host);
    },
    onEnd: () => process.exit(),
  });
  const hide = (host: string): void => {
    for (const [key, server] of exposed) {
      if (!key.startsWith(`${host}:`)) continue;
      server.close();
      exposed.delete(key);
    }
  };
  const expose = (host: string, port: number, target: string): void => {
    if (exposed.has(`${host}:${port}`)) return;
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      const inside = connect({ path: join(folder, 'in.sock'), allowHalfOpen: true });
      inside.write(`${target}\n`);
      joinSockets(socket, inside);
    });
    server.on('error', (error) => send({ type: 'failed', message: `${host}:${port}: ${error.message}` }));
    server.listen(port, host);
    exposed.set(`${host}:${port}`, server);
  };
  rmSync(out, { force: true });
  createServer({ allowHalfOpen: true }, (socket) => {
    takeTarget(socket, (host, port) => {
      if (allowed.has(`${host}:${port}`)) joinSockets(socket, connect({ port, host, allowHalfOpen: true }));
      else socket.destroy();
    });
  }).listen(out, () => {
    // The gateway may run as another user; the folder around it lets nobody else in.
    chmodSync(out, 0o666);
    send({ type: 'ready' });
  });
}

main(process.argv[2] ?? '.');
