import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect as connectH2, constants, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { eventually, RawTarget, snapshotOf, TestBalancer } from './testkit/index.ts';
import { selfSigned } from './testkit/certificates.ts';

const timeout = 20_000;
const hello = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello';

const certificates = [selfSigned('one.test'), selfSigned('two.test')];
const https = { protocol: 'HTTPS', certificates } as const;

function secureConnection(port: number, servername: string, ALPNProtocols: string[]): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ port, host: '127.0.0.1', servername, ALPNProtocols, rejectUnauthorized: false }, () => resolve(socket));
    socket.on('error', reject);
  });
}

interface Answer {
  headers: IncomingHttpHeaders;
  body: string;
  trailers: IncomingHttpHeaders;
}

function request(session: ClientHttp2Session, headers: Record<string, string>, body?: readonly string[]): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':method': body ? 'POST' : 'GET', ':path': '/', ...headers }, { endStream: body === undefined });
    const answer: Answer = { headers: {}, body: '', trailers: {} };
    stream.setEncoding('utf8');
    stream.on('response', (got) => (answer.headers = got));
    stream.on('trailers', (got) => (answer.trailers = got));
    stream.on('data', (text: string) => (answer.body += text));
    stream.on('end', () => resolve(answer));
    stream.on('error', reject);
    for (const text of body ?? []) stream.write(text);
    if (body) stream.end();
  });
}

test('the certificate follows the name asked for, the protocol what the client offers', { timeout }, async () => {
  await using target = await RawTarget.answering(hello);
  await using balancer = await TestBalancer.start(snapshotOf([target.port], { listener: https }));
  for (const [name, expected] of [
    ['one.test', 'one.test'],
    ['two.test', 'two.test'],
    ['three.test', 'one.test'],
  ] as const) {
    const socket = await secureConnection(balancer.port, name, ['h2', 'http/1.1']);
    assert.equal(socket.getPeerCertificate().subject['CN'], expected);
    assert.equal(socket.alpnProtocol, 'h2');
    socket.destroy();
  }
  const socket = await secureConnection(balancer.port, 'one.test', ['http/1.1']);
  let text = '';
  socket.on('data', (bytes: Buffer) => (text += bytes.toString()));
  socket.write('GET / HTTP/1.1\r\nHost: one.test\r\nConnection: close\r\n\r\n');
  await eventually(() => text.endsWith('hello'));
  socket.destroy();
  assert.match(target.received[0]!, /X-Forwarded-Proto: https\r\n/);
});

test('clients that speak an older TLS than allowed are turned away, from the next connection on', { timeout }, async () => {
  await using target = await RawTarget.answering(hello);
  await using balancer = await TestBalancer.start(snapshotOf([target.port], { listener: https }));
  const version = (maxVersion: 'TLSv1.2' | 'TLSv1.3'): Promise<string | null> =>
    new Promise((resolve, reject) => {
      const socket = connectTls(
        { port: balancer.port, host: '127.0.0.1', servername: 'two.test', maxVersion, rejectUnauthorized: false },
        () => {
          resolve(socket.getProtocol());
          socket.destroy();
        },
      );
      socket.on('error', reject);
    });
  assert.deepEqual([await version('TLSv1.2'), await version('TLSv1.3')], ['TLSv1.2', 'TLSv1.3']);
  await balancer.apply(snapshotOf([target.port], { listener: { ...https, minTlsVersion: 'TLSv1.3' }, revision: 2 }));
  await assert.rejects(version('TLSv1.2'), /protocol version/);
  assert.equal(await version('TLSv1.3'), 'TLSv1.3');
});

test('streams of HTTP/2 go to HTTP/1.1 targets, many at once, bodies and trailers included', { timeout }, async () => {
  const target = new RawTarget((socket, soFar) => {
    if (!soFar.includes('POST')) {
      if (soFar.endsWith('\r\n\r\n')) socket.write(hello);
    } else if (soFar.endsWith('0\r\n\r\n'))
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 6\r\n\r\n');
  });
  await target.listen();
  await using _ = target;
  await using balancer = await TestBalancer.start(snapshotOf([target.port], { listener: https }));
  const session = connectH2(`https://127.0.0.1:${balancer.port}`, { rejectUnauthorized: false, servername: 'one.test' });
  const answers = await Promise.all(Array.from({ length: 20 }, () => request(session, { 'x-q': '1', cookie: 'a=b' })));
  for (const { headers, body } of answers) assert.deepEqual([headers[':status'], headers['x-a'], body], [200, 'b', 'hello']);
  assert.match(
    target.received[0]!,
    /^GET \/ HTTP\/1\.1\r\nHost: one\.test:\d+\r\nx-q: 1\r\ncookie: a=b\r\nX-Forwarded-For: 127\.0\.0\.1\r\nX-Forwarded-Proto: https\r\n/,
  );
  const posted = await request(session, {}, ['hello', ' world']);
  assert.deepEqual([posted.headers[':status'], posted.body, posted.trailers['x-sum']], [200, 'abc', '6']);
  const post = target.received.find((text) => text.includes('POST'))!;
  assert.match(post, /\r\nTransfer-Encoding: chunked\r\n\r\n/);
  session.close();
  await eventually(() => balancer.runtime.tick().loadBalancers[0]!.activeConnectionCount === 0);
});

