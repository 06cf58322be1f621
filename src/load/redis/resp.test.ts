import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { commandText, ReplyError, ReplyReader, type Reply } from './resp.ts';

function encode(reply: Reply): string {
  if (reply === null) return '$-1\r\n';
  if (reply instanceof ReplyError) return `-${reply.message}\r\n`;
  if (typeof reply === 'number') return `:${reply}\r\n`;
  if (Array.isArray(reply)) return `*${reply.length}\r\n${reply.map(encode).join('')}`;
  return /^[A-Z]+$/.test(reply) ? `+${reply}\r\n` : `$${Buffer.byteLength(reply)}\r\n${reply}\r\n`;
}

const { reply } = fc.letrec<{ reply: Reply }>((tie) => ({
  reply: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<Reply>(null, 'OK', '', 'a\r\nb', '€😀', new ReplyError('ERR no')),
    fc.string(),
    fc.integer(),
    fc.array(tie('reply'), { maxLength: 4 }),
  ),
}));

test('answers are the same wherever their bytes are cut', () => {
  fc.assert(
    fc.property(fc.array(reply, { maxLength: 6 }), fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), (replies, lengths) => {
      const bytes = Buffer.from(replies.map(encode).join(''));
      const seen: Reply[] = [];
      const reader = new ReplyReader((each) => seen.push(each));
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const length = lengths[i % lengths.length] as number;
        reader.push(bytes.subarray(at, at + length));
        at += length;
      }
      assert.deepEqual(seen, replies);
    }),
  );
});

test('what is no answer is refused', () => {
  for (const text of ['HTTP/1.1 200 OK\r\n', '$-5\r\n', '$x\r\n', '$9999999999\r\n', '*-2\r\n', '*1\r\n'.repeat(40)])
    assert.throws(() => new ReplyReader(() => undefined).push(Buffer.from(text)), /redis: /, text);
});

test('a command is an array of texts, counted in bytes', () => {
  assert.equal(commandText(['SET', 'ä', '']), '*3\r\n$3\r\nSET\r\n$2\r\nä\r\n$0\r\n\r\n');
});
