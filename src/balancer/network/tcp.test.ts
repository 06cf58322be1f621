import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monotonicMs } from '../../base/index.ts';
import { eventually, TestBalancer } from '../testkit/index.ts';
import { networkSnapshot, TcpClient, TcpTarget, Totals } from './testkit.ts';

const timeout = 30_000;

test('bytes go both ways and are counted', { timeout }, async () => {
  await using target = await TcpTarget.echo();
  await using balancer = await TestBalancer.start(networkSnapshot([target.port]));
  const totals = new Totals(balancer);
  const client = new TcpClient(balancer.port);
  assert.equal(await client.ask('hello'), 'hello');
  assert.equal(totals.get('tcp.activeFlowCount'), 1);
  client.socket.end();
  await eventually(() => client.closed);
  assert.equal(client.failure, undefined);
  assert.equal(totals.get('tcp.newFlowCount'), 1);
  assert.equal(totals.get('tcp.processedBytes'), 10);
  assert.equal(totals.get('tcp.activeFlowCount'), 0);
  assert.equal(totals.get('elbResetCount') + totals.get('clientResetCount') + totals.get('targetResetCount'), 0);
});

test('a half-close by the client leaves the way back open', { timeout }, async () => {
  await using target = await TcpTarget.start((socket) => {
    let got = '';
    socket.on('data', (bytes) => (got += bytes.toString()));
    socket.on('end', () => socket.end(`got ${got}, and your end`));
  });
  await using balancer = await TestBalancer.start(networkSnapshot([target.port]));
  const client = new TcpClient(balancer.port);
  client.socket.end('question');
  await eventually(() => client.closed);
  assert.equal(client.text, 'got question, and your end');
  assert.equal(client.failure, undefined);
});

test('a half-close by the target leaves the way there open', { timeout }, async () => {
  let got = '';
  await using target = await TcpTarget.start((socket) => {
    socket.on('data', (bytes) => (got += bytes.toString()));
    socket.end('all I have to say');
  });
  await using balancer = await TestBalancer.start(networkSnapshot([target.port]));
  const client = new TcpClient(balancer.port);
  await eventually(() => client.ended);
  assert.equal(client.text, 'all I have to say');
  client.socket.write('still ');
  await eventually(() => got === 'still ');
  client.socket.end('here');
  await eventually(() => got === 'still here' && client.closed);
  assert.equal(client.failure, undefined);
});

test('a large transfer arrives whole in both directions at once', { timeout }, async () => {
  await using target = await TcpTarget.echo();
  await using balancer = await TestBalancer.start(networkSnapshot([target.port]));
  const client = new TcpClient(balancer.port);
  const sent = Buffer.alloc(8 * 1024 * 1024, 'The quick brown fox jumps over the lazy dog. ');
  for (let at = 0; at < sent.length; at += 100_000) sent.writeUInt32BE(at, at);
  client.socket.removeAllListeners('data');
  const received: Buffer[] = [];
  client.socket.on('data', (bytes: Buffer) => received.push(bytes));
  client.socket.end(sent);
  await eventually(() => client.closed);
  assert.ok(Buffer.concat(received).equals(sent));
});

test('clients of one address stay together when asked to, and are spread otherwise', { timeout }, async () => {
  await using a = await TcpTarget.echo('a');
  await using b = await TcpTarget.echo('b');
  await using c = await TcpTarget.echo('c');
  const ports = [a.port, b.port, c.port];
  await using balancer = await TestBalancer.start(networkSnapshot(ports));
  const namesOf = async (localAddress: string): Promise<Set<string>> => {
    const clients = Array.from({ length: 24 }, () => new TcpClient(balancer.port, localAddress));
    const names = await Promise.all(clients.map((client) => client.hear()));
    for (const client of clients) client.socket.destroy();
    return new Set(names);
  };
  assert.ok((await namesOf('127.0.0.1')).size > 1);
  await balancer.apply(networkSnapshot(ports, { group: { network: { sourceIpStickiness: true } }, revision: 2 }));
  const addresses = Array.from({ length: 20 }, (_, index) => `127.0.0.${index + 2}`);
  const chosen = new Set<string>();
  for (const address of addresses) {
    const names = await namesOf(address);
    assert.equal(names.size, 1);
    for (const name of names) chosen.add(name);
  }
  assert.ok(chosen.size > 1);
});

