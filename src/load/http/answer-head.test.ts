import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ResponseHead } from '../../http1/index.ts';
import { answerHeadOf, KnownHead } from './answer-head.ts';

const buffer = Buffer.alloc(4096);
const words = new Int32Array(buffer.buffer, buffer.byteOffset, buffer.length / 4);

/** As it comes from a socket: over what was there before. */
function receive(text: string): number {
  return buffer.write(text, 'latin1');
}

function learnFrom(known: KnownHead, text: string): void {
  const head = new ResponseHead();
  const end = head.parse(buffer, 0, receive(text));
  known.learn(answerHeadOf(head, buffer, end), words, end);
}

const headOf = (extra: string): string => `HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Id: ${extra}\r\n\r\n`;

test('a known head is seen again exactly when all its bytes are there', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z]{0,40}$/), fc.nat(), fc.integer({ min: 1, max: 255 }), (extra, position, flip) => {
      const known = new KnownHead();
      const text = headOf(extra);
      learnFrom(known, text);
      assert.equal(known.isIn(words, buffer, receive(`${text}{}`)), true);
      assert.equal(known.isIn(words, buffer, text.length - 1), false);
      (buffer[position % text.length] as number) ^= flip;
      assert.equal(known.isIn(words, buffer, text.length + 2), false);
    }),
  );
});

test('what is known of a head is what was parsed', () => {
  const known = new KnownHead();
  learnFrom(known, 'HTTP/1.0 404 Not Found\r\nSet-Cookie: a=b\r\nContent-Encoding: gzip\r\nContent-Length: 7\r\n\r\n');
  assert.deepEqual(known.head, {
    status: 404,
    proto: 'HTTP/1.0',
    reason: 'Not Found',
    fields: 'Set-Cookie: a=b\r\nContent-Encoding: gzip\r\nContent-Length: 7\r\n',
    setsCookies: true,
    contentEncoding: 'gzip',
    keepsAlive: false,
    mode: 1,
    contentLength: 7,
  });
});

test('long heads are not kept', () => {
  const known = new KnownHead();
  learnFrom(known, headOf('x'.repeat(1000)));
  assert.equal(known.isIn(words, buffer, receive(headOf('x'.repeat(1000)))), false);
});
