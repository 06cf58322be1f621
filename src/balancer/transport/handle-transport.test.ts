import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { eventually } from '../testkit/index.ts';
import { connectHandle, handles } from './handle-transport.ts';
import { unowned } from './transport.ts';

const connections = (): number => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;

for (const reset of [true, false]) {
  const how = reset ? 'reset' : 'closed';
  test(`a connection that is ${how} while its end is on the way is gone`, { skip: handles === undefined, timeout: 20_000 }, async () => {
    const server = createServer((socket) => socket.on('error', () => undefined).resume()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const before = connections();
    const { port } = server.address() as AddressInfo;
    await new Promise<void>((resolve) => {
      const transport = connectHandle(handles!, '127.0.0.1', port, unowned, () => {
        transport.end();
        transport.destroy(reset);
        resolve();
      });
    });
    await eventually(() => connections() === before);
    server.close();
    await once(server, 'close');
    assert.equal(connections(), before);
  });
}
