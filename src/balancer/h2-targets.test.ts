import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  connect,
  constants,
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { test } from 'node:test';
import { systemClock } from '../base/index.ts';
import { probe } from './health/probe.ts';
import { defaultCheck, eventually, exchange, RawClient, RawTarget, snapshotOf, TestBalancer } from './testkit/index.ts';
import { selfSigned } from './testkit/certificates.ts';

/** Targets that speak HTTP/2, asked by clients of both versions. */
const timeout = 20_000;
const certificate = selfSigned('one.test');
const http2 = { protocolVersion: 'HTTP2', http1Clients: true } as const;
const get = 'GET /a?b HTTP/1.1\r\nHost: x.test\r\nConnection: close\r\n\r\n';
const bodyOf = (answer: string): string => answer.slice(answer.indexOf('\r\n\r\n') + 4);

type OnStream = (stream: ServerHttp2Stream, raw: readonly string[], count: number) => void;

class H2Target implements AsyncDisposable {
  readonly server: Http2Server | Http2SecureServer;
  readonly sessions: ServerHttp2Session[] = [];
  /** Fields of each request, `name: value`. */
  readonly requests: string[][] = [];

  constructor(server: Http2Server | Http2SecureServer, onStream: OnStream) {
    this.server = server;
    server.on('session', (session) => this.sessions.push(session));
    server.on('stream', (stream: ServerHttp2Stream, _headers: unknown, _flags: number, raw: readonly string[]) => {
      stream.on('error', () => undefined);
      this.requests.push(raw.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${raw[index + 1]}`] : [])));
      onStream(stream, raw, this.requests.length);
    });
  }

  static async start(onStream: OnStream, options: ServerOptions = {}): Promise<H2Target> {
    const target = new H2Target(createServer(options), onStream);
    await once(target.server.listen(0, '127.0.0.1'), 'listening');
    return target;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.sessions) session.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }
}

const hello: OnStream = (stream) => {
  stream.respond({ ':status': 200, 'x-a': ['b', 'c'] });
  stream.end('hello');
};

async function start(ports: readonly number[], group: object = http2): Promise<TestBalancer> {
  return TestBalancer.start(snapshotOf(ports, { group }));
}

test('an HTTP/1.1 client and an HTTP/2 target', { timeout }, async () => {
  await using target = await H2Target.start(hello);
  await using balancer = await start([target.port]);
  const answer = await exchange(balancer.port, get);
  assert.equal(
    answer.replace(/date: [^\r]+\r\n/, ''),
    'HTTP/1.1 200 OK\r\nx-a: b\r\nx-a: c\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  );
  assert.deepEqual(
    target.requests[0]!.filter((line) => !/^x-(?:forwarded|amzn)/.test(line)),
    [':method: GET', ':path: /a?b', ':scheme: http', ':authority: x.test'],
  );
  assert.ok(target.requests[0]!.includes('x-forwarded-for: 127.0.0.1'));
  assert.equal(target.sessions.length, 1);
});

test('bodies, trailers and interim answers both ways', { timeout }, async () => {
  await using target = await H2Target.start((stream) => {
    let body = '';
    let trailers = '';
    stream.setEncoding('utf8');
    stream.on('trailers', (got) => (trailers = String(got['x-sum'])));
    stream.on('data', (text: string) => (body += text));
    stream.on('end', () => {
      stream.additionalHeaders({ ':status': 103, link: '</a.css>' });
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': String(body.length) }));
      stream.end(`${body} ${trailers}`);
    });
  });
  await using balancer = await start([target.port]);
  const answer = await exchange(
    balancer.port,
    'POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 5\r\n\r\n',
  );
  assert.match(answer, /^HTTP\/1\.1 103 Early Hints\r\nlink: <\/a\.css>\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
  assert.match(answer, /7\r\nhello 5\r\n0\r\nx-sum: 5\r\n\r\n$/);
});

test('answers without a body say so', { timeout }, async () => {
  await using target = await H2Target.start((stream, _raw, count) =>
    stream.respond({ ':status': [200, 204, 304][count - 1] as number }, { endStream: true }),
  );
  await using balancer = await start([target.port]);
  assert.match(await exchange(balancer.port, get), /^HTTP\/1\.1 200 OK\r\n[^]*Content-Length: 0\r\n[^]*\r\n\r\n$/);
  for (const status of [204, 304]) {
    const answer = await exchange(balancer.port, get);
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `));
    assert.doesNotMatch(answer, /content-length|transfer-encoding/i);
  }
});

test('HEAD, and a length that is told', { timeout }, async () => {
  await using target = await H2Target.start((stream, raw) => {
    stream.respond({ ':status': 200, 'content-length': 5 }, { endStream: raw.includes('HEAD') });
    if (!raw.includes('HEAD')) stream.end('hello');
  });
  await using balancer = await start([target.port]);
  const client = new RawClient(balancer.port).send('HEAD / HTTP/1.1\r\nHost: x\r\n\r\n');
  assert.match(await client.until((text) => text.endsWith('\r\n\r\n')), /content-length: 5\r\n/);
  client.send(get);
  assert.match(await client.untilEnd(), /content-length: 5\r\n[^]*\r\n\r\nhello$/);
});

