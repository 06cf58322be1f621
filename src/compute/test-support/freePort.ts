import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

/** A port that nothing listens on, on any address of this machine. */
export async function freePort(): Promise<number> {
  const server = createServer().listen({ host: '0.0.0.0', port: 0 });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
