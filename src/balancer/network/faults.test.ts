import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { systemClock } from '../../base/index.ts';
import type { HealthCheck } from '../../model/index.ts';
import type { Probe } from '../health/monitor.ts';
import { probe } from '../health/probe.ts';
import { defaultCheck, eventually, TestBalancer } from '../testkit/index.ts';
import { networkSnapshot, TcpClient, TcpTarget, Totals } from './testkit.ts';
import { selfSigned } from '../testkit/certificates.ts';

const timeout = 60_000;
const healthCheck: HealthCheck = {
  ...defaultCheck,
  protocol: 'TCP',
  intervalMs: 50,
  timeoutMs: 1_000,
  healthyThreshold: 2,
  unhealthyThreshold: 2,
};

/** A port where nobody listens. */
async function closedPort(): Promise<number> {
  await using target = await TcpTarget.echo();
  return target.port;
}

test('a target that refuses is passed over; when all refuse the client gets a reset', { timeout }, async () => {
  await using target = await TcpTarget.echo('here');
  const refusing = await closedPort();
  await using balancer = await TestBalancer.start(networkSnapshot([refusing, target.port]));
  const totals = new Totals(balancer);
  for (let i = 0; i < 20; i++) {
    const client = new TcpClient(balancer.port);
    assert.equal(await client.hear(), 'here');
    client.socket.destroy();
  }
  assert.ok(totals.get('targetConnectionErrorCount') > 0);
  assert.equal(totals.get('tcp.rejectedFlowCount'), 0);
  await balancer.apply(networkSnapshot([refusing], { revision: 2 }));
  const client = new TcpClient(balancer.port);
  await eventually(() => client.closed);
  assert.equal(client.failure, 'ECONNRESET');
  assert.equal(totals.get('tcp.rejectedFlowCount'), 1);
  assert.equal(totals.get('elbResetCount'), 1);
});

test('without a target a client is reset', { timeout }, async () => {
  await using balancer = await TestBalancer.start(networkSnapshot([]));
  const client = new TcpClient(balancer.port);
  await eventually(() => client.closed);
  assert.equal(client.failure, 'ECONNRESET');
});

test('a reset by the target reaches the client, and is counted as its own', { timeout }, async () => {
  await using target = await TcpTarget.start((socket) => socket.on('data', () => socket.resetAndDestroy()));
  await using balancer = await TestBalancer.start(networkSnapshot([target.port]));
  const totals = new Totals(balancer);
  const client = new TcpClient(balancer.port);
  client.socket.write('x');
  await eventually(() => client.closed);
  assert.equal(client.failure, 'ECONNRESET');
  assert.deepEqual([totals.get('targetResetCount'), totals.get('clientResetCount'), totals.get('elbResetCount')], [1, 0, 0]);
});

test('a reset by the client reaches the target, and is counted as its own', { timeout }, async () => {
  let failure: string | undefined;
  await using target = await TcpTarget.start((socket) => {
    socket.on('error', (error: NodeJS.ErrnoException) => (failure = error.code));
    socket.pipe(socket);
  });
  await using balancer = await TestBalancer.start(networkSnapshot([target.port]));
  const totals = new Totals(balancer);
  const client = new TcpClient(balancer.port);
  await client.ask('x');
  client.socket.resetAndDestroy();
  await eventually(() => failure !== undefined);
  assert.equal(failure, 'ECONNRESET');
  assert.deepEqual([totals.get('targetResetCount'), totals.get('clientResetCount'), totals.get('elbResetCount')], [0, 1, 0]);
  assert.equal(totals.get('tcp.activeFlowCount'), 0);
});

