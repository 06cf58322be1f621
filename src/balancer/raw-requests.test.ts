import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { systemClock } from '../base/index.ts';
import { eventually, normalised, RawClient, RawTarget, snapshotOf, TestBalancer } from './testkit/index.ts';

/**
 * Hostile and odd requests, byte for byte. Each case tells the status line that the client sees and exactly
 * what the target received, so that no second request can hide in a first.
 */
const timeout = 20_000;
const H = 'Host: x\r\n';
const hello = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';

/** What every forwarded request ends with. */
const added = (port: number): string =>
  `X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Port: ${port}\r\nX-Amzn-Trace-Id: Root=TRACE\r\n`;

interface Outcome {
  /** Everything the client got. */
  answer: string;
  /** Everything the target got, over all connections; `+` stands for the fields that the balancer adds. */
  received: string;
  reasons: Readonly<Record<string, number>>;
}

interface Setup {
  desyncMode?: 'defensive' | 'strictest' | 'monitor';
  targetAnswer?: string;
  /** Ends the client's side after sending. */
  fin?: boolean;
}

async function run(bytes: string, setup: Setup = {}): Promise<Outcome> {
  await using target = await RawTarget.answering(setup.targetAnswer ?? hello);
  const listener = { attributes: { desyncMode: setup.desyncMode ?? 'defensive' } };
  await using balancer = await TestBalancer.start(snapshotOf([target.port], { listener }));
  const client = new RawClient(balancer.port).send(bytes);
  if (setup.fin) client.socket.end();
  // A second request on the same connection tells that the first is over, and ends it.
  else client.send(`GET /end HTTP/1.1\r\n${H}Connection: close\r\n\r\n`);
  const answer = await client.untilEnd();
  const received = normalised(target.received.join('')).replaceAll(added(balancer.port), '+\r\n');
  return { answer: normalised(answer), received, reasons: balancer.runtime.tick().loadBalancers[0]!.reasons };
}

const end = `GET /end HTTP/1.1\r\n${H}+\r\n\r\n`;
const statusOf = (answer: string): string => answer.slice(9, 12);

/** The request is refused, the connection closed, and the target never hears of it. */
function refuses(name: string, bytes: string, status = 400, setup?: Setup): void {
  test(name, { timeout }, async () => {
    const { answer, received, reasons } = await run(bytes, setup);
    assert.equal(statusOf(answer), String(status), answer);
    assert.match(answer, /\r\nConnection: close\r\n/);
    assert.equal(answer.split('HTTP/1.1 ').length, 2, 'exactly one answer');
    assert.equal(received, '');
    assert.equal(Object.keys(reasons).length, 1, JSON.stringify(reasons));
  });
}

/** The request is forwarded as these bytes. `last`: the connection ends with its answer. */
function forwards(name: string, bytes: string, expected: string, setup: Setup & { last?: boolean } = {}): void {
  test(name, { timeout }, async () => {
    const { answer, received } = await run(bytes, setup);
    assert.match(answer, /^HTTP\/1\.1 200 /);
    assert.equal(received, setup.last ? expected : expected + end);
    if (setup.last) assert.equal(answer.split('HTTP/1.1 ').length, 2, 'the connection is closed after it');
  });
}

const post = (fields: string, body = ''): string => `POST / HTTP/1.1\r\n${H}${fields}\r\n${body}`;
const get = (fields = '', target = '/'): string => `GET ${target} HTTP/1.1\r\n${H}${fields}\r\n`;

