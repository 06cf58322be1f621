import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { ManualClock, systemClock } from '../../base/index.ts';
import { freePort } from '../test-support/freePort.ts';
import { openRelay, type Relay } from './relay.ts';

const host = '127.0.0.1';

/** A server that sends back what it gets, and a relay before it whose time is driven by hand. */
async function open(
  t: TestContext,
  delayMs: number,
): Promise<{ clock: ManualClock; relay: Relay; dial: () => Promise<Socket>; got: Buffer[] }> {
  const got: Buffer[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      got.push(chunk);
      socket.write(chunk);
    });
  });
  await new Promise<void>((listening) => server.listen(0, host, listening));
  const clock = new ManualClock();
  const port = await freePort();
  const relay = await openRelay({ host, port, to: (server.address() as AddressInfo).port, delayMs, clock });
  t.after(async () => {
    await relay.close();
    server.close();
  });
  const dial = async (): Promise<Socket> => {
    const socket = connect({ host, port });
    await once(socket, 'connect');
    return socket;
  };
  return { clock, relay, dial, got };
}

const until = async (what: string, holds: () => boolean): Promise<void> => {
  for (let tries = 0; !holds(); tries++) {
    assert.ok(tries < 5000, what);
    await systemClock.sleep(1);
  }
};
/** Long enough for what is not held back to arrive. */
const settle = (): Promise<void> => systemClock.sleep(20);

test('what a client sends arrives after the delay, in order, though that gets shorter; answers come at once', async (t) => {
  const { clock, relay, dial, got } = await open(t, 200);
  const socket = await dial();
  let answers = '';
  socket.on('data', (chunk: Buffer) => (answers += chunk.toString()));
  socket.write('one ');
  await until('it is held', () => clock.pendingCount === 1);
  await clock.advance(199);
  await settle();
  assert.equal(got.length, 0);
  relay.delayMs = 0;
  socket.write('two');
  await until('it is held too', () => clock.pendingCount === 2);
  await clock.advance(0);
  await settle();
  assert.equal(got.length, 0, 'nothing overtakes');
  await clock.advance(1);
  await until('both', () => answers === 'one two');
  socket.destroy();
});

test('the end of either side is the end of both, after what came before it', async (t) => {
  const { clock, dial, got } = await open(t, 100);
  const socket = await dial();
  let answers = '';
  socket.on('data', (chunk: Buffer) => (answers += chunk.toString()));
  const ended = once(socket, 'close');
  socket.end('last words');
  await until('they and the end are held', () => clock.pendingCount === 2);
  await clock.advance(100);
  await ended;
  assert.equal(Buffer.concat(got).toString(), 'last words');
  assert.equal(answers, 'last words');
});

test('where the server is away, a connection is closed', async (t) => {
  const port = await freePort();
  const relay = await openRelay({ host, port, to: await freePort(), delayMs: 10 });
  t.after(() => relay.close());
  const socket = connect({ host, port });
  socket.on('error', () => undefined);
  await once(socket, 'close');
});
