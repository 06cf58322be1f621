import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventually, exchange, RawClient, RawTarget, snapshotOf, TestBalancer } from './testkit/index.ts';
import { block, ErrorCode, Flag, frame, FrameType, RawH2Client, requestFields, type Field } from './testkit/h2-client.ts';
import { selfSigned } from './testkit/certificates.ts';

/** Hostile and odd HTTP/2, frame for frame: what the client sees and what the target received. */
const timeout = 20_000;
const hello = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
const listener = { protocol: 'HTTPS', certificates: [selfSigned('one.test')] } as const;

interface Setting extends AsyncDisposable {
  readonly target: RawTarget;
  readonly balancer: TestBalancer;
  readonly client: RawH2Client;
}

async function setting(attributes: object = {}, answer = hello): Promise<Setting> {
  const target = await RawTarget.answering(answer);
  const balancer = await TestBalancer.start(snapshotOf([target.port], { listener: { ...listener, attributes } }));
  const client = new RawH2Client(balancer.port);
  return {
    target,
    balancer,
    client,
    async [Symbol.asyncDispose]() {
      client.close();
      await balancer[Symbol.asyncDispose]();
      await target[Symbol.asyncDispose]();
    },
  };
}

/** The stream is reset, the connection goes on, and the target never hears of it. */
function resets(name: string, fields: readonly Field[], ...more: ((stream: number) => Buffer)[]): void {
  test(name, { timeout }, async () => {
    await using s = await setting();
    const stream = s.client.request(fields, more.length === 0);
    s.client.send(...more.map((make) => make(stream)));
    assert.equal(await s.client.resetOf(stream), ErrorCode.protocol);
    assert.equal(await s.client.bodyOf(s.client.request(requestFields('/next'))), 'hello');
    assert.match(s.target.received.join(''), /^GET \/next [^]*?\r\n\r\n$/);
  });
}

const get = requestFields();
const without = (name: string): Field[] => get.filter(([each]) => each !== name);
const instead = (name: string, value: string): Field[] => get.map(([each, was]) => [each, each === name ? value : was]);
const data =
  (content: string, end = true) =>
  (stream: number) =>
    frame(FrameType.data, end ? Flag.endStream : 0, stream, content);

describe('fields of a connection', () => {
  for (const field of [
    ['connection', 'close'],
    ['transfer-encoding', 'chunked'],
    ['keep-alive', 'timeout=5'],
    ['proxy-connection', 'keep-alive'],
    ['upgrade', 'websocket'],
    ['te', 'gzip'],
    ['te', 'trailers, chunked'],
  ] as const)
    resets(`${field[0]}: ${field[1]}`, [...get, field]);

  test('te: trailers is all right', { timeout }, async () => {
    await using s = await setting();
    assert.equal(await s.client.bodyOf(s.client.request([...get, ['te', 'trailers']])), 'hello');
  });
});

describe('the request’s own fields', () => {
  for (const path of ['/a b', '/a\tb', '', 'admin', '*', '/a\r\nX: y', '/\0', '/x HTTP/1.1\r\nHost: y\r\n\r\nGET /z'])
    resets(`:path ${JSON.stringify(path)}`, instead(':path', path));
  for (const method of ['GET /x', 'G\r\nX: y', '']) resets(`:method ${JSON.stringify(method)}`, instead(':method', method));
  for (const authority of ['a\r\nX: y', 'a\0b']) resets(`:authority ${JSON.stringify(authority)}`, instead(':authority', authority));
  resets('no :path', without(':path'));
  resets('no :method', without(':method'));
  resets('two :path', [...get, [':path', '/x']]);
  resets('a :status', [...get, [':status', '200']]);
  resets('an unknown one', [...get, [':colour', 'red']]);
  resets('behind an ordinary field', [...without(':path'), ['a', 'b'], [':path', '/']]);
  resets(':authority and another Host', [...get, ['host', 'two.test']]);
  resets('two Hosts', [...without(':authority'), ['host', 'one.test'], ['host', 'two.test']]);
  resets('the same Host twice', [...get, ['host', 'one.test'], ['host', 'one.test']]);
});

describe('names and values', () => {
  resets('an upper-case name', [...get, ['A', 'b']]);

  // Node's HTTP/2 leaves these fields out before anybody sees them.
  const forwarded = /^GET \/ HTTP\/1\.1\r\nHost: one\.test\r\nc: d\r\nX-Forwarded-For: [^\r]+\r\n(?:X-[-A-Za-z]+: [^\r]+\r\n){3}\r\n$/;
  for (const [name, value] of [
    ...['b\rc', 'b\nc', 'b\r\nX: y', 'b\0c'].map((value) => ['a', value] as const),
    ...['a b', 'a:b', 'a\r\nx', '', 'a\0'].map((name) => [name, 'b'] as const),
  ]) {
    test(`${JSON.stringify(`${name}: ${value}`)} does not reach the target`, { timeout }, async () => {
      await using s = await setting();
      await s.client.bodyOf(s.client.request([...get, [name, value], ['c', 'd']]));
      assert.match(s.target.received.join(''), forwarded);
    });
  }
});