describe('message length', () => {
  const both = post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n');
  refuses('length and chunked (strictest)', both, 400, { desyncMode: 'strictest' });
  forwards(
    'length and chunked (defensive): chunked wins, both connections are closed',
    both,
    `POST / HTTP/1.1\r\n${H}+\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    { last: true },
  );
  forwards(
    'a request hidden behind a last chunk stays part of nothing',
    post('Content-Length: 29\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\nGET /x HTTP/1.1\r\nHost: x\r\n\r\n'),
    `POST / HTTP/1.1\r\n${H}+\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    { last: true },
  );
  forwards(
    'a request inside a body is a body',
    post('Content-Length: 33\r\n', '0\r\n\r\nGET /x HTTP/1.1\r\nHost: x\r\n\r\n'),
    `POST / HTTP/1.1\r\n${H}Content-Length: 33\r\n+\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\nHost: x\r\n\r\n`,
  );
  refuses('two lengths', post('Content-Length: 5\r\nContent-Length: 6\r\n', 'hello!'));
  forwards(
    'the same length twice is one',
    post('Content-Length: 5\r\nContent-Length: 5\r\n', 'hello'),
    `POST / HTTP/1.1\r\n${H}Content-Length: 5\r\n+\r\n\r\nhello`,
    { last: true },
  );
  refuses('the same length twice (strictest)', post('Content-Length: 5\r\nContent-Length: 5\r\n', 'hello'), 400, {
    desyncMode: 'strictest',
  });
  for (const value of ['+5', '-1', '0x10', '1_0', '', '5 5', '5,6', '18446744073709551617', '99999999999999999999999999']) {
    refuses(`length ${JSON.stringify(value)}`, post(`Content-Length: ${value}\r\n`, 'hello'));
  }
  refuses('an unknown coding', post('Transfer-Encoding: gzip\r\n'), 501);
  for (const value of [
    'chunked, gzip',
    'gzip, chunked',
    'chunked, chunked',
    'chunked\r\nTransfer-Encoding: chunked',
    '\x0bchunked',
    'chunked\x0b',
    ', chunked',
    'chunked,',
    'x chunked',
    '',
  ]) {
    refuses(`coding ${JSON.stringify(value)}`, post(`Transfer-Encoding: ${value}\r\n`, '0\r\n\r\n'));
  }
  refuses('space before the colon', post('Transfer-Encoding : chunked\r\n', '0\r\n\r\n'));
  refuses('chunked on HTTP/1.0', `POST / HTTP/1.0\r\n${H}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`);
  refuses('a folded coding', post('Transfer-Encoding:\r\n chunked\r\n', '0\r\n\r\n'));
  refuses('a folded field', get('A: b\r\n\tc\r\n'));
  forwards(
    'a header that some read as a coding (defensive)',
    get('Transfer_Encoding: chunked\r\n'),
    get('Transfer_Encoding: chunked\r\n+\r\n'),
    { last: true },
  );
  refuses('a header that some read as a coding (strictest)', get('Transfer_Encoding: chunked\r\n'), 400, { desyncMode: 'strictest' });
});

describe('chunks', () => {
  const chunked = (body: string): string => post('Transfer-Encoding: chunked\r\n', body);
  const forwarded = (body: string): string => `POST / HTTP/1.1\r\n${H}+\r\nTransfer-Encoding: chunked\r\n\r\n${body}`;
  for (const size of ['0x5', '+5', ' 5', '5_', '', 'FFFFFFFFFFFFFFFFF', '10000000000000000'])
    refuses(`size ${JSON.stringify(size)}`, chunked(`${size}\r\nhello\r\n0\r\n\r\n`));
  refuses('a size ended by a bare LF', chunked('5\nhello\r\n0\r\n\r\n'));
  refuses('a size ended by a bare CR', chunked('5\rhello\r\n0\r\n\r\n'));
  refuses('a bare LF in an extension', chunked('5;a\nb\r\nhello\r\n0\r\n\r\n'));
  refuses('a bare CR in an extension', chunked('5;a\rb\r\nhello\r\n0\r\n\r\n'));
  forwards('an unknown extension is ignored', chunked('5;a=b;c="d"\r\nhello\r\n0;e\r\n\r\n'), forwarded('5\r\nhello\r\n0\r\n\r\n'));
  refuses('a chunk longer than its size', chunked('3\r\nhello\r\n0\r\n\r\n'));
  refuses('a data end of bare LF', chunked('5\r\nhello\n0\r\n\r\n'));
  refuses('an endless extension', chunked(`5;${'a'.repeat(65_536)}\r\nhello\r\n0\r\n\r\n`), 413);
  forwards(
    'trailers that would change the meaning go nowhere',
    chunked('5\r\nhello\r\n0\r\nContent-Length: 9\r\nTransfer-Encoding: x\r\nHost: y\r\nAuthorization: z\r\nX-Sum: 1\r\n\r\n'),
    forwarded('5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n'),
  );
  test('the client ends before the last chunk: the target is cut off, its connection never used again', { timeout }, async () => {
    await using target = new RawTarget(() => undefined);
    await target.listen();
    await using balancer = await TestBalancer.start(snapshotOf([target.port]));
    const client = new RawClient(balancer.port).send(chunked('5\r\nhello\r\n'));
    await eventually(() => (target.received[0] ?? '').endsWith('hello\r\n'));
    let closed = false;
    target.sockets[0]!.on('close', () => (closed = true));
    client.socket.end();
    await client.untilEnd();
    await eventually(() => closed);
    assert.ok(!(target.received[0] as string).includes('\r\n0\r\n'));
  });
});