test('a killed target: its clients learn it, the next flow goes elsewhere', { timeout }, async () => {
  const source = `require('net').createServer((s) => s.pipe(s)).listen(0, '127.0.0.1', function () { console.log(this.address().port) })`;
  const child = spawn(process.execPath, ['-e', source], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const doomed = Number(line.toString());
  await using balancer = await TestBalancer.start(networkSnapshot([doomed]));
  const client = new TcpClient(balancer.port);
  await client.ask('x');
  await using spare = await TcpTarget.echo();
  await balancer.apply(networkSnapshot([doomed, spare.port], { revision: 2 }));
  child.kill('SIGKILL');
  await once(child, 'exit');
  await eventually(() => client.ended || client.closed);
  client.socket.destroy();
  for (let i = 0; i < 10; i++) {
    const next = new TcpClient(balancer.port);
    assert.equal(await next.ask('y'), 'y');
    next.socket.destroy();
  }
});

test('flows of a target that turns unhealthy are reset, unless there is no healthy one', { timeout }, async () => {
  await using a = await TcpTarget.echo('a');
  await using b = await TcpTarget.echo('b');
  const sick = new Set<number>();
  const mood: Probe = (target) => Promise.resolve(sick.has(target.port) ? { outcome: 'timeout' } : { outcome: 'pass' });
  await using balancer = await TestBalancer.start(networkSnapshot([a.port, b.port], { group: { healthCheck } }), mood);
  const totals = new Totals(balancer);
  await eventually(() => balancer.health.filter(({ state }) => state === 'healthy').length === 2);
  const clients = Array.from({ length: 24 }, () => new TcpClient(balancer.port));
  const names = await Promise.all(clients.map((client) => client.hear()));
  const of = (name: string): TcpClient[] => clients.filter((_, index) => names[index] === name);
  assert.ok(of('a').length > 0 && of('b').length > 0);
  sick.add(a.port);
  await eventually(() => of('a').every((client) => client.closed));
  assert.ok(of('a').every((client) => client.failure === 'ECONNRESET'));
  assert.equal(totals.get('elbResetCount'), 2 * of('a').length);
  sick.add(b.port);
  await eventually(() => balancer.health.some(({ targetId, state }) => targetId.endsWith(`:${b.port}`) && state === 'unhealthy'));
  for (const client of of('b')) assert.equal(await client.ask('still'), 'still');
  const late = Array.from({ length: 24 }, () => new TcpClient(balancer.port));
  const lateNames = await Promise.all(late.map((client) => client.hear()));
  assert.deepEqual(new Set(lateNames), new Set(['a', 'b']), 'fail-open sends to all');
  sick.delete(b.port);
  await eventually(() => late.every((client, index) => lateNames[index] === 'b' || client.closed));
  for (const client of [...of('b'), ...late]) client.socket.destroy();
});

test('health checks by connection find a dead target', { timeout }, async () => {
  const dead = await closedPort();
  await using target = await TcpTarget.echo();
  await using balancer = await TestBalancer.start(networkSnapshot([dead, target.port], { group: { healthCheck } }), probe);
  await eventually(() => {
    const states = new Map(balancer.health.map(({ targetId, state }) => [targetId, state]));
    return states.get(`127.0.0.1:${dead}`) === 'unhealthy' && states.get(`127.0.0.1:${target.port}`) === 'healthy';
  });
});

test('health checks by HTTP and HTTPS judge targets of flows by their answer', { timeout }, async () => {
  const { certificate: cert, privateKey: key } = selfSigned('target.test');
  for (const protocol of ['HTTP', 'HTTPS'] as const) {
    let status = 200;
    const asked: string[] = [];
    const onRequest: RequestListener = (request, answer) => {
      asked.push(`${request.method} ${request.url} ${request.headers['user-agent']}`);
      answer.writeHead(status).end();
    };
    const server = protocol === 'HTTP' ? createHttpServer(onRequest) : createHttpsServer({ cert, key }, onRequest);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    {
      const group = { healthCheck: { ...healthCheck, protocol, path: '/ready', matcher: '200-399' } };
      await using balancer = await TestBalancer.start(networkSnapshot([port], { group }), probe);
      await eventually(() => balancer.health.at(-1)?.state === 'healthy');
      assert.equal(asked[0], 'GET /ready ELB-HealthChecker/2.0');
      status = 503;
      await eventually(() => balancer.health.at(-1)?.state === 'unhealthy');
      assert.equal(balancer.health.at(-1)?.reason, 'Target.ResponseCodeMismatch');
      status = 301;
      await eventually(() => balancer.health.at(-1)?.state === 'healthy');
    }
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

test('a draining target keeps its flows, gets no new ones, and loses them in the end only when asked to', { timeout }, async () => {
  for (const connectionTermination of [false, true]) {
    await using a = await TcpTarget.echo('a');
    await using b = await TcpTarget.echo('b');
    const group = { deregistrationDelayMs: 200, network: { connectionTermination } };
    await using balancer = await TestBalancer.start(networkSnapshot([a.port], { group }));
    const client = new TcpClient(balancer.port);
    await client.hear();
    const snapshot = networkSnapshot([a.port, b.port], { group, revision: 2 });
    const [config] = snapshot.targetGroups;
    const targets = config!.targets.map((target) => (target.port === a.port ? { ...target, phase: 'draining' as const } : target));
    await balancer.apply({ ...snapshot, targetGroups: [{ ...config!, targets }] });
    for (let i = 0; i < 10; i++) {
      const next = new TcpClient(balancer.port);
      assert.equal(await next.hear(), 'b');
      next.socket.destroy();
    }
    assert.equal(await client.ask('still'), 'still');
    assert.deepEqual(balancer.drained, []);
    await eventually(() => {
      balancer.runtime.tick();
      return balancer.drained.length === 1;
    });
    if (connectionTermination) {
      await eventually(() => client.closed);
      assert.equal(client.failure, 'ECONNRESET');
    } else assert.equal(await client.ask('and on'), 'and on');
    client.socket.destroy();
  }
});

test('1,000 snapshots under traffic: no flow is lost, no new one fails', { timeout }, async () => {
  await using a = await TcpTarget.echo();
  await using b = await TcpTarget.echo();
  await using balancer = await TestBalancer.start(networkSnapshot([a.port]));
  const totals = new Totals(balancer);
  const stopping = new AbortController();
  const failures: string[] = [];
  let answered = 0;
  const talk = async (perConnection: number): Promise<void> => {
    while (!stopping.signal.aborted) {
      const client = new TcpClient(balancer.port);
      for (let i = 0; i < perConnection && !stopping.signal.aborted; i++) {
        const text = `message ${i}`;
        if ((await client.ask(text)) === text) answered++;
        else failures.push(`${client.failure}: ${client.text}`);
      }
      client.socket.end();
      await eventually(() => client.closed);
    }
  };
  const talks = [talk(1), talk(5), talk(5), talk(1_000_000), talk(1_000_000)];
  const sets = [[a.port], [a.port, b.port], [b.port]];
  for (let revision = 2; revision < 1_002; revision++) {
    await balancer.apply(networkSnapshot(sets[revision % 3]!, { revision }));
    if (revision % 5 === 0) await systemClock.sleep(1);
  }
  stopping.abort();
  await Promise.all(talks);
  assert.deepEqual(failures, []);
  assert.ok(answered > 100, String(answered));
  assert.equal(totals.get('elbResetCount'), 0);
  assert.equal(totals.get('tcp.activeFlowCount'), 0);
});

test('clients that abort in the middle leave nothing behind', { timeout }, async () => {
  await using target = await TcpTarget.start((socket) => void socket.write(Buffer.alloc(1_000_000)));
  await using balancer = await TestBalancer.start(networkSnapshot([target.port]));
  const totals = new Totals(balancer);
  for (let batch = 0; batch < 5; batch++) {
    const clients = Array.from({ length: 100 }, () => new TcpClient(balancer.port));
    await Promise.all(clients.map((client) => client.hear()));
    for (const client of clients) client.socket.resetAndDestroy();
  }
  await eventually(() => target.sockets.length === 500 && target.sockets.every((socket) => socket.destroyed));
  assert.equal(totals.get('tcp.activeFlowCount'), 0);
  assert.equal(totals.get('tcp.newFlowCount'), 500);
});
