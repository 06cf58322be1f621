import { once } from 'node:events';
import { createServer } from 'node:net';
import { systemRandom } from '../../base/index.ts';

/**
 * A port that nothing listens on, on any address of this machine. It is below those that systems give to outgoing connections
 * (32,768 and up on Linux, 49,152 elsewhere), so that none of these takes it before the test does.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + systemRandom.int(12_000);
    const server = createServer().listen({ host: '0.0.0.0', port });
    const free = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!free) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}