describe('message length', () => {
  const post = requestFields('/', 'POST');
  const long = (length: string): Field[] => [...post, ['content-length', length]];
  resets('a length without a body', long('5'), (stream) => frame(FrameType.data, Flag.endStream, stream));
  resets('two lengths', [...long('5'), ['content-length', '6']], data('hello'));
  for (const length of ['+5', '-1', '5, 5', '0x5', '']) resets(`length ${JSON.stringify(length)}`, long(length), data('hello'));

  for (const [name, length, content] of [
    ['shorter than its length', '9', 'hello'],
    ['longer than its length', '3', 'hello'],
  ] as const) {
    test(`a body ${name}: the stream or its connection ends, and the target is cut off without a whole request`, { timeout }, async () => {
      const target = new RawTarget(() => undefined);
      await target.listen();
      await using _ = target;
      await using balancer = await TestBalancer.start(snapshotOf([target.port], { listener }));
      const client = new RawH2Client(balancer.port);
      const stream = client.request(long(length), false);
      await eventually(() => (target.received[0] ?? '').endsWith('\r\n\r\n'));
      client.send(data(content)(stream));
      const code = await client.resetOf(stream);
      assert.ok(client.ended || code === ErrorCode.protocol, String(code));
      await eventually(() => target.sockets[0]!.destroyed);
      const body = target.received[0]!.slice(target.received[0]!.indexOf('\r\n\r\n') + 4);
      assert.ok(body.length < Number(length), JSON.stringify(body));
      client.close();
    });
  }

  test('a request hidden in a body stays a body', { timeout }, async () => {
    await using s = await setting({}, '');
    const hidden = '0\r\n\r\nGET /x HTTP/1.1\r\nHost: x\r\n\r\n';
    const stream = s.client.request(post, false);
    s.client.send(data(hidden)(stream));
    await eventually(() => (s.target.received[0] ?? '').endsWith('\r\n0\r\n\r\n'));
    assert.ok(s.target.received[0]!.endsWith(`\r\n\r\n${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`));
    assert.equal(s.target.received.length, 1);
  });

  test('a length in trailers that is not that of the body: no whole request', { timeout }, async () => {
    await using s = await setting({}, '');
    const stream = s.client.request(post, false);
    s.client.send(data('hello', false)(stream));
    await eventually(() => (s.target.received[0] ?? '').endsWith('hello\r\n'));
    s.client.send(frame(FrameType.headers, Flag.endHeaders | Flag.endStream, stream, block([['content-length', '9']])));
    assert.equal(await s.client.resetOf(stream), ErrorCode.protocol);
    await eventually(() => s.target.sockets[0]!.destroyed);
    assert.ok(s.target.received[0]!.endsWith('hello\r\n'));
  });

  test('trailers that would change the meaning go nowhere', { timeout }, async () => {
    await using s = await setting({}, '');
    const stream = s.client.request(post, false);
    const trailers = block([
      ['host', 'y'],
      ['authorization', 'z'],
      ['x-sum', '1'],
    ]);
    s.client.send(data('hello', false)(stream), frame(FrameType.headers, Flag.endHeaders | Flag.endStream, stream, trailers));
    await eventually(() => /\r\n0\r\n[^]*\r\n\r\n$/.test(s.target.received[0] ?? ''));
    assert.match(s.target.received[0]!, /\r\n\r\n5\r\nhello\r\n0\r\nx-sum: 1\r\n\r\n$/);
  });
});

