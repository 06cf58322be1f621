import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:http2';
import { after, test } from 'node:test';
import {
  credentials,
  makeGenericClientConstructor,
  Metadata,
  Server,
  ServerCredentials,
  status,
  type Client,
  type handleUnaryCall,
  type ServerDuplexStream,
  type ServerWritableStream,
  type ServiceError,
} from '@grpc/grpc-js';
import { systemClock } from '../base/index.ts';
import { probe } from './health/probe.ts';
import type { Probe } from './health/monitor.ts';
import { defaultCheck, eventually, exchange, snapshotOf, TestBalancer } from './testkit/index.ts';
import { selfSigned } from './testkit/certificates.ts';

/** A real gRPC client and server on both sides of the balancer; messages are bytes as they are. */
const timeout = 30_000;
const certificate = selfSigned('one.test');
const https = { protocol: 'HTTPS', certificates: [certificate] } as const;
const grpc = { protocolVersion: 'GRPC' } as const;
const asIs = (bytes: Buffer): Buffer => bytes;

const method = (name: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/test.Echo/${name}`,
  requestStream,
  responseStream,
  requestSerialize: asIs,
  requestDeserialize: asIs,
  responseSerialize: asIs,
  responseDeserialize: asIs,
});
const service = { Say: method('Say', false, false), Many: method('Many', false, true), Talk: method('Talk', true, true) };

interface Echo {
  readonly port: number;
  readonly server: Server;
  /** Metadata of the calls so far. */
  readonly calls: Metadata[];
  /** Calls that the client gave up. */
  cancelled: number;
}

const servers: Server[] = [];
after(() => servers.forEach((server) => server.forceShutdown()));

async function startEcho(port = 0): Promise<Echo> {
  const server = new Server();
  const echo = { port: 0, server, calls: [] as Metadata[], cancelled: 0 };
  const say: handleUnaryCall<Buffer, Buffer> = (call, done) => {
    echo.calls.push(call.metadata);
    if (call.request.toString() === 'refuse') {
      const metadata = new Metadata();
      metadata.set('why', 'because');
      return done({ code: status.PERMISSION_DENIED, details: 'not you', metadata });
    }
    const trailer = new Metadata();
    trailer.set('served-by', String(echo.port));
    done(null, Buffer.concat([Buffer.from('heard '), call.request]), trailer);
  };
  const many = (call: ServerWritableStream<Buffer, Buffer>): void => {
    const block = Buffer.alloc(32 * 1024, call.request);
    call.on('cancelled', () => echo.cancelled++);
    let left = 256;
    const more = (): void => {
      while (left-- > 0) if (!call.write(block)) return void call.once('drain', more);
      call.end();
    };
    more();
  };
  const talk = (call: ServerDuplexStream<Buffer, Buffer>): void => {
    call.on('cancelled', () => echo.cancelled++);
    call.on('data', (bytes: Buffer) => call.write(bytes));
    call.on('end', () => call.end());
  };
  server.addService(service, { Say: say, Many: many, Talk: talk });
  echo.port = await new Promise<number>((resolve, reject) =>
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))),
  );
  servers.push(server);
  return echo;
}

class EchoClient implements Disposable {
  readonly #client: Client;

  constructor(port: number) {
    const Constructor = makeGenericClientConstructor(service, 'test.Echo');
    this.#client = new Constructor(`127.0.0.1:${port}`, credentials.createSsl(Buffer.from(certificate.certificate)), {
      'grpc.ssl_target_name_override': 'one.test',
    });
  }

  say(text: string): Promise<string> {
    return new Promise((resolve, reject) =>
      this.#client.makeUnaryRequest(service.Say.path, asIs, asIs, Buffer.from(text), (error, answer) =>
        error ? reject(error) : resolve(String(answer)),
      ),
    );
  }

  many(text: string) {
    return this.#client.makeServerStreamRequest(service.Many.path, asIs, asIs, Buffer.from(text));
  }

  talk() {
    return this.#client.makeBidiStreamRequest(service.Talk.path, asIs, asIs);
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

async function start(ports: readonly number[], group: object = grpc, withProbe?: Probe): Promise<TestBalancer> {
  return TestBalancer.start(snapshotOf(ports, { listener: https, group }), withProbe);
}

test('calls, their errors and their metadata go through; the target is told that trailers are understood', { timeout }, async () => {
  const echo = await startEcho();
  await using balancer = await start([echo.port]);
  using client = new EchoClient(balancer.port);
  assert.equal(await client.say('hello'), 'heard hello');
  assert.deepEqual(echo.calls[0]!.get('x-forwarded-proto'), ['https']);
  await assert.rejects(client.say('refuse'), (error: ServiceError) => {
    assert.deepEqual([error.code, error.details, error.metadata.get('why')], [status.PERMISSION_DENIED, 'not you', ['because']]);
    return true;
  });
  const metrics = balancer.runtime.tick();
  assert.deepEqual([metrics.targetGroups[0]!.requestCount, metrics.targetGroups[0]!.target2xx], [2, 2]);
});

test('both sides speak in turn on one stream', { timeout }, async () => {
  const echo = await startEcho();
  await using balancer = await start([echo.port]);
  using client = new EchoClient(balancer.port);
  const call = client.talk();
  for (const word of ['one', 'two', 'three']) {
    const heard = once(call, 'data');
    call.write(Buffer.from(word));
    assert.equal(String((await heard)[0]), word);
  }
  call.end();
  const [ended] = (await once(call, 'status')) as [{ code: number }];
  assert.equal(ended.code, status.OK);
  assert.equal(balancer.runtime.tick().targetGroups[0]!.targets[0]!.outstanding, 0);
});

test('many calls at once share few connections', { timeout }, async () => {
  const echo = await startEcho();
  await using balancer = await start([echo.port]);
  using client = new EchoClient(balancer.port);
  const answers = await Promise.all(Array.from({ length: 300 }, (_, index) => client.say(String(index))));
  assert.deepEqual(
    answers,
    answers.map((_, index) => `heard ${index}`),
  );
});

test('8 MB to a reader that rests: the target waits meanwhile, other calls do not', { timeout }, async () => {
  const echo = await startEcho();
  await using balancer = await start([echo.port]);
  // The client of grpc-js reads ahead without end, so this one is Node's own.
  const session = connect(`https://127.0.0.1:${balancer.port}`, { rejectUnauthorized: false });
  const call = session.request({ ':method': 'POST', ':path': service.Many.path, 'content-type': 'application/grpc', te: 'trailers' });
  call.end(Buffer.from('\0\0\0\0\x01x'));
  await once(call, 'response');
  await systemClock.sleep(200);
  const before = balancer.runtime.tick().loadBalancers[0]!.processedBytes;
  assert.ok(before < 2_000_000, `${before} bytes went through though nobody read them`);
  using client = new EchoClient(balancer.port);
  assert.equal(await client.say('hello'), 'heard hello');
  let received = 0;
  call.on('data', (bytes: Buffer) => (received += bytes.length));
  await once(call, 'end');
  assert.equal(received, 256 * (5 + 32 * 1024));
  session.close();
});

