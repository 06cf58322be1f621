import assert from 'node:assert/strict';
import { test } from 'node:test';
import { localAddressFor, parseLocalAddresses, PORTS_PER_ADDRESS } from './addresses.ts';

test('localIPs takes addresses, ranges and blocks', () => {
  assert.deepEqual(parseLocalAddresses('10.0.0.254-10.0.1.1, 192.168.1.9/30,::1'), [
    '10.0.0.254',
    '10.0.0.255',
    '10.0.1.0',
    '10.0.1.1',
    '192.168.1.9',
    '192.168.1.10',
    '::1',
  ]);
  for (const bad of ['', '10.0.0', '10.0.0.2-10.0.0.1', '10.0.0.1-x', '0.0.0.0/1'])
    assert.throws(() => parseLocalAddresses(bad), /localIPs/);
});

test('no address carries more users than it has ports', () => {
  const users = 100_000;
  const counts = new Map<string, number>();
  for (let id = 1; id <= users; id++) {
    const address = localAddressFor(id, '127.0.0.1', [], users);
    assert.ok(address);
    counts.set(address, (counts.get(address) ?? 0) + 1);
  }
  assert.ok(Math.max(...counts.values()) <= PORTS_PER_ADDRESS);
  assert.equal(localAddressFor(1, '127.0.0.1', [], 1000), undefined);
  assert.equal(localAddressFor(1, 'example.com', [], users), undefined);
  assert.equal(localAddressFor(3, 'example.com', ['10.0.0.1', '10.0.0.2'], 5), '10.0.0.2');
});
