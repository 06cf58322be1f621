import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EventStreamParser, type ServerEvent } from './parser.ts';

/** Reads a stream whose bytes come in pieces of the given lengths, the last one again and again. */
function parse(bytes: Uint8Array, lengths: readonly number[] = [bytes.length]): { events: ServerEvent[]; retryMs: number | undefined } {
  const events: ServerEvent[] = [];
  const parser = new EventStreamParser((event) => events.push(event));
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const length = Math.max(1, lengths[Math.min(i, lengths.length - 1)] ?? 1);
    parser.push(bytes.subarray(at, at + length));
    at += length;
  }
  return { events, retryMs: parser.retryMs };
}

const read = (text: string): ServerEvent[] => parse(Buffer.from(text)).events;
const event = (parts: Partial<ServerEvent>): ServerEvent => ({ id: '', name: '', data: '', comment: '', lastEventId: '', ...parts });

test('the examples of the standard', () => {
  assert.deepEqual(read('data: YHOO\ndata: +2\ndata: 10\n\n'), [event({ data: 'YHOO\n+2\n10' })]);
  assert.deepEqual(read(': test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n'), [
    event({ data: 'first event', id: '1', lastEventId: '1' }),
    event({ data: 'second event' }),
    event({ data: ' third event' }),
  ]);
  assert.deepEqual(read('data\n\ndata\ndata\n\ndata:'), [event({}), event({ data: '\n' })]);
  assert.deepEqual(read('data:test\n\ndata: test\n\n'), [event({ data: 'test' }), event({ data: 'test' })]);
});

test('names, ids, comments, the time to wait, and what is to be ignored', () => {
  const { events, retryMs } = parse(
    Buffer.from(
      '\uFEFFretry: 1500\nretry: soon\nevent: add\nid: 7\n: why\ndata: 1\n\nevent: gone\n\nid: a\0b\nunknown: x\n data: no\ndata: 2\n\n\ndata: \uFEFF3\n\nid: 8\n\ndata: 4\n\ndata: lost',
    ),
  );
  assert.equal(retryMs, 1500);
  assert.deepEqual(events, [
    event({ name: 'add', id: '7', data: '1', comment: 'why', lastEventId: '7' }),
    event({ data: '2', lastEventId: '7' }),
    event({ data: '\uFEFF3', lastEventId: '7' }),
    event({ data: '4', lastEventId: '8' }),
  ]);
});

/** The standard's rules once more, for a stream that is there as a whole. */
function parseWhole(text: string): ServerEvent[] {
  const events: ServerEvent[] = [];
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  lines.pop();
  let lastEventId = '';
  let fields: [string, string][] = [];
  for (const line of lines) {
    const [, name = '', value = ''] = /^([^:]*)(?::\x20?(.*))?$/s.exec(line) ?? [];
    if (line !== '') {
      fields.push([name, value]);
      continue;
    }
    const all = (wanted: string): string[] => fields.filter(([field]) => field === wanted).map(([, text]) => text);
    const ids = all('id').filter((id) => !id.includes('\0'));
    lastEventId = ids.at(-1) ?? lastEventId;
    const data = all('data');
    if (data.length > 0) events.push({ id: ids.at(-1) ?? '', name: all('event').at(-1) ?? '', data: data.join('\n'), comment: all('').at(-1) ?? '', lastEventId }); // prettier-ignore
    fields = [];
  }
  return events;
}

const token = fc.constantFrom('data', 'event', 'id', 'retry', ':', ':', ' ', '\n', '\n', '\n\n', '\r', '\r\n', '\0', 'é', '€', '😀', '\uFEFF', '12', 'x', 'data: a\n\n', 'id: 1\r\n'); // prettier-ignore

test('a stream is the same wherever it is cut', () => {
  fc.assert(
    fc.property(
      fc.array(token, { maxLength: 40 }),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 30 }),
      (tokens, lengths) => {
        const text = tokens.join('');
        const bytes = Buffer.from(text);
        const expected = parseWhole(text);
        assert.deepEqual(parse(bytes).events, expected);
        assert.deepEqual(parse(bytes, lengths).events, expected);
        assert.deepEqual(parse(bytes, [1]).events, expected);
        for (let cut = 1; cut < bytes.length; cut++) assert.deepEqual(parse(bytes, [cut, bytes.length]).events, expected);
      },
    ),
    { numRuns: 400, examples: [[['\uFEFF', '\uFEFF', 'data: a\n\n'], [1]]] },
  );
});

test('bytes that are no UTF-8 break nothing', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      assert.deepEqual(parse(bytes, [1]).events, parse(bytes).events);
    }),
  );
});

test('an event without end is refused before it fills the memory', () => {
  const parser = new EventStreamParser(() => assert.fail('there is none'));
  const piece = Buffer.from(`data: ${'x'.repeat(1024 * 1024)}\n`);
  assert.throws(() => {
    for (let i = 0; i < 20; i++) parser.push(piece);
  }, /an event of more than/);
});