test('a call that the client gives up ends at the target', { timeout }, async () => {
  const echo = await startEcho();
  await using balancer = await start([echo.port]);
  using client = new EchoClient(balancer.port);
  const call = client.talk();
  call.on('error', () => undefined);
  const heard = once(call, 'data');
  call.write(Buffer.from('hello'));
  await heard;
  call.cancel();
  await eventually(() => echo.cancelled === 1);
  await eventually(() => balancer.runtime.tick().targetGroups[0]!.targets[0]!.outstanding === 0);
});

test('a target that shuts down finishes its calls; new ones go to the other', { timeout }, async () => {
  const [a, b] = [await startEcho(), await startEcho()];
  await using balancer = await start([a.port, b.port]);
  using client = new EchoClient(balancer.port);
  const calls = [client.talk(), client.talk()];
  for (const call of calls) {
    const heard = once(call, 'data');
    call.write(Buffer.from('hello'));
    await heard;
  }
  const down = new Promise<void>((resolve) => a.server.tryShutdown(() => resolve()));
  for (let i = 0; i < 10; i++) assert.equal(await client.say('x'), 'heard x');
  for (const call of calls) {
    const ended = once(call, 'status');
    call.resume();
    call.end();
    assert.equal(((await ended)[0] as { code: number }).code, status.OK);
  }
  await down;
});

