import assert from 'node:assert/strict';
import { createServer, get, METHODS, type IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { seededRandom, type Random } from '../base/index.ts';
import { BodyEvent, BodyMode, BodyReader, MORE, RequestHead, ResponseHead } from './index.ts';

/**
 * Messages are broken at random and read by our parser, in one piece and in many, and by Node's. What ours
 * accepts, Node must accept too and read the same way: two readers of one stream that disagree are how
 * requests are smuggled. The other way round is not asked for: ours may refuse more.
 */
const runs = Number(process.env['FUZZ_RUNS'] ?? 400);
const seed = Number(process.env['FUZZ_SEED'] ?? 20_260);

interface Read {
  start: string;
  fields: [string, string][];
  body: string;
  trailers: [string, string][];
}

const pieces = [
  'Content-Length: 5\r\n',
  'Content-Length: 05\r\n',
  'Content-Length:0\r\n',
  'Content-Length: 5, 5\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: Chunked\r\n',
  'transfer-encoding: gzip\r\n',
  'Transfer-Encoding:\tchunked \r\n',
  'Transfer-Encoding: x\r\n',
  'Connection: close\r\n',
  'Connection: keep-alive, x-a\r\n',
  'X-A: b\r\n',
  'X-A:\r\n',
  'X-Ü: é\r\n',
  ' folded\r\n',
  'A : b\r\n',
  'Host: y\r\n',
  'Expect: 100-continue\r\n',
  'Upgrade: websocket\r\n',
  '\r\n',
  '\n',
  '\r',
  '0\r\n\r\n',
  '5\r\nhello\r\n',
  '5;a=b\r\nhello\r\n',
  '0\r\nX-T: 1\r\n\r\n',
  '0;a\r\nX-T: 1\r\nX-U:  a b \r\n\r\n',
  '0\r\nContent-Length: 5\r\n\r\n',
  '00\r\n',
  'X-T: 1\r\n',
  'X-T\r\n',
  ';a="b;c"',
  ';a=',
  'HTTP/1.1 200 OK\r\n',
  'HTTP/1.0 200 OK\r\n',
  'hello',
  'HTTP/1.1',
  'GET / HTTP/1.1\r\n',
] as const;

function breakIt(text: string, random: Random): string {
  let broken = text;
  for (let n = random.int(4); n > 0; n--) {
    const at = random.int(broken.length + 1);
    const kind = random.int(4);
    if (kind === 0) broken = broken.slice(0, at) + String.fromCharCode(random.int(256)) + broken.slice(at + 1);
    else if (kind === 1) broken = broken.slice(0, at) + broken.slice(at + 1 + random.int(3));
    else if (kind === 2) broken = broken.slice(0, at) + (pieces[random.int(pieces.length)] as string) + broken.slice(at);
    else {
      const line = broken.indexOf('\r\n', at);
      if (line >= 0) broken = broken.slice(0, line + 2) + (pieces[random.int(pieces.length)] as string) + broken.slice(line + 2);
    }
  }
  return broken;
}

const methods = ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH'];
const bodies = [
  ['', ''],
  ['Content-Length: 5\r\n', 'hello'],
  ['Transfer-Encoding: chunked\r\n', '5\r\nhello\r\n0\r\n\r\n'],
  ['Transfer-Encoding: chunked\r\n', '1\r\nh\r\nA;x=y\r\n0123456789\r\n0\r\nX-T: 1\r\n\r\n'],
  ['Transfer-Encoding: chunked\r\nTrailer: X-T, X-U\r\n', '005\r\nhello\r\n000;last="a\\"b"\r\nX-T: 1\r\nX-U:\t a b \r\nX-T: 2\r\n\r\n'],
  ['Content-Length: 0\r\n', ''],
] as const;
/** Answers may also go on until the connection ends. */
const answerBodies = [...bodies, ['', 'hello'], ['Connection: close\r\n', '5\r\nhello\r\n0\r\n\r\n']] as const;

function randomRequest(random: Random): string {
  const [framing, body] = bodies[random.int(bodies.length)] as readonly [string, string];
  const target = ['/', '/a?b=c', '*', 'http://h.test/x', '/%20'][random.int(5)] as string;
  return breakIt(
    `${methods[random.int(methods.length)] as string} ${target} HTTP/1.${random.int(5) === 0 ? 0 : 1}\r\nHost: x\r\nX-B: c d \r\n${framing}\r\n${body}`,
    random,
  );
}

function randomAnswer(random: Random): string {
  const [framing, body] = answerBodies[random.int(answerBodies.length)] as readonly [string, string];
  const status = [200, 204, 304, 404, 500, 999, 206][random.int(7)] as number;
  return breakIt(`HTTP/1.${random.int(6) === 0 ? 0 : 1} ${status} Text\r\nServer: x\r\n${framing}\r\n${body}`, random);
}

/** What Node refuses and we leave to the user of the head: it knows of both lengths, unknown methods, raw bytes in a target. */
function knownToDiffer(head: RequestHead | ResponseHead): boolean {
  // An interim answer is no message of its own.
  if (head instanceof ResponseHead && head.status < 200) return true;
  if (head.contentLengthRepeated || (head.chunked && head.contentLength >= 0)) return true;
  return head instanceof RequestHead && (!METHODS.includes(head.methodName) || !/^(?:[/*]|https?:\/\/)[!-~]*$/i.test(head.target));
}

interface Message extends Read {
  /** Bytes of the message; what follows is the next one's. */
  length: number;
}

/** Feeds a message in steps; undefined when it is refused or not all there. */
function readOurs(head: RequestHead | ResponseHead, text: string, random: Random | undefined): Message | undefined {
  const bytes = Buffer.from(text, 'latin1');
  let end = random === undefined ? bytes.length : 1 + random.int(12);
  let next = head.parse(bytes.subarray(0, Math.min(end, bytes.length)), 0, Math.min(end, bytes.length));
  while (next === MORE && end < bytes.length) {
    end = Math.min(bytes.length, end + 1 + (random?.int(12) ?? 0));
    // Another buffer at another place each time.
    const moved = Buffer.concat([Buffer.from('##'), bytes.subarray(0, end)]);
    next = head.parse(moved, 2, moved.length);
    if (next > 0) next -= 2;
  }
  if (next <= 0 || knownToDiffer(head)) return undefined;
  const start = head instanceof RequestHead ? `${head.methodName} ${head.target}` : String(head.status);
  const fields = lowered(head.entries());
  const body = new BodyReader();
  const requestMode = head.chunked ? BodyMode.chunked : head.contentLength > 0 ? BodyMode.length : BodyMode.none;
  body.start(head instanceof ResponseHead ? head.bodyMode(false) : requestMode, head.contentLength);
  const content = readBody(body, bytes, next, random);
  // Trailers are never acted on, so what they say of framing is not checked.
  if (body.trailers?.entries().some(([name]) => /^(?:content-length|transfer-encoding|connection)$/i.test(name))) return undefined;
  return content === undefined ? undefined : { start, fields, ...content, trailers: lowered(body.trailers?.entries() ?? []) };
}

function readBody(body: BodyReader, bytes: Buffer, from: number, random: Random | undefined): { body: string; length: number } | undefined {
  let content = '';
  let at = from;
  let length = from;
  while (!body.done) {
    const end = random === undefined ? bytes.length : Math.min(bytes.length, at + 1 + random.int(6));
    if (at >= bytes.length) return body.finish() ? { body: content, length } : undefined;
    const piece = Buffer.from(bytes.subarray(at, end));
    body.begin(piece, 0, piece.length);
    let event = body.read();
    while (event === BodyEvent.data) {
      content += piece.toString('latin1', body.dataStart, body.dataEnd);
      event = body.read();
    }
    if (event < 0) return undefined;
    length = at + body.at;
    at = end;
  }
  return { body: content, length };
}

function pairs(raw: readonly string[]): [string, string][] {
  return Array.from({ length: raw.length / 2 }, (_, i) => [raw[2 * i] as string, raw[2 * i + 1] as string]);
}

function lowered(fields: readonly [string, string][]): [string, string][] {
  return fields.map(([name, value]) => [name.toLowerCase(), value]);
}

/** A stream that gives `input` and swallows what is written. */
function wire(input: string): Duplex {
  return new Duplex({
    read() {
      this.push(Buffer.from(input, 'latin1'));
      this.push(null);
    },
    write(_chunk, _encoding, callback) {
      callback();
    },
  });
}

async function collect(message: IncomingMessage): Promise<Read> {
  let body = '';
  for await (const chunk of message) body += (chunk as Buffer).toString('latin1');
  const fields = lowered(pairs(message.rawHeaders));
  const start =
    message.statusCode === undefined || message.statusCode === null ? `${message.method} ${message.url}` : String(message.statusCode);
  return { start, fields, body, trailers: lowered(pairs(message.rawTrailers)) };
}

function readNodesRequest(text: string): Promise<Read | undefined> {
  return new Promise((resolve) => {
    let first = true;
    const onRequest = (request: IncomingMessage): void => {
      if (!first) return;
      first = false;
      collect(request).then(resolve, () => resolve(undefined));
    };
    // The stream ends right behind the message; Node would abort a request that it has already read.
    const server = Object.assign(createServer({ requireHostHeader: false }, onRequest), { httpAllowHalfOpen: true });
    for (const event of ['upgrade', 'checkContinue', 'checkExpectation', 'connect']) server.on(event, onRequest);
    server.on('clientError', () => resolve(undefined));
    const stream = wire(text);
    stream.on('error', () => undefined);
    stream.on('close', () => {
      if (first) resolve(undefined);
    });
    server.emit('connection', stream);
  });
}

function readNodesAnswer(text: string): Promise<Read | undefined> {
  return new Promise((resolve) => {
    const request = get({ createConnection: () => wire(text), host: 'x' }, (answer) => {
      collect(answer).then(resolve, () => resolve(undefined));
    });
    request.on('error', () => resolve(undefined));
    request.on('upgrade', () => resolve(undefined));
    request.on('close', () => setImmediate(() => resolve(undefined)));
  });
}

for (const [kind, make, nodes, create] of [
  ['request', randomRequest, readNodesRequest, () => new RequestHead()],
  ['answer', randomAnswer, readNodesAnswer, () => new ResponseHead()],
] as const) {
  test(
    `what we accept of a broken ${kind}, Node reads the same way, and the pieces it comes in do not matter`,
    { timeout: 120_000 },
    async () => {
      const random = seededRandom(seed);
      let accepted = 0;
      for (let run = 0; run < runs; run++) {
        const text = make(random);
        const whole = readOurs(create(), text, undefined);
        const where = `FUZZ_SEED=${seed} run ${run}: ${JSON.stringify(text)}`;
        assert.deepEqual(readOurs(create(), text, random), whole, where);
        if (whole === undefined) continue;
        accepted++;
        const { length, ...read } = whole;
        assert.deepEqual(read, await nodes(text.slice(0, length)), where);
      }
      assert.ok(accepted > runs / 10, `only ${accepted} of ${runs} were accepted`);
    },
  );
}