describe('floods', () => {
  /** Whatever one connection does, others are served. */
  async function unharmed(s: Setting): Promise<void> {
    const other = new RawH2Client(s.balancer.port);
    assert.equal(await other.bodyOf(other.request(get)), 'hello');
    other.close();
    await eventually(() => s.balancer.runtime.tick().targetGroups[0]!.targets[0]!.outstanding === 0);
  }

  test('no more than 128 streams at once', { timeout }, async () => {
    await using s = await setting({}, '');
    const streams = Array.from({ length: 129 }, () => s.client.request(get));
    assert.equal(await s.client.resetOf(streams.at(-1)!), ErrorCode.refusedStream);
    await eventually(() => s.target.received.filter((text) => text.endsWith('\r\n\r\n')).length === 128);
  });

  test('streams that are reset as soon as they are made (CVE-2023-44487) end the connection', { timeout }, async () => {
    await using s = await setting();
    const cancel = Buffer.from([0, 0, 0, ErrorCode.cancel]);
    for (let n = 0; n < 2000 && !s.client.ended; n++) s.client.send(frame(FrameType.reset, 0, s.client.request(get), cancel));
    await s.client.goaway();
    assert.ok(s.client.ended);
    await unharmed(s);
  });

  test('streams that are made to be reset (CVE-2025-8671) end the connection', { timeout }, async () => {
    await using s = await setting();
    const nothing = Buffer.alloc(4);
    for (let n = 0; n < 5000 && !s.client.ended; n++)
      s.client.send(frame(FrameType.windowUpdate, 0, s.client.request(requestFields('/', 'POST'), false), nothing));
    await s.client.goaway();
    assert.ok(s.client.ended);
    await unharmed(s);
  });

  test('a head without end (CONTINUATION) ends the connection', { timeout }, async () => {
    await using s = await setting();
    const stream = s.client.nextStream();
    s.client.send(frame(FrameType.headers, Flag.endStream, stream, block(get)));
    const more = frame(FrameType.continuation, 0, stream, block([['a', 'b'.repeat(8000)]]));
    for (let n = 0; n < 1000 && !s.client.ended; n++) s.client.send(more);
    await s.client.goaway();
    assert.ok(s.client.ended);
    await unharmed(s);
  });

  test('a head that is too large is refused', { timeout }, async () => {
    await using s = await setting();
    const fields: Field[] = Array.from({ length: 12 }, (_, n) => [`a${n}`, 'b'.repeat(8000)]);
    const bytes = block([...get, ...fields]);
    const stream = s.client.nextStream();
    s.client.send(frame(FrameType.headers, Flag.endStream, stream, bytes.subarray(0, 16_000)));
    for (let at = 16_000; at < bytes.length; at += 16_000)
      s.client.send(
        frame(FrameType.continuation, at + 16_000 >= bytes.length ? Flag.endHeaders : 0, stream, bytes.subarray(at, at + 16_000)),
      );
    const body = await s.client.bodyOf(stream);
    assert.ok(body === '' || body.startsWith('431'), body);
    assert.deepEqual(s.target.received, []);
    await unharmed(s);
  });

  for (const [name, flood] of [
    ['PING', frame(FrameType.ping, 0, 0, Buffer.alloc(8))],
    ['SETTINGS', frame(FrameType.settings, 0, 0)],
  ] as const) {
    test(`${name} from a client that does not read the answers ends the connection`, { timeout }, async () => {
      await using s = await setting();
      await s.client.until(() => s.client.frames.length > 0);
      s.client.deafen();
      const many = Buffer.concat(Array.from({ length: 10_000 }, () => flood));
      const { balancer } = s;
      const gone = (): boolean => balancer.runtime.tick().loadBalancers[0]!.activeConnectionCount === 0;
      await eventually(() => {
        s.client.send(many);
        return gone();
      });
      await unharmed(s);
    });
  }

  test('empty frames without end end the connection', { timeout }, async () => {
    await using s = await setting({}, '');
    const stream = s.client.request(requestFields('/', 'POST'), false);
    const empty = frame(FrameType.data, 0, stream);
    for (let n = 0; n < 1000 && !s.client.ended; n++) s.client.send(empty);
    await s.client.goaway();
    assert.ok(s.client.ended);
  });
});

describe('slow clients', () => {
  const attributes = { idleTimeoutMs: 300 };

  test('HTTP/1.1: a body that stops coming gets 408, and the target is cut off', { timeout }, async () => {
    await using target = new RawTarget(() => undefined);
    await target.listen();
    await using balancer = await TestBalancer.start(snapshotOf([target.port], { listener: { attributes } }));
    const client = new RawClient(balancer.port).send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhello');
    assert.match(await client.untilEnd(), /^HTTP\/1\.1 408 [^]*Connection: close[^]*slow-request-body\n$/);
    await eventually(() => target.sockets[0]!.destroyed);
    assert.equal(balancer.runtime.tick().loadBalancers[0]!.reasons['slow-request-body'], 2);
  });

  test('HTTP/1.1: a head that stops coming gets 408', { timeout }, async () => {
    await using balancer = await TestBalancer.start(snapshotOf([1], { listener: { attributes } }));
    assert.match(await exchange(balancer.port, 'GET / HTTP/1.1\r\nHost: x'), /^HTTP\/1\.1 408 [^]*slow-request-head\n$/);
  });

  test('HTTP/2: a body that stops coming gets 408', { timeout }, async () => {
    await using s = await setting(attributes, '');
    const stream = s.client.request(requestFields('/', 'POST'), false);
    s.client.send(data('hello', false)(stream));
    assert.match(await s.client.bodyOf(stream), /^408 .*slow-request-body\n$/);
    await eventually(() => s.target.sockets[0]!.destroyed);
  });

  test('HTTP/2: a head that stops coming ends the connection', { timeout }, async () => {
    await using s = await setting(attributes);
    s.client.send(frame(FrameType.headers, Flag.endStream, 1, block(get)));
    await s.client.goaway();
    assert.ok(s.client.ended);
    assert.deepEqual(s.target.received, []);
  });
});
