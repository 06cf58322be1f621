import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger } from '../../base/index.ts';
import type { LoopbackNetwork } from '../../compute/index.ts';
import { Sockets } from './sockets.ts';

function network(): LoopbackNetwork & { leased: Set<string> } {
  let next = 2;
  const leased = new Set<string>();
  return {
    kind: 'slice',
    name: '127.16.0.0/24',
    capacity: 253,
    leased,
    lease() {
      const address = `127.16.0.${next++}`;
      leased.add(address);
      return address;
    },
    release: (address) => void leased.delete(address),
    close: () => Promise.resolve(),
  };
}

test('each load balancer has an address of its own, its listeners try one port after the other', () => {
  const own = network();
  const heard: string[] = [];
  const sockets = new Sockets({
    network: own,
    portsFor: (port) => [port, port + 8000],
    onBound: ({ host, port }) => heard.push(`${host}:${port}`),
    log: createLogger('test', 'silent'),
  });
  assert.deepEqual(sockets.wanted('l1', 'lb1', 80), { id: 'l1', host: '127.16.0.2', port: 80 });
  assert.deepEqual(sockets.wanted('l2', 'lb2', 80), { id: 'l2', host: '127.16.0.3', port: 80 });
  assert.equal(sockets.boundTo('l1'), undefined);

  sockets.onBound({ id: 'l1', host: '127.16.0.2', port: 80 });
  assert.equal(sockets.boundTo('l1')?.port, 80);
  assert.equal(sockets.onFailed('l2', 'EACCES'), true, 'another port is left');
  assert.equal(sockets.wanted('l2', 'lb2', 80).port, 8080);
  assert.equal(sockets.onFailed('l2', 'EADDRINUSE'), false);
  assert.match(sockets.failureOf('l2') ?? '', /EADDRINUSE at 127\.16\.0\.3:8080/);
  assert.deepEqual(heard, ['127.16.0.2:80']);

  sockets.keep(new Set(['l1']), new Set(['lb1']));
  assert.deepEqual([...own.leased], ['127.16.0.2']);
});
