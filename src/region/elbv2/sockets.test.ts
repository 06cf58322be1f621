import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger } from '../../base/index.ts';
import { leasesOf } from '../../compute/index.ts';
import { Sockets } from './sockets.ts';

const network = () => leasesOf({ kind: 'slice', name: '127.16.0.0/24', addresses: ['127.16.0.2', '127.16.0.3', '127.16.0.4'] });

test('each load balancer has an address of its own, its listeners try one port after the other', () => {
  const own = network();
  const heard: string[] = [];
  const sockets = new Sockets({
    network: own,
    keptAddresses: new Set(),
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
  assert.equal(own.take('127.16.0.3'), true, 'given back');
  assert.equal(own.take('127.16.0.2'), false, 'still had');
});

test('after a restart a load balancer has the address that it had, and what listens there goes on', () => {
  const own = network();
  own.take('127.16.0.4');
  const sockets = new Sockets({
    network: own,
    keptAddresses: new Set(['127.16.0.4']),
    portsFor: (port) => [port],
    onBound: () => assert.fail('it listens already'),
    log: createLogger('test', 'silent'),
  });
  assert.equal(sockets.hostOf('lb1', '127.16.0.4'), '127.16.0.4');
  assert.equal(sockets.hostOf('lb2', '10.0.0.1'), '127.16.0.2', 'of another machine, or another run of this one');
  sockets.adopt('lb1', { id: 'l1', host: '127.16.0.4', port: 8080 });
  sockets.adopt('lb2', { id: 'l2', host: '10.0.0.1', port: 8080 });
  assert.deepEqual(sockets.wanted('l1', 'lb1', 80), { id: 'l1', host: '127.16.0.4', port: 8080 });
  assert.equal(sockets.boundTo('l1')?.port, 8080);
  assert.equal(sockets.boundTo('l2'), undefined);
});
