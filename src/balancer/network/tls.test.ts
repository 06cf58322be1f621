import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { monotonicMs } from '../../base/index.ts';
import { eventually, TestBalancer } from '../testkit/index.ts';
import { networkSnapshot, TcpClient, TcpTarget, Totals } from './testkit.ts';
import { selfSigned } from '../testkit/certificates.ts';

const timeout = 30_000;
const certificates = [selfSigned('one.test'), selfSigned('two.test')];
const tls = { protocol: 'TLS', certificates } as const;

function secure(port: number, servername = 'one.test', ALPNProtocols?: string[]): TLSSocket {
  const options = { port, host: '127.0.0.1', servername, rejectUnauthorized: false, allowHalfOpen: true };
  return connect(ALPNProtocols === undefined ? options : { ...options, ALPNProtocols });
}

test('TLS ends here: the certificate follows the name, targets get the plain bytes', { timeout }, async () => {
  await using target = await TcpTarget.echo();
  await using balancer = await TestBalancer.start(networkSnapshot([target.port], { listener: tls }));
  const totals = new Totals(balancer);
  for (const [name, expected] of [
    ['one.test', 'one.test'],
    ['two.test', 'two.test'],
    ['three.test', 'one.test'],
  ] as const) {
    const socket = secure(balancer.port, name);
    await once(socket, 'secureConnect');
    assert.equal(socket.getPeerCertificate().subject['CN'], expected);
    assert.equal(socket.alpnProtocol, false);
    socket.write('hello');
    assert.equal(String((await once(socket, 'data'))[0]), 'hello');
    socket.end();
    await once(socket, 'close');
  }
  assert.equal(totals.get('tls.newFlowCount'), 3);
  assert.equal(totals.get('tls.processedBytes'), 30);
  await eventually(() => totals.get('tls.activeFlowCount') === 0);
});

test('a half-close passes through, and the end is an orderly one', { timeout }, async () => {
  await using target = await TcpTarget.start((socket) => {
    let got = '';
    socket.on('data', (bytes) => (got += bytes.toString()));
    socket.on('end', () => socket.end(`got ${got}`));
  });
  await using balancer = await TestBalancer.start(networkSnapshot([target.port], { listener: tls }));
  const socket = secure(balancer.port);
  let text = '';
  socket.on('data', (bytes: Buffer) => (text += bytes.toString()));
  socket.end('question');
  await once(socket, 'close');
  assert.equal(text, 'got question');
});

test('a client that ends and reads nothing keeps its flow until silence ends it, no longer', { timeout }, async () => {
  await using target = await TcpTarget.start((socket) => void socket.end(Buffer.alloc(8 * 1024 * 1024)));
  await using balancer = await TestBalancer.start(networkSnapshot([target.port], { listener: tls }));
  const totals = new Totals(balancer);
  const socket = secure(balancer.port).on('error', () => undefined);
  await once(socket, 'secureConnect');
  socket.end('question');
  await eventually(() => totals.get('tls.newFlowCount') === 1);
  assert.equal(totals.get('tls.activeFlowCount'), 1);
  balancer.engine.sweeper.sweep(monotonicMs() + 351_000);
  assert.equal(totals.get('tls.activeFlowCount'), 0);
  socket.destroy();
});

test('4 MB arrive whole both ways', { timeout }, async () => {
  await using target = await TcpTarget.echo();
  await using balancer = await TestBalancer.start(networkSnapshot([target.port], { listener: tls }));
  const sent = Buffer.alloc(4 * 1024 * 1024, 'abcdefghijklmnopqrstuvwxyz012345');
  for (let at = 0; at < sent.length; at += 10_000) sent.writeUInt32BE(at, at);
  const received: Buffer[] = [];
  const socket = secure(balancer.port);
  socket.on('data', (bytes: Buffer) => received.push(bytes));
  socket.end(sent);
  await once(socket, 'close');
  assert.ok(Buffer.concat(received).equals(sent));
});

test('ALPN follows the policy', { timeout }, async () => {
  await using target = await TcpTarget.echo();
  for (const [alpnPolicy, offered, expected] of [
    ['HTTP2Preferred', ['http/1.1', 'h2'], 'h2'],
    ['HTTP2Optional', ['h2', 'http/1.1'], 'http/1.1'],
    ['HTTP2Only', ['http/1.1', 'h2'], 'h2'],
    ['HTTP1Only', ['h2', 'http/1.1'], 'http/1.1'],
    ['None', ['h2'], false],
  ] as const) {
    await using balancer = await TestBalancer.start(networkSnapshot([target.port], { listener: { ...tls, network: { alpnPolicy } } }));
    const socket = secure(balancer.port, 'one.test', [...offered]);
    await once(socket, 'secureConnect');
    assert.equal(socket.alpnProtocol, expected, alpnPolicy);
    socket.destroy();
  }
});

test('what is not TLS is counted and reaches no target', { timeout }, async () => {
  await using target = await TcpTarget.echo();
  await using balancer = await TestBalancer.start(networkSnapshot([target.port], { listener: tls }));
  const totals = new Totals(balancer);
  const client = new TcpClient(balancer.port);
  client.socket.write('GET / HTTP/1.1\r\n\r\n');
  await eventually(() => client.ended || client.closed);
  client.socket.destroy();
  await eventually(() => totals.get('clientTlsNegotiationErrorCount') === 1);
  assert.equal(target.sockets.length, 0);
});

test('a TLS target group is spoken to in TLS, the PROXY header before the handshake', { timeout }, async () => {
  const { certificate: cert, privateKey: key } = certificates[0]!;
  const inner = createServer({ cert, key, allowHalfOpen: true }, (socket) => socket.pipe(socket));
  let header = '';
  const outer = createTcpServer((socket) => {
    socket.once('readable', () => {
      header = (socket.read(28) as Buffer).toString('hex');
      inner.emit('connection', socket);
    });
  });
  outer.listen(0, '127.0.0.1');
  await once(outer, 'listening');
  const { port } = outer.address() as AddressInfo;
  const group = { protocol: 'TLS', proxyProtocol: true } as const;
  {
    await using balancer = await TestBalancer.start(networkSnapshot([port], { listener: tls, group }));
    const socket = secure(balancer.port);
    socket.write('hello');
    assert.equal(String((await once(socket, 'data'))[0]), 'hello');
    assert.match(header, /^0d0a0d0a000d0a515549540a2111000c7f0000017f000001/);
    socket.end();
    await once(socket, 'close');
  }
  await new Promise((resolve) => outer.close(resolve));
});

test('a target that speaks no TLS is counted as such', { timeout }, async () => {
  await using target = await TcpTarget.start((socket) => void socket.write('220 hello\r\n'));
  await using balancer = await TestBalancer.start(networkSnapshot([target.port], { group: { protocol: 'TLS' } }));
  const totals = new Totals(balancer);
  const client = new TcpClient(balancer.port);
  await eventually(() => client.closed);
  assert.equal(totals.get('targetTlsNegotiationErrorCount'), 1);
  assert.equal(totals.get('tcp.rejectedFlowCount'), 1);
});