describe('request line and Host', () => {
  refuses('no Host', 'GET / HTTP/1.1\r\n\r\n');
  refuses('two Hosts', get('Host: y\r\n'));
  for (const host of ['a b', 'a/b', 'u@h', 'a,b', '', 'x:y', '[::1', 'a\\b', 'a?b'])
    refuses(`Host ${JSON.stringify(host)}`, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  forwards(
    'the authority of an absolute target wins over Host',
    `GET http://y.test:81/a?b HTTP/1.1\r\n${H}\r\n`,
    `GET /a?b HTTP/1.1\r\nHost: y.test:81\r\n+\r\n\r\n`,
  );
  refuses('GET *', get('', '*'));
  refuses('GET admin', get('', 'admin'));
  refuses('GET //u@h in absolute form', get('', 'http://u@h/'));
  forwards('OPTIONS *', `OPTIONS * HTTP/1.1\r\n${H}\r\n`, `OPTIONS * HTTP/1.1\r\n${H}+\r\n\r\n`);
  refuses('CONNECT', 'CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n', 405);
  refuses('TRACE', `TRACE / HTTP/1.1\r\n${H}\r\n`, 405);
  refuses('HTTP/2.0 in words', `GET / HTTP/2.0\r\n${H}\r\n`, 505);
  refuses('HTTP/0.9', 'GET /\r\n');
  refuses('a target that is too long', get('', `/${'a'.repeat(20_000)}`), 414);
});

describe('fields', () => {
  for (const byte of ['\0', '\r', '\n', '\x01', '\x7f']) refuses(`${JSON.stringify(byte)} in a value`, get(`A: b${byte}c\r\n`));
  refuses('no colon', get('abc\r\n'));
  refuses('an empty name', get(': b\r\n'));
  refuses('white space before the first field', `GET / HTTP/1.1\r\n ${H}\r\n`);
  refuses('CR as line end', `GET / HTTP/1.1\rHost: x\r\r`);
  refuses('LF as line end', `GET / HTTP/1.1\nHost: x\n\n`);
  refuses('a header that is too long', get(`A: ${'b'.repeat(17_000)}\r\n`), 431);
  refuses('headers that are too long', get(`A: ${'b'.repeat(15_000)}\r\n`.repeat(5)), 431);
  refuses('more than thirty forwarded addresses', get(`X-Forwarded-For: ${'1.1.1.1, '.repeat(30)}1.1.1.1\r\n`), 463);
  forwards(
    'Connection removes what it names, but never what the balancer or the framing needs',
    post(
      'Connection: X-Foo, Host, Content-Length, X-Forwarded-For, X-Amzn-Trace-Id\r\nX-Foo: 1\r\nX-Bar: 2\r\nContent-Length: 5\r\n',
      'hello',
    ),
    `POST / HTTP/1.1\r\n${H}X-Bar: 2\r\nContent-Length: 5\r\n+\r\n\r\nhello`,
  );
  forwards(
    'hop-by-hop fields are stripped',
    get('Keep-Alive: timeout=9\r\nProxy-Connection: keep-alive\r\nTE: trailers\r\nUpgrade: websocket\r\nTrailer: a\r\nX-Bar: 2\r\n'),
    get('X-Bar: 2\r\n+\r\n'),
  );
  test('X-Forwarded-For grows, other claims about the client are replaced, a trace goes on', { timeout }, async () => {
    const trace = 'X-Amzn-Trace-Id: Root=1-67891233-abcdef012345678912345678;Foo=1\r\n';
    const { received } = await run(get(`X-Forwarded-For: 9.9.9.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Port: 1\r\n${trace}`));
    assert.match(
      received,
      /^GET \/ HTTP\/1\.1\r\nHost: x\r\nX-Forwarded-For: 9\.9\.9\.9, 127\.0\.0\.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Port: \d+\r\nX-Amzn-Trace-Id: Self=TRACE;Root=TRACE;Foo=1\r\n\r\n/,
    );
    assert.ok(!received.includes('https'));
  });
});

describe('Expect, pipelining, OPTIONS', () => {
  test('100-continue is answered at once', { timeout }, async () => {
    await using target = await RawTarget.answering(hello);
    await using balancer = await TestBalancer.start(snapshotOf([target.port]));
    const client = new RawClient(balancer.port).send(post('Expect: 100-continue\r\nContent-Length: 5\r\nConnection: close\r\n'));
    assert.equal(await client.until((text) => text.endsWith('\r\n\r\n')), 'HTTP/1.1 100 Continue\r\n\r\n');
    client.send('world');
    assert.match(await client.untilEnd(), /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/);
    assert.ok(!(target.received[0] as string).includes('Expect'));
    assert.ok((target.received[0] as string).endsWith('\r\n\r\nworld'));
  });
  forwards(
    'on HTTP/1.0 it is ignored',
    `POST / HTTP/1.0\r\n${H}Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello`,
    `POST / HTTP/1.1\r\n${H}Content-Length: 5\r\n+\r\n\r\nhello`,
    { last: true },
  );
  refuses('an unknown expectation', get('Expect: magic\r\n'), 417);
  test('good, bad, good: the first is answered, the second refused, the third never sent', { timeout }, async () => {
    const { answer, received } = await run(get('', '/1') + get('A : b\r\n', '/2') + get('', '/3'));
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP\/1\.1 400 Bad Request\r\n/);
    assert.equal(answer.split('HTTP/1.1 ').length, 3);
    assert.equal(received, get('+\r\n', '/1'));
  });
  test('OPTIONS with Max-Forwards 0 is answered here', { timeout }, async () => {
    const { answer, received } = await run(`OPTIONS / HTTP/1.1\r\n${H}Max-Forwards: 0\r\n\r\n`);
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n[^]*Allow: GET[^]*hello$/);
    assert.equal(received, end);
  });
});

