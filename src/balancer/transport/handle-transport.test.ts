import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { systemClock } from '../../base/index.ts';
import { eventually } from '../testkit/index.ts';
import { connectHandle, handles, type HandleTransport } from './handle-transport.ts';
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

test(
  'what waits to be sent stays as it was, whatever becomes of its memory here',
  { skip: handles === undefined, timeout: 20_000 },
  async () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    const { port } = server.address() as AddressInfo;
    const size = 16 * 1024 * 1024;
    const transport = await new Promise<HandleTransport>((resolve) => {
      const opening = connectHandle(handles!, '127.0.0.1', port, unowned, () => {
        assert.equal(opening.write(Buffer.allocUnsafeSlow(size).fill('a')), false);
        resolve(opening);
      });
    });
    // Memory that is let go of is given to the next who ask.
    for (let round = 0; round < 4; round++) {
      collectGarbage();
      Buffer.allocUnsafeSlow(size).fill('b');
      await systemClock.sleep(1);
    }
    const [socket] = await accepted;
    let got = 0;
    for await (const bytes of socket as AsyncIterable<Buffer>) {
      assert.ok(
        bytes.every((byte) => byte === 97),
        `other bytes after ${got}`,
      );
      got += bytes.length;
      if (got === size) transport.destroy();
    }
    assert.equal(got, size);
    server.close();
  },
);