test('rules and refusals are those of HTTP/1.1; what has no such form is a stream error', { timeout }, async () => {
  await using balancer = await TestBalancer.start(snapshotOf([], { listener: https }));
  const session = connectH2(`https://127.0.0.1:${balancer.port}`, { rejectUnauthorized: false, servername: 'one.test' });
  assert.equal((await request(session, {})).headers[':status'], 503);
  assert.equal((await request(session, { ':method': 'TRACE' })).headers[':status'], 405);
  for (const headers of [{ ':path': '/a b' }, { ':authority': 'a.test', host: 'other' }, { ':path': '/\r\ny' }, { ':path': 'admin' }]) {
    await assert.rejects(request(session, headers), { code: 'ERR_HTTP2_STREAM_ERROR' }, JSON.stringify(headers));
  }
  assert.equal((await request(session, { ':path': '/#fragment' })).headers[':status'], 400);
  session.close();
});

for (const protocol of ['http/1.1', 'h2'] as const) {
  test(`what ${protocol} clients agreed on is told to targets that want it, and to the log`, { timeout }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'plimsoll-log-'));
    const accessLog = join(folder, 'access.log');
    try {
      await using target = await RawTarget.answering(hello);
      const attributes = { tlsHeaders: true, accessLog };
      await using balancer = await TestBalancer.start(snapshotOf([target.port], { listener: { ...https, attributes } }));
      if (protocol === 'h2') {
        const session = connectH2(`https://127.0.0.1:${balancer.port}`, { rejectUnauthorized: false, servername: 'one.test' });
        await request(session, { 'x-amzn-tls-version': 'TLSv0' });
        session.destroy();
      } else {
        const socket = await secureConnection(balancer.port, 'one.test', ['http/1.1']);
        socket.write('GET / HTTP/1.1\r\nHost: x\r\nX-Amzn-Tls-Version: TLSv0\r\nConnection: close\r\n\r\n');
        await new Promise((resolve) => socket.resume().once('end', resolve));
        socket.destroy();
      }
      assert.match(target.received[0]!, /\r\nX-Amzn-Tls-Version: TLSv1\.3\r\nX-Amzn-Tls-Cipher-Suite: TLS_AES_\w+\r\n/);
      assert.doesNotMatch(target.received[0]!, /TLSv0/);
      await eventually(() => {
        balancer.runtime.tick();
        return existsSync(accessLog) && readFileSync(accessLog, 'utf8').endsWith('\n');
      });
      const line = readFileSync(accessLog, 'utf8');
      assert.match(line, / TLS_AES_\w+ TLSv1\.3 group "/);
      assert.match(line, protocol === 'h2' ? /^h2 .* HTTP\/2\.0" / : /^https .* HTTP\/1\.1" /);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

test('a stream that the client resets takes its request with it', { timeout }, async () => {
  await using target = new RawTarget(() => undefined);
  await target.listen();
  await using balancer = await TestBalancer.start(snapshotOf([target.port], { listener: https }));
  const session = connectH2(`https://127.0.0.1:${balancer.port}`, { rejectUnauthorized: false, servername: 'one.test' });
  const stream = session.request({ ':path': '/' });
  stream.on('error', () => undefined);
  await eventually(() => (target.received[0] ?? '') !== '');
  stream.close(constants.NGHTTP2_CANCEL);
  await eventually(() => target.sockets[0]!.destroyed);
  session.close();
});

for (const protocol of ['http/1.1', 'h2'] as const) {
  test(`a large body arrives whole both ways over ${protocol}, a slow reader included`, { timeout }, async () => {
    const total = 5_000_000;
    const target = new RawTarget((socket, soFar) => {
      if (soFar.endsWith('!')) socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n${'x'.repeat(total)}`);
    });
    await target.listen();
    await using _ = target;
    await using balancer = await TestBalancer.start(snapshotOf([target.port], { listener: https }));
    const body = `${'y'.repeat(1_000_000)}!`;
    let received = 0;
    const onData = (bytes: Buffer): number => (received += bytes.length);
    if (protocol === 'h2') {
      const session = connectH2(`https://127.0.0.1:${balancer.port}`, { rejectUnauthorized: false, servername: 'one.test' });
      const stream = session.request({ ':method': 'POST', ':path': '/', 'content-length': String(body.length) });
      stream.end(body);
      await new Promise((resolve) => stream.once('response', resolve));
      stream.on('data', onData);
      await eventually(() => received === total);
      session.close();
    } else {
      const socket = await secureConnection(balancer.port, 'one.test', ['http/1.1']);
      socket.pause();
      socket.write(`POST / HTTP/1.1\r\nHost: one.test\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
      await eventually(() => (target.received[0] ?? '').endsWith('!'));
      socket.on('data', onData);
      socket.resume();
      await new Promise((resolve) => socket.once('end', resolve));
      assert.ok(received > total && received < total + 200, String(received));
      socket.destroy();
    }
    assert.ok(target.received[0]!.endsWith(body));
  });
}
