import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { WebSocketServer } from 'ws';
import { eventually, snapshotOf, TestBalancer } from './testkit/index.ts';

const timeout = 20_000;

test('WebSocket between a real client and a real server: text, a large message, an orderly end', { timeout }, async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  try {
    server.on('connection', (socket) => socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })));
    await using balancer = await TestBalancer.start(snapshotOf([(server.address() as AddressInfo).port]));
    const client = new WebSocket(`ws://127.0.0.1:${balancer.port}/chat`);
    client.binaryType = 'arraybuffer';
    const received: (string | ArrayBuffer)[] = [];
    client.addEventListener('message', (event) => received.push(event.data as string | ArrayBuffer));
    await once(client, 'open');
    const large = new Uint8Array(3_000_000).map((_, index) => index & 255);
    client.send('hello');
    client.send(large);
    await eventually(() => received.length === 2);
    assert.equal(received[0], 'hello');
    assert.deepEqual(new Uint8Array(received[1] as ArrayBuffer), large);
    client.close(1000, 'done');
    const [event] = (await once(client, 'close')) as [CloseEvent];
    assert.deepEqual([event.code, event.wasClean], [1000, true]);
    await eventually(() => balancer.runtime.tick().loadBalancers[0]!.activeConnectionCount === 0);
  } finally {
    server.close();
  }
});

test('a target that dies under a WebSocket closes the client, and nothing else', { timeout }, async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  try {
    server.on('connection', (socket) => socket.terminate());
    await using balancer = await TestBalancer.start(snapshotOf([(server.address() as AddressInfo).port]));
    const client = new WebSocket(`ws://127.0.0.1:${balancer.port}/`);
    const [event] = (await once(client, 'close')) as [CloseEvent];
    assert.equal(event.wasClean, false);
    await eventually(() => balancer.runtime.tick().loadBalancers[0]!.activeConnectionCount === 0);
  } finally {
    server.close();
  }
});