test('a stream that the target refused goes to the other, a POST too', { timeout }, async () => {
  await using refuses = await H2Target.start((stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM));
  await using serves = await H2Target.start(hello);
  await using balancer = await start([refuses.port, serves.port]);
  for (let i = 0; i < 4; i++) {
    const answer = await exchange(balancer.port, 'POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nab');
    assert.equal(bodyOf(answer), 'hello');
  }
  assert.ok(refuses.requests.length > 0);
  assert.deepEqual(balancer.runtime.tick().loadBalancers[0]!.reasons, {});
});

test('a stream that the target reset: again for a GET, 502 for a POST', { timeout }, async () => {
  await using target = await H2Target.start((stream, _raw, count) =>
    count % 2 === 1 ? stream.close(constants.NGHTTP2_INTERNAL_ERROR) : hello(stream, [], count),
  );
  await using balancer = await start([target.port]);
  assert.equal(bodyOf(await exchange(balancer.port, get.replace('1.1', '1.0'))), 'hello');
  assert.match(
    await exchange(balancer.port, 'POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab'),
    /^HTTP\/1\.1 502 [^]*target-reset\n$/,
  );
});

test('a reset in the middle of an answer breaks it off for the client too', { timeout }, async () => {
  await using target = await H2Target.start((stream) => {
    // Without trailers to wait for, Node ends a stream in good order before it resets it.
    stream.respond({ ':status': 200 }, { waitForTrailers: true });
    stream.write('hello', () => void systemClock.sleep(20).then(() => stream.close(constants.NGHTTP2_INTERNAL_ERROR)));
  });
  await using balancer = await start([target.port]);
  assert.match(await exchange(balancer.port, get), /\r\n\r\n5\r\nhello\r\n$/);
});

test('a connection that dies in the middle of an answer breaks it off for the client too', { timeout }, async () => {
  await using target = await H2Target.start((stream) => {
    stream.respond({ ':status': 200 });
    stream.write('hello', () => void systemClock.sleep(20).then(() => stream.session!.socket.destroy()));
  });
  await using balancer = await start([target.port]);
  assert.match(await exchange(balancer.port, get), /\r\n\r\n5\r\nhello\r\n$/);
});

test('after GOAWAY what is in flight is finished, and the next goes by a new connection', { timeout }, async () => {
  let answer = (): void => undefined;
  await using target = await H2Target.start((stream, raw, count) => {
    if (count === 1) answer = () => hello(stream, raw, count);
    else hello(stream, raw, count);
  });
  await using balancer = await start([target.port]);
  const first = new RawClient(balancer.port).send(get);
  await eventually(() => target.requests.length === 1);
  target.sessions[0]!.goaway(constants.NGHTTP2_NO_ERROR);
  await systemClock.sleep(20);
  assert.match(await exchange(balancer.port, get), /hello/);
  assert.equal(target.sessions.length, 2);
  answer();
  assert.match(await first.untilEnd(), /hello/);
  await eventually(() => target.sessions[0]!.closed);
});

test('more streams than the target allows make a further connection', { timeout }, async () => {
  const waiting: ServerHttp2Stream[] = [];
  await using target = await H2Target.start((stream) => waiting.push(stream), { settings: { maxConcurrentStreams: 10 } });
  await using balancer = await start([target.port]);
  const warm = new RawClient(balancer.port).send(get);
  await eventually(() => waiting.length === 1);
  const clients = Array.from({ length: 24 }, () => new RawClient(balancer.port).send(get));
  await eventually(() => waiting.length === 25);
  assert.equal(target.sessions.length, 3);
  for (const stream of waiting) hello(stream, [], 0);
  for (const client of [warm, ...clients]) assert.match(await client.untilEnd(), /hello/);
});

test('a client that leaves ends its stream, and the connection stays', { timeout }, async () => {
  const codes: number[] = [];
  await using target = await H2Target.start((stream, raw, count) => {
    stream.on('close', () => codes.push(stream.rstCode));
    if (count > 1) hello(stream, raw, count);
  });
  await using balancer = await start([target.port]);
  const client = new RawClient(balancer.port).send(get);
  await eventually(() => target.requests.length === 1);
  client.close();
  await eventually(() => codes.length === 1);
  assert.deepEqual(codes, [constants.NGHTTP2_CANCEL]);
});

