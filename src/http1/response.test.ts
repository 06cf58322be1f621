import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BodyEvent, BodyMode, BodyReader, HeadWriter, MORE, Problem, ResponseHead, buildRequestHead, describeProblem } from './index.ts';

function parse(text: string): { head: ResponseHead; result: number } {
  const bytes = Buffer.from(text, 'latin1');
  const head = new ResponseHead();
  return { head, result: head.parse(bytes, 0, bytes.length) };
}

test('a plain answer', () => {
  const { head, result } = parse('HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nServer: s\r\n\r\nno');
  assert.equal(result, 56);
  assert.equal(head.status, 404);
  assert.equal(head.reasonPhrase, 'Not Found');
  assert.equal(head.contentLength, 2);
  assert.equal(head.bodyMode(false), BodyMode.length);
  assert.equal(head.bodyMode(true), BodyMode.none);
  assert.equal(head.get('server'), 's');
});

test('answers without a reason, by byte', () => {
  const text = 'HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n';
  const head = new ResponseHead();
  for (let end = 1; end < text.length; end++) assert.equal(head.parse(Buffer.from(text.slice(0, end)), 0, end), MORE, `at ${end}`);
  assert.equal(head.parse(Buffer.from(text), 0, text.length), text.length);
  assert.equal(head.bodyMode(false), BodyMode.chunked);
  assert.equal(parse('HTTP/1.0 200 OK\r\n\r\n').head.bodyMode(false), BodyMode.untilClose);
  assert.equal(parse('HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\n').head.bodyMode(false), BodyMode.none);
});

const refused: readonly [string, string, number][] = [
  ['garbage', 'garbage', Problem.startLine],
  ['four-digit status', 'HTTP/1.1 2000 OK\r\n\r\n', Problem.startLine],
  ['length with chunked', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n', Problem.framingConflict],
  ['bad length', 'HTTP/1.1 200 OK\r\nContent-Length: 2x\r\n\r\n', Problem.contentLength],
  ['fold', 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n', Problem.fold],
  ['version', 'HTTP/3.0 200 OK\r\n\r\n', Problem.version],
];
for (const [name, text, problem] of refused) {
  test(`refuses: ${name}`, () => assert.equal(describeProblem(parse(text).result).reason, describeProblem(-problem).reason));
}

interface Read {
  data: string;
  rest: string;
  last: number;
  trailers: [string, string][];
}

function readChunked(text: string, step = text.length): Read {
  const body = new BodyReader();
  body.start(BodyMode.chunked, -1);
  const out: Read = { data: '', rest: '', last: 0, trailers: [] };
  for (let from = 0; from < text.length; from += step) {
    const bytes = Buffer.from(text.slice(from, from + step), 'latin1');
    body.begin(bytes, 0, bytes.length);
    for (;;) {
      out.last = body.read();
      if (out.last !== BodyEvent.data) break;
      out.data += bytes.toString('latin1', body.dataStart, body.dataEnd);
    }
    if (out.last === BodyEvent.more) continue;
    out.rest = text.slice(from + body.at);
    break;
  }
  out.trailers = body.trailers?.entries() ?? [];
  return out;
}

test('chunks in any pieces', () => {
  const text = '5\r\nhello\r\n1;a=b\r\n!\r\n0A\r\n0123456789\r\n0\r\nX-Sum: 9\r\nY: z\r\n\r\nGET';
  for (let step = 1; step <= text.length; step++) {
    const read = readChunked(text, step);
    assert.deepEqual(read, {
      data: 'hello!0123456789',
      rest: 'GET',
      last: BodyEvent.end,
      trailers: [
        ['X-Sum', '9'],
        ['Y', 'z'],
      ],
    });
  }
});

for (const text of [
  '0x5\r\n',
  '+5\r\n',
  ' 5\r\n',
  '5_\r\n',
  '\r\n',
  '5 \r\n',
  'FFFFFFFFFFFFFFFFF\r\n',
  '5\n',
  '5\rX',
  '5\r\nhelloX',
  '5\r\nhello\n',
  '5;a\nb',
  '5;a\rb',
  `1;${'a'.repeat(65_536)}`,
]) {
  test(`refuses the chunk ${JSON.stringify(text.slice(0, 20))}`, () => assert.ok(readChunked(text).last < 0));
}

test('a body with a length leaves the rest alone', () => {
  const body = new BodyReader();
  body.start(BodyMode.length, 4);
  body.begin(Buffer.from('xabcdHTTP'), 1, 9);
  assert.equal(body.read(), BodyEvent.data);
  assert.equal(body.dataEnd, 5);
  assert.equal(body.read(), BodyEvent.end);
  assert.equal(body.at, 5);
});

test('only a body until close may end with its connection', () => {
  const body = new BodyReader();
  body.start(BodyMode.untilClose, -1);
  assert.equal(body.finish(), true);
  body.start(BodyMode.chunked, -1);
  assert.equal(body.finish(), false);
  body.start(BodyMode.length, 3);
  assert.equal(body.finish(), false);
});

test('heads are written as bytes', () => {
  assert.equal(
    buildRequestHead({ method: 'POST', target: '/a', host: 'h', fields: { 'X-A': 'é' }, contentLength: 1_234_567_890 }).toString('latin1'),
    'POST /a HTTP/1.1\r\nHost: h\r\nX-A: é\r\nContent-Length: 1234567890\r\n\r\n',
  );
  assert.throws(() => buildRequestHead({ method: 'GET', target: '/', host: 'h\r\nX: y' }), RangeError);
  assert.throws(() => buildRequestHead({ method: 'GET', target: '/a b', host: 'h' }), RangeError);
  const writer = new HeadWriter(1);
  for (const n of [0, 7, 10, 99, 100, 2_147_483_647, 2_147_483_648]) writer.decimal(n).byte(32);
  assert.equal(writer.view().toString(), '0 7 10 99 100 2147483647 2147483648 ');
  writer.clear().text('x'.repeat(100)).hexadecimal(255);
  assert.equal(writer.take().toString(), `${'x'.repeat(100)}ff`);
});
