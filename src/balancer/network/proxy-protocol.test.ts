import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, TestBalancer } from '../testkit/index.ts';
import { proxyHeader } from './proxy-protocol.ts';
import { networkSnapshot, TcpClient, TcpTarget } from './testkit.ts';

const timeout = 30_000;
const signature = '0d0a0d0a000d0a515549540a';

test('IPv4, exactly', () => {
  const ends = { remoteAddress: '192.0.2.33', remotePort: 51_000, localAddress: '198.51.100.7', localPort: 443 };
  assert.equal(proxyHeader('stream', ends).toString('hex'), `${signature}2111000cc0000221c6336407c73801bb`);
  assert.equal(proxyHeader('datagram', ends).toString('hex'), `${signature}2112000cc0000221c6336407c73801bb`);
});

test('IPv6 in all its spellings, exactly', () => {
  const cases: [string, string][] = [
    ['::1', '00000000000000000000000000000001'],
    ['::', '00000000000000000000000000000000'],
    ['2001:db8::', '20010db8000000000000000000000000'],
    ['2001:db8:1:2:3:4:5:6', '20010db8000100020003000400050006'],
    ['fe80::1%lo', 'fe800000000000000000000000000001'],
    ['64:ff9b::192.0.2.33', '0064ff9b0000000000000000c0000221'],
    ['192.0.2.33', '00000000000000000000ffffc0000221'],
  ];
  for (const [address, bytes] of cases) {
    const header = proxyHeader('stream', { remoteAddress: address, remotePort: 1, localAddress: '2001:db8::2', localPort: 2 });
    assert.equal(header.toString('hex'), `${signature}21210024${bytes}20010db800000000000000000000000200010002`, address);
  }
});

test('a target gets the header before the first byte, whoever speaks first', { timeout }, async () => {
  const received: Buffer[] = [];
  await using target = await TcpTarget.start((socket) => {
    socket.on('data', (bytes: Buffer) => {
      received.push(bytes);
      if (received.length === 1) socket.write('welcome');
    });
  });
  await using balancer = await TestBalancer.start(networkSnapshot([target.port], { group: { proxyProtocol: true } }));
  const client = new TcpClient(balancer.port);
  assert.equal(await client.hear(), 'welcome');
  client.socket.write('hello');
  await eventually(() => Buffer.concat(received).length === 33);
  const localAddress = '127.0.0.1';
  const ends = { remoteAddress: localAddress, remotePort: client.socket.localPort!, localAddress, localPort: balancer.port };
  assert.deepEqual(Buffer.concat(received), Buffer.concat([proxyHeader('stream', ends), Buffer.from('hello')]));
  client.socket.destroy();
});