test('clients that abort in the middle of an answer leave no stream behind', { timeout }, async () => {
  let open = 0;
  await using target = await H2Target.start((stream) => {
    open++;
    stream.on('close', () => open--);
    stream.respond({ ':status': 200 });
    stream.write('x'.repeat(10_000));
  });
  await using balancer = await start([target.port]);
  for (let batch = 0; batch < 5; batch++) {
    const all = Array.from({ length: 100 }, () => new RawClient(balancer.port).send(get));
    await Promise.all(all.map((client) => client.until((text) => text.length > 100)));
    for (const client of all) client.socket.resetAndDestroy();
    await eventually(() => open === 0);
  }
  assert.equal(target.requests.length, 500);
  assert.equal(target.sessions.length, 1, 'one connection serves them all');
  const { loadBalancers, targetGroups } = balancer.runtime.tick();
  assert.deepEqual([loadBalancers[0]!.activeConnectionCount, targetGroups[0]!.targets[0]!.outstanding], [0, 0]);
});

test('a target that falls silent: 504, and its connection is not used again', { timeout }, async () => {
  await using target = await H2Target.start((stream, raw, count) => {
    if (count > 1) hello(stream, raw, count);
  });
  await using balancer = await TestBalancer.start(
    snapshotOf([target.port], { group: http2, listener: { attributes: { idleTimeoutMs: 100 } } }),
  );
  assert.match(await exchange(balancer.port, get), /^HTTP\/1\.1 504 [^]*target-timeout\n$/);
  assert.match(await exchange(balancer.port, get), /hello/);
  assert.equal(target.sessions.length, 2);
});

test('a target that does not speak HTTP/2: 502', { timeout }, async () => {
  await using target = await RawTarget.answering('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  await using balancer = await start([target.port]);
  assert.match(await exchange(balancer.port, get), /^HTTP\/1\.1 502 [^]*target-connect-failed\n$/);
});

test('an upload waits for a target that does not read', { timeout }, async () => {
  let stream: ServerHttp2Stream | undefined;
  await using target = await H2Target.start((arrived) => (stream = arrived));
  await using balancer = await start([target.port]);
  const total = 32 * 1024 * 1024;
  const client = new RawClient(balancer.port).send(`POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${total}\r\n\r\n`);
  client.socket.write(Buffer.alloc(total));
  await eventually(() => stream !== undefined);
  await systemClock.sleep(300);
  const taken = balancer.runtime.tick().loadBalancers[0]!.processedBytes;
  assert.ok(taken < total / 4, `${taken} bytes were taken from the client though the target read none`);
  let received = 0;
  stream!.on('data', (bytes: Buffer) => (received += bytes.length));
  stream!.on('end', () => hello(stream!, [], 0));
  assert.match(await client.untilEnd(), /hello/);
  assert.equal(received, total);
});

test('targets behind TLS, of both versions, checked and asked', { timeout }, async () => {
  const keys = { cert: certificate.certificate, key: certificate.privateKey };
  const plain = createTlsServer(keys, (socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'));
  });
  await once(plain.listen(0, '127.0.0.1'), 'listening');
  const secure = new H2Target(createSecureServer(keys), hello);
  await once(secure.server.listen(0, '127.0.0.1'), 'listening');
  await using _ = secure;
  try {
    const healthCheck = { ...defaultCheck, protocol: 'HTTPS' } as const;
    for (const [port, group] of [
      [(plain.address() as AddressInfo).port, {}],
      [secure.port, http2],
    ] as const) {
      const snapshot = snapshotOf([port], { group: { ...group, protocol: 'HTTPS', healthCheck } });
      await using balancer = await TestBalancer.start(snapshot, probe);
      await eventually(() => balancer.health.some(({ state }) => state === 'healthy'));
      const client = new RawClient(balancer.port).send(get.replace('Connection: close\r\n', ''));
      await client.until((text) => text.includes('hello'));
      client.send(get);
      assert.equal((await client.untilEnd()).split('hello').length, 3);
    }
    assert.ok(secure.requests.at(-1)!.includes(':scheme: https'));
  } finally {
    plain.close();
  }
});

test('HTTP/2 from end to end: fifty streams at once', { timeout }, async () => {
  const block = 'x'.repeat(100_000);
  await using target = await H2Target.start((stream) => {
    stream.respond({ ':status': 200 });
    stream.end(block);
  });
  await using balancer = await TestBalancer.start(
    snapshotOf([target.port], { group: { protocolVersion: 'HTTP2' }, listener: { protocol: 'HTTPS', certificates: [certificate] } }),
  );
  const session = connect(`https://127.0.0.1:${balancer.port}`, { rejectUnauthorized: false });
  const lengths = await Promise.all(
    Array.from({ length: 50 }, async () => {
      let length = 0;
      const stream = session.request({ ':path': '/' });
      stream.on('data', (bytes: Buffer) => (length += bytes.length));
      await once(stream, 'end');
      return length;
    }),
  );
  assert.deepEqual([...new Set(lengths)], [block.length]);
  assert.equal(target.sessions.length, 1);
  session.close();
});
