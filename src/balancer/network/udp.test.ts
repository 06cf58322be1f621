import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monotonicMs } from '../../base/index.ts';
import type { Probe } from '../health/monitor.ts';
import { defaultCheck, eventually, TestBalancer } from '../testkit/index.ts';
import { networkSnapshot, TcpClient, TcpTarget, Totals, UdpClient, UdpTarget } from './testkit.ts';

const timeout = 30_000;
const udp = { protocol: 'UDP' } as const;

/** A TCP and a UDP target at the same port: the kernel's choice for one may be taken for the other. */
async function targetsOfOnePort(): Promise<[TcpTarget, UdpTarget]> {
  for (;;) {
    const tcp = await TcpTarget.echo();
    try {
      return [tcp, await UdpTarget.start('u', tcp.port)];
    } catch {
      await tcp[Symbol.asyncDispose]();
    }
  }
}

test('each client talks to one target of several, and hears only its own answers', { timeout }, async () => {
  await using a = await UdpTarget.start('a');
  await using b = await UdpTarget.start('b');
  await using c = await UdpTarget.start('c');
  await using balancer = await TestBalancer.start(networkSnapshot([a.port, b.port, c.port], { listener: udp }));
  const totals = new Totals(balancer);
  const chosen = new Set<string>();
  // All stay open: the port of one that has closed could be given to another, which would then be the same flow.
  await using clients = new AsyncDisposableStack();
  for (let i = 0; i < 30; i++) {
    const client = clients.use(new UdpClient(balancer.port));
    const names = new Set<string>();
    for (let n = 0; n < 5; n++) {
      const [name, text] = (await client.ask(`${i}-${n}`)).split(':') as [string, string];
      assert.equal(text, `${i}-${n}`);
      names.add(name);
    }
    assert.equal(names.size, 1);
    for (const name of names) chosen.add(name);
  }
  assert.deepEqual(chosen, new Set(['a', 'b', 'c']));
  assert.equal(totals.get('udp.newFlowCount'), 30);
  assert.equal(totals.get('udp.activeFlowCount'), 30);
  assert.equal(a.sources.size + b.sources.size + c.sources.size, 30, 'each flow has a port of its own');
});

test('a flow ends after 120 s of silence, and the table has an upper bound', { timeout }, async () => {
  await using target = await UdpTarget.start('a');
  const listener = { ...udp, network: { udpFlowsMax: 2 } };
  await using balancer = await TestBalancer.start(networkSnapshot([target.port], { listener }));
  const totals = new Totals(balancer);
  await using first = new UdpClient(balancer.port);
  await using second = new UdpClient(balancer.port);
  await using third = new UdpClient(balancer.port);
  await first.ask('x');
  await second.ask('x');
  third.send('x');
  await eventually(() => totals.get('udp.rejectedFlowCount') === 1);
  assert.equal(await first.ask('y'), 'a:y', 'those that are in are not hurt');
  balancer.engine.sweeper.sweep(monotonicMs() + 119_000);
  assert.equal(totals.get('udp.activeFlowCount'), 2);
  balancer.engine.sweeper.sweep(monotonicMs() + 121_000);
  assert.equal(totals.get('udp.activeFlowCount'), 0);
  assert.equal(await third.ask('z'), 'a:z');
});

test('when its target turns unhealthy a flow goes on with another', { timeout }, async () => {
  await using a = await UdpTarget.start('a');
  await using b = await UdpTarget.start('b');
  const sick = new Set<number>();
  const mood: Probe = (target) => Promise.resolve(sick.has(target.port) ? { outcome: 'timeout' } : { outcome: 'pass' });
  const healthCheck = { ...defaultCheck, intervalMs: 20, unhealthyThreshold: 2 };
  await using balancer = await TestBalancer.start(networkSnapshot([a.port, b.port], { listener: udp, group: { healthCheck } }), mood);
  await eventually(() => balancer.health.filter(({ state }) => state === 'healthy').length === 2);
  await using client = new UdpClient(balancer.port);
  const [name] = (await client.ask('x')).split(':');
  sick.add(name === 'a' ? a.port : b.port);
  await eventually(() => balancer.health.some(({ state }) => state === 'unhealthy'));
  assert.equal(await client.ask('y'), name === 'a' ? 'b:y' : 'a:y');
});

test('nobody at the target: counted, and the flow is still there when somebody comes', { timeout }, async () => {
  const gone = await UdpTarget.start('a');
  const { port } = gone;
  await gone[Symbol.asyncDispose]();
  await using balancer = await TestBalancer.start(networkSnapshot([port], { listener: udp }));
  const totals = new Totals(balancer);
  await using client = new UdpClient(balancer.port);
  client.send('x');
  await eventually(() => totals.get('targetConnectionErrorCount') > 0);
  await using _ = await UdpTarget.start('back', port);
  assert.equal(await client.ask('y'), 'back:y');
  assert.equal(totals.get('udp.newFlowCount'), 1);
});

test('the first datagram of a flow begins with the PROXY header', { timeout }, async () => {
  await using target = await UdpTarget.start('a');
  await using balancer = await TestBalancer.start(networkSnapshot([target.port], { listener: udp, group: { proxyProtocol: true } }));
  await using client = new UdpClient(balancer.port);
  await client.ask('one');
  await client.ask('two');
  const [first, second] = target.received as [Buffer, Buffer];
  assert.equal(first.subarray(0, 16).toString('hex'), '0d0a0d0a000d0a515549540a2112000c');
  assert.equal(first.subarray(16, 24).toString('hex'), '7f0000017f000001');
  assert.deepEqual([first.readUInt16BE(24), first.readUInt16BE(26)], [client.socket.address().port, balancer.port]);
  assert.equal(first.subarray(28).toString(), 'one');
  assert.equal(second.toString(), 'two');
});

test('TCP_UDP serves both at one port', { timeout }, async () => {
  const [a, b] = await targetsOfOnePort();
  await using tcp = a;
  await using _ = b;
  await using balancer = await TestBalancer.start(networkSnapshot([tcp.port], { listener: { protocol: 'TCP_UDP' } }));
  const totals = new Totals(balancer);
  const client = new TcpClient(balancer.port);
  assert.equal(await client.ask('stream'), 'stream');
  client.socket.destroy();
  await using other = new UdpClient(balancer.port);
  assert.equal(await other.ask('datagram'), 'u:datagram');
  assert.deepEqual([totals.get('tcp.newFlowCount'), totals.get('udp.newFlowCount')], [1, 1]);
});

test('a snapshot that changes nothing of a flow leaves it alone', { timeout }, async () => {
  await using a = await UdpTarget.start('a');
  await using b = await UdpTarget.start('b');
  await using balancer = await TestBalancer.start(networkSnapshot([a.port], { listener: udp }));
  await using client = new UdpClient(balancer.port);
  assert.equal(await client.ask('x'), 'a:x');
  for (let revision = 2; revision < 100; revision++) {
    await balancer.apply(networkSnapshot([a.port, b.port], { listener: udp, revision }));
    assert.equal(await client.ask(String(revision)), `a:${revision}`);
  }
  assert.equal(a.sources.size, 1);
});