test('weights decide which group gets a new flow; established ones stay', { timeout }, async () => {
  await using a = await TcpTarget.echo('a');
  await using b = await TcpTarget.echo('b');
  const weighted = (weightA: number, weightB: number, revision: number): ReturnType<typeof networkSnapshot> => {
    const groups = [
      { targetGroupId: 'group', weight: weightA },
      { targetGroupId: 'other', weight: weightB },
    ];
    const snapshot = networkSnapshot([a.port], { listener: { defaultAction: { type: 'forward-weighted', groups } }, revision });
    const other = { ...networkSnapshot([b.port]).targetGroups[0]!, id: 'other' };
    return { ...snapshot, targetGroups: [...snapshot.targetGroups, other] };
  };
  await using balancer = await TestBalancer.start(weighted(1, 0, 1));
  const first = new TcpClient(balancer.port);
  assert.equal(await first.hear(), 'a');
  await balancer.apply(weighted(0, 1, 2));
  const second = new TcpClient(balancer.port);
  assert.equal(await second.hear(), 'b');
  assert.equal(await first.ask('still'), 'still');
  await balancer.apply(weighted(0, 0, 3));
  const third = new TcpClient(balancer.port);
  await eventually(() => third.closed);
  assert.equal(third.failure, 'ECONNRESET');
  assert.equal(await second.ask('there'), 'there');
  first.socket.destroy();
  second.socket.destroy();
});

test('silence ends a flow with resets after 350 s, or as configured', { timeout }, async () => {
  for (const [network, shortMs, longMs] of [
    [{}, 349_000, 351_000],
    [{ idleTimeoutMs: 60_000 }, 59_000, 61_000],
  ] as const) {
    await using target = await TcpTarget.echo();
    await using balancer = await TestBalancer.start(networkSnapshot([target.port], { listener: { network } }));
    const totals = new Totals(balancer);
    const client = new TcpClient(balancer.port);
    await client.ask('hello');
    balancer.engine.sweeper.sweep(monotonicMs() + shortMs);
    assert.equal(totals.get('elbResetCount'), 0);
    balancer.engine.sweeper.sweep(monotonicMs() + longMs);
    await eventually(() => client.closed && target.sockets[0]!.destroyed);
    assert.equal(client.failure, 'ECONNRESET');
    assert.equal(totals.get('elbResetCount'), 2);
  }
});

test('a listener or group that is not there is told, and the rest serves', { timeout }, async () => {
  await using target = await TcpTarget.echo();
  await using balancer = new TestBalancer();
  const good = networkSnapshot([target.port]);
  const [listener] = good.listeners;
  const bad = { ...listener!, id: 'bad', defaultAction: { type: 'forward', targetGroupId: 'nowhere' } as const };
  const answer = { ...listener!, id: 'answer', defaultAction: { type: 'fixed-response', statusCode: 200 } as const };
  const { failed } = await balancer.apply({ ...good, listeners: [listener!, bad, answer] });
  assert.deepEqual(
    failed.map(({ id, message }) => [id, message]),
    [
      ['bad', 'no network target group nowhere'],
      ['answer', 'the network listener answer can only forward'],
    ],
  );
  const client = new TcpClient(balancer.port);
  assert.equal(await client.ask('x'), 'x');
  client.socket.destroy();
});

test('a listener with a number out of its range is refused; one that served goes on as it was', { timeout }, async () => {
  await using target = await TcpTarget.echo();
  await using balancer = await TestBalancer.start(networkSnapshot([target.port]));
  for (const [network, told] of [
    [{ idleTimeoutMs: 59_999 }, 'idleTimeoutMs 59999; it must be from 60000 to 6000000'],
    [{ idleTimeoutMs: Number.NaN }, 'idleTimeoutMs NaN; it must be from 60000 to 6000000'],
    [{ connectTimeoutMs: 0 }, 'connectTimeoutMs 0; it must be from 100 to 120000'],
    [{ udpFlowsMax: 0 }, 'udpFlowsMax 0; it must be from 1 to 1000000'],
  ] as const) {
    const { failed } = await balancer.apply(networkSnapshot([target.port], { listener: { network }, revision: 2 }));
    assert.deepEqual(
      failed.map(({ code, message }) => [code, message]),
      [['EINVAL', `the network listener listener has ${told}`]],
    );
    const client = new TcpClient(balancer.port);
    assert.equal(await client.ask('still'), 'still');
    client.socket.destroy();
  }
});