test('a draining target keeps its open calls and gets no new one', { timeout }, async () => {
  const [a, b] = [await startEcho(), await startEcho()];
  await using balancer = await start([a.port]);
  using client = new EchoClient(balancer.port);
  const call = client.talk();
  const heard = once(call, 'data');
  call.write(Buffer.from('one'));
  await heard;
  const snapshot = snapshotOf([a.port, b.port], { listener: https, group: grpc, revision: 2 });
  const group = snapshot.targetGroups[0]!;
  await balancer.apply({
    ...snapshot,
    targetGroups: [{ ...group, targets: [{ ...group.targets[0]!, phase: 'draining' }, group.targets[1]!] }],
  });
  for (let i = 0; i < 4; i++) await client.say('x');
  assert.equal(b.calls.length, 4);
  assert.deepEqual(balancer.drained, []);
  const more = once(call, 'data');
  call.write(Buffer.from('two'));
  assert.equal(String((await more)[0]), 'two');
  call.end();
  await once(call, 'status');
  await eventually(() => balancer.drained.length === 1);
});

test('targets that are restarted one after the other under load: every call is answered', { timeout }, async () => {
  const echoes = [await startEcho(), await startEcho(), await startEcho()];
  const healthCheck = { ...defaultCheck, path: '/AWS.ALB/healthcheck', matcher: '12', intervalMs: 100, timeoutMs: 1000 };
  await using balancer = await start(
    echoes.map(({ port }) => port),
    { ...grpc, healthCheck },
    probe,
  );
  await eventually(() => balancer.health.filter(({ state }) => state === 'healthy').length === 3);
  using client = new EchoClient(balancer.port);
  const stopping = new AbortController();
  let answered = 0;
  const failures: string[] = [];
  const load = Array.from({ length: 8 }, async () => {
    while (!stopping.signal.aborted) {
      await client.say('x').then(
        () => answered++,
        (error: unknown) => failures.push(String(error)),
      );
    }
  });
  for (const { server, port } of echoes) {
    await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
    await systemClock.sleep(100);
    await startEcho(port);
    await systemClock.sleep(400);
  }
  stopping.abort();
  await Promise.all(load);
  assert.deepEqual(failures, []);
  assert.ok(answered > 100, String(answered));
});

test('health checks of gRPC targets go by grpc-status', { timeout }, async () => {
  const echo = await startEcho();
  const check = { ...defaultCheck, protocolVersion: 'GRPC', path: '/AWS.ALB/healthcheck' } as const;
  const target = { id: 'a', host: '127.0.0.1', port: echo.port, phase: 'registered' } as const;
  assert.deepEqual(await probe(target, { ...check, matcher: '12' }), { outcome: 'pass' });
  assert.deepEqual(await probe(target, { ...check, matcher: '0-99' }), { outcome: 'pass' });
  assert.deepEqual(await probe(target, { ...check, matcher: '0' }), { outcome: 'code', status: 12 });
  assert.deepEqual(await probe(target, { ...check, path: service.Say.path, matcher: '0' }), { outcome: 'pass' });
  echo.server.forceShutdown();
  assert.equal((await probe(target, { ...check, matcher: '12' })).outcome, 'error');
});

test('requests that the targets of a group cannot be asked get 464, as on AWS', { timeout }, async () => {
  const echo = await startEcho();
  await using plain = await TestBalancer.start(snapshotOf([echo.port], { group: grpc }));
  const request = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
  assert.match(await exchange(plain.port, request), /^HTTP\/1\.1 464 [^]*http1-to-grpc-targets\n$/);
  await using http2 = await TestBalancer.start(snapshotOf([echo.port], { group: { protocolVersion: 'HTTP2' } }));
  assert.match(await exchange(http2.port, request), /^HTTP\/1\.1 464 [^]*http1-to-http2-targets\n$/);
  await using http1 = await start([echo.port], {});
  using client = new EchoClient(http1.port);
  await assert.rejects(client.say('hello'), (error: ServiceError) => error.details.includes('464'));
});
