import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, exchange, normalised, RawClient, RawTarget, snapshotOf, TestBalancer } from './testkit/index.ts';

const timeout = 20_000;
const asText = (text: string): RegExp => new RegExp(text.replaceAll(/[.[\]]/g, '\\$&'));
const hello = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';

test('a request reaches the target with the headers AWS adds, and its answer comes back', { timeout }, async () => {
  await using target = await RawTarget.answering(
    `HTTP/1.1 201 Made\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello`,
  );
  await using balancer = await TestBalancer.start(snapshotOf([target.port]));
  const answer = await exchange(balancer.port, 'GET /a?b HTTP/1.1\r\nHost: x.test\r\nAccept: */*\r\nConnection: close\r\n\r\n');
  assert.equal(answer, 'HTTP/1.1 201 Made\r\nContent-Length: 5\r\nX-A: b\r\nConnection: close\r\n\r\nhello');
  assert.equal(
    normalised(target.received[0] as string),
    `GET /a?b HTTP/1.1\r\nHost: x.test\r\nAccept: */*\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Port: ${balancer.port}\r\nX-Amzn-Trace-Id: Root=TRACE\r\n\r\n`,
  );
});

test('Host gets the port of the listener where it names none, as on AWS; or is left alone', { timeout }, async () => {
  await using target = await RawTarget.answering(hello);
  for (const preserveHostHeader of [false, true]) {
    await using balancer = await TestBalancer.start(snapshotOf([target.port], { listener: { attributes: { preserveHostHeader } } }));
    const added = preserveHostHeader ? '' : `:${balancer.port}`;
    for (const [sent, got] of [
      ['x.test', `x.test${added}`],
      ['x.test:81', 'x.test:81'],
      ['[::1]', `[::1]${added}`],
    ]) {
      await exchange(balancer.port, `GET / HTTP/1.1\r\nA: b\r\nHost: ${sent}\r\nC: d\r\nConnection: close\r\n\r\n`);
      assert.match(target.received.at(-1)!.slice(target.received.at(-1)!.lastIndexOf('GET')), asText(`A: b\r\nHost: ${got}\r\nC: d\r\nX-`));
      await exchange(balancer.port, `GET http://${sent}/ HTTP/1.1\r\nHost: y\r\nConnection: close\r\n\r\n`);
      assert.match(
        target.received.at(-1)!.slice(target.received.at(-1)!.lastIndexOf('GET')),
        asText(`GET / HTTP/1.1\r\nHost: ${got}\r\nX-`),
      );
    }
    // A client of HTTP/1.0 need not send one.
    await exchange(balancer.port, 'GET / HTTP/1.0\r\n\r\n');
    assert.match(target.received.at(-1)!, asText(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${balancer.port}\r\nX-`));
  }
});

test('requests of one client share a connection to the target, pipelined or not', { timeout }, async () => {
  await using target = await RawTarget.answering(hello);
  await using balancer = await TestBalancer.start(snapshotOf([target.port]));
  const client = new RawClient(balancer.port);
  const request = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
  client.send(request + request + request);
  await client.until((text) => text.split('hello').length === 4);
  client.send(request);
  await client.until((text) => text.split('hello').length === 5);
  client.close();
  assert.equal(target.sockets.length, 1);
});

test('bodies of both framings arrive whole, and answers of all three', { timeout }, async () => {
  const big = 'x'.repeat(300_000);
  for (const [framed, relayed] of [
    [`Content-Length: 300000\r\n\r\n${big}`, big],
    [`Transfer-Encoding: chunked\r\n\r\n493e0\r\n${big}\r\n0\r\n\r\n`, big],
    [`\r\n${big}`, big],
  ] as const) {
    const target = new RawTarget((socket, soFar) => {
      if (!soFar.endsWith('!')) return;
      socket.write(`HTTP/1.1 200 OK\r\n${framed}`);
      if (framed.startsWith('\r\n')) socket.end();
    });
    await target.listen();
    await using _ = target;
    await using balancer = await TestBalancer.start(snapshotOf([target.port]));
    const answer = await exchange(balancer.port, `POST / HTTP/1.0\r\nContent-Length: 200001\r\n\r\n${'y'.repeat(200_000)}!`);
    assert.equal(answer.slice(answer.indexOf('\r\n\r\n') + 4), relayed);
    assert.ok((target.received[0] as string).endsWith(`\r\n\r\n${'y'.repeat(200_000)}!`));
  }
});

test('nothing registered: 503; nothing listening: 502; each with its reason', { timeout }, async () => {
  await using balancer = await TestBalancer.start(snapshotOf([]));
  assert.match(
    await exchange(balancer.port, 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'),
    /^HTTP\/1\.1 503 [^]*no-registered-target\n$/,
  );
  await balancer.apply(snapshotOf([1]));
  assert.match(
    await exchange(balancer.port, 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'),
    /^HTTP\/1\.1 502 [^]*target-connect-failed\n$/,
  );
  const { reasons, elb5xx } = balancer.runtime.tick().loadBalancers[0]!;
  assert.deepEqual([reasons, elb5xx], [{ 'no-registered-target': 1, 'target-connect-failed': 1 }, 2]);
});

test('a kept connection that the target has just closed costs nobody an error', { timeout }, async () => {
  let first = true;
  const target = new RawTarget((socket, soFar, index) => {
    // The first connection dies on its second request without an answer.
    if (index === 0 && soFar.split('\r\n\r\n').length > 2) socket.destroy();
    else socket.write(hello);
    first = false;
  });
  await target.listen();
  await using _ = target;
  await using balancer = await TestBalancer.start(snapshotOf([target.port]));
  const client = new RawClient(balancer.port).send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await client.until((text) => text.endsWith('hello'));
  client.send('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  assert.equal((await client.untilEnd()).split('HTTP/1.1 200').length, 3);
  assert.equal(first, false);
  assert.equal(target.sockets.length, 2);
});

test('a POST that the target may have seen is never sent again', { timeout }, async () => {
  const target = new RawTarget((socket) => socket.destroy());
  await target.listen();
  await using _ = target;
  await using balancer = await TestBalancer.start(snapshotOf([target.port]));
  const answer = await exchange(balancer.port, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\nab');
  assert.match(answer, /^HTTP\/1\.1 502 /);
  assert.equal(target.sockets.length, 1);
});

test('a draining target finishes what it has, gets nothing new, and is then reported', { timeout }, async () => {
  await using slow = new RawTarget(() => undefined);
  await slow.listen();
  await using other = await RawTarget.answering(hello);
  await using balancer = await TestBalancer.start(snapshotOf([slow.port]));
  const client = new RawClient(balancer.port).send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await eventually(() => slow.sockets.length === 1 && slow.received[0] !== '');
  const snapshot = snapshotOf([slow.port, other.port], { revision: 2 });
  const group = snapshot.targetGroups[0]!;
  const [first, second] = group.targets;
  await balancer.apply({ ...snapshot, targetGroups: [{ ...group, targets: [{ ...first!, phase: 'draining' }, second!] }] });
  for (let i = 0; i < 3; i++) assert.match(await exchange(balancer.port, 'GET / HTTP/1.0\r\n\r\n'), /hello$/);
  assert.deepEqual(balancer.drained, []);
  slow.sockets[0]!.write(hello);
  await client.until((text) => text.endsWith('hello'));
  await eventually(() => balancer.drained.length === 1);
  assert.equal(slow.sockets.length, 1);
  client.close();
});

test('a client that leaves takes its request with it', { timeout }, async () => {
  await using target = new RawTarget(() => undefined);
  await target.listen();
  await using balancer = await TestBalancer.start(snapshotOf([target.port]));
  const client = new RawClient(balancer.port).send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await eventually(() => target.received[0] !== undefined && target.received[0] !== '');
  let closed = false;
  target.sockets[0]!.on('close', () => (closed = true));
  client.close();
  await eventually(() => closed);
  assert.equal(balancer.runtime.tick().loadBalancers[0]!.reasons['client-gone'], 1);
});