describe('answers', () => {
  const ask = get('Connection: close\r\n');
  const answered = async (targetAnswer: string, request = ask): Promise<string> => (await run(request, { targetAnswer })).answer;

  test('several 1xx go to a 1.1 client and none to a 1.0 client', { timeout }, async () => {
    const hints = `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n${hello}`;
    assert.equal(await answered(hints), hints.replace('5\r\n\r\nhello', '5\r\nConnection: close\r\n\r\nhello'));
    assert.match(await answered(hints, `GET / HTTP/1.0\r\n\r\n`), /^HTTP\/1\.1 200 OK/);
  });

  for (const [name, request, head] of [
    ['HEAD', `HEAD / HTTP/1.1\r\n${H}\r\n`, 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'],
    ['204', get(), 'HTTP/1.1 204 No Content\r\n\r\n'],
    ['304', get(), 'HTTP/1.1 304 Not Modified\r\n\r\n'],
  ] as const) {
    test(`body bytes after an answer to ${name} reach nobody, and the connection is not used again`, { timeout }, async () => {
      await using target = await RawTarget.answering(`${head}HTTP/1.1 200 EVIL\r\nContent-Length: 0\r\n\r\n`);
      await using balancer = await TestBalancer.start(snapshotOf([target.port]));
      const client = new RawClient(balancer.port).send(request);
      assert.equal(await client.until((text) => text.endsWith('\r\n\r\n')), head);
      client.send(request);
      await eventually(() => target.sockets.length === 2);
      client.close();
    });
  }

  for (const [name, bad] of [
    ['length and chunked', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a bad length', 'HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\nhello'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello'],
    ['a folded field', 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 5\r\n\r\nhello'],
    ['garbage', 'hello\r\n\r\n'],
    ['a protocol nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
  ] as const) {
    test(`${name}: 502`, { timeout }, async () => assert.match(await answered(bad), /^HTTP\/1\.1 502 /));
  }

  test('bytes on an idle connection: it is discarded', { timeout }, async () => {
    await using target = await RawTarget.answering(hello);
    await using balancer = await TestBalancer.start(snapshotOf([target.port]));
    const client = new RawClient(balancer.port).send(get());
    await client.until((text) => text.endsWith('hello'));
    let closed = false;
    target.sockets[0]!.on('close', () => (closed = true));
    target.sockets[0]!.write(hello);
    await eventually(() => closed);
    client.send(get('Connection: close\r\n'));
    assert.equal((await client.untilEnd()).split('hello').length, 3);
    assert.equal(target.sockets.length, 2);
  });

  test('an early answer: passed on, and both connections end', { timeout }, async () => {
    const target = new RawTarget((socket) => socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n'));
    await target.listen();
    await using _ = target;
    await using balancer = await TestBalancer.start(snapshotOf([target.port]));
    const client = new RawClient(balancer.port).send(post('Content-Length: 1000000\r\n', 'a'));
    assert.equal(await client.untilEnd(), 'HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    await eventually(() => target.sockets[0]!.destroyed);
  });

  test('an answer cut short is cut short for the client too', { timeout }, async () => {
    const target = new RawTarget((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello');
      void systemClock.sleep(20).then(() => socket.destroy());
    });
    await target.listen();
    await using _ = target;
    await using balancer = await TestBalancer.start(snapshotOf([target.port]));
    assert.equal(await new RawClient(balancer.port).send(get()).untilEnd(), 'HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello');
    assert.equal(balancer.runtime.tick().loadBalancers[0]!.reasons['target-closed'], 1);
  });
});

describe('upgrades', () => {
  const ask = get('Connection: Upgrade\r\nUpgrade: websocket\r\n');

  test('101 makes a tunnel, early bytes included', { timeout }, async () => {
    const target = new RawTarget((socket, soFar) => {
      if (soFar.endsWith('\r\n\r\n'))
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nwelcome');
      else socket.write(`<${soFar.slice(soFar.indexOf('\r\n\r\n') + 4)}>`);
    });
    await target.listen();
    await using _ = target;
    await using balancer = await TestBalancer.start(snapshotOf([target.port]));
    const client = new RawClient(balancer.port).send(ask);
    assert.equal(
      await client.until((text) => text.endsWith('welcome')),
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nwelcome',
    );
    client.send('ping');
    assert.match(await client.until((text) => text.endsWith('>')), /<ping>$/);
    assert.match(target.received[0] as string, /\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nping$/);
    let closed = false;
    target.sockets[0]!.on('close', () => (closed = true));
    client.close();
    await eventually(() => closed);
  });

  test('a refused upgrade is plain HTTP, and both connections go on', { timeout }, async () => {
    await using target = await RawTarget.answering(hello);
    await using balancer = await TestBalancer.start(snapshotOf([target.port]));
    const client = new RawClient(balancer.port).send(ask);
    await client.until((text) => text.endsWith('hello'));
    client.send(ask);
    await client.until((text) => text.split('hello').length === 3);
    client.close();
    assert.equal(target.sockets.length, 1);
  });

  forwards('an upgrade without Connection is not one', get('Upgrade: websocket\r\n'), get('+\r\n'));
  forwards('nor one on HTTP/1.0', `GET / HTTP/1.0\r\n${H}Connection: upgrade\r\nUpgrade: websocket\r\n\r\n`, get('+\r\n'), { last: true });
  forwards('nor one to HTTP/2', get('Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n'), get('+\r\n'));
});
