import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeCbor, encodeCbor } from './cbor.ts';
import { AwsError } from './error.ts';
import { decodeForm } from './form.ts';
import { decodeJson, encodeJson } from './json.ts';
import type { Member, Shape, StructShape } from './shape.ts';
import { encodeXml, escapeXml, XmlText } from './xml.ts';

const text: Shape = { kind: 'string' };
const number: Shape = { kind: 'number' };

function member(name: string, shape: Shape, required = false): Member {
  return { name, shape, required, queryName: name, ec2Name: name, xmlName: name };
}

function struct(...members: Member[]): StructShape {
  return { kind: 'struct', name: 'Example', members };
}

const list = (item: Shape, flattened = false): Shape => ({ kind: 'list', item, itemName: 'member', flattened });

/** A shape of every kind, which refers to itself. */
const example: StructShape = struct(
  member('Text', text),
  member('Number', number),
  member('Flag', { kind: 'boolean' }),
  member('Time', { kind: 'timestamp' }),
  member('Bytes', { kind: 'blob' }),
  member('List', list(text)),
  member('Map', { kind: 'map', value: number, keyName: 'key', valueName: 'value', flattened: false }),
);
(example.members as Member[]).push(member('Self', example));

const scalars = {
  Text: fc.string(),
  Number: fc.integer(),
  Flag: fc.boolean(),
  Time: fc.integer({ min: 0, max: 4e12 }).map((ms) => Math.floor(ms / 1000) * 1000),
  List: fc.array(fc.string(), { maxLength: 5 }),
  Map: fc.dictionary(
    fc.string().filter((key) => key !== '__proto__'),
    fc.integer(),
    { maxKeys: 4 },
  ),
};
const values = fc.letrec((self) => ({
  value: fc.record(
    { ...scalars, Bytes: fc.uint8Array({ maxLength: 20 }), Self: fc.option(self('value'), { nil: undefined, depthSize: 'small' }) },
    { requiredKeys: [] },
  ),
})).value;

/** Without prototypes and absent members, so that decoded and original compare. */
function plainOf(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(plainOf);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, held]) => held !== undefined)
      .map(([key, held]) => [key, plainOf(held)]),
  );
}

test('what is written as JSON is read back the same', () => {
  fc.assert(
    fc.property(values, (value) => {
      const written = Buffer.from(encodeJson(example, value as Record<string, unknown>));
      assert.deepEqual(plainOf(decodeJson(example, written)), plainOf(value));
    }),
  );
});

test('what is written as CBOR is read back the same', () => {
  fc.assert(
    fc.property(values, (value) => {
      const written = Buffer.from(encodeCbor(example, value as Record<string, unknown>));
      assert.deepEqual(plainOf(decodeCbor(example, written)), plainOf(value));
    }),
  );
});

test('a form is read by its shape: members, lists with gaps, maps, times, bytes', () => {
  const fields = new URLSearchParams(
    'Text=a%20b&Number=7&Flag=true&Time=2026-01-01T00:00:00Z&Bytes=AQI%3D&List.member.10=last&List.member.2=first&Map.entry.1.key=k&Map.entry.1.value=5&Self.Text=inner&Other=1',
  );
  assert.deepEqual(plainOf(decodeForm(example, fields, 'query')), {
    Text: 'a b',
    Number: 7,
    Flag: true,
    Time: Date.UTC(2026, 0, 1),
    Bytes: [1, 2],
    List: ['first', 'last'],
    Map: { k: 5 },
    Self: { Text: 'inner' },
  });
});

test('ec2 forms write lists flat, and an empty awsQuery list is an empty list', () => {
  assert.deepEqual(decodeForm(struct(member('List', list(text))), new URLSearchParams('List.1=a&List.2=b'), 'ec2'), { List: ['a', 'b'] });
  assert.deepEqual(decodeForm(struct(member('List', list(text))), new URLSearchParams('List='), 'query'), { List: [] });
});

test('wrong types in forms and documents are errors of the caller', () => {
  for (const form of ['Number=seven', 'Flag=maybe', 'Time=yesterday']) {
    assert.throws(() => decodeForm(example, new URLSearchParams(form), 'query'), { name: 'AwsError', code: 'MalformedInput' });
  }
  for (const json of ['{"Number":"7x"}', '{"Flag":1}', '{"List":{}}', '{"Map":[]}', '{"Self":5}', '[]', 'null', '{', '{"Time":"never"}']) {
    assert.throws(() => decodeJson(example, Buffer.from(json)), { name: 'AwsError', code: 'SerializationException' }, json);
  }
  assert.throws(() => decodeCbor(example, Buffer.from('9f', 'hex')), { code: 'SerializationException' });
});

test('nesting and counts are bounded', () => {
  assert.throws(() => decodeForm(example, new URLSearchParams(`${'Self.'.repeat(40)}Text=x`), 'query'), { code: 'MalformedInput' });
  const many = new URLSearchParams();
  for (let index = 0; index < 20_001; index++) many.append(`List.member.${index}`, 'x');
  assert.throws(() => decodeForm(example, many, 'query'), { code: 'MalformedInput' });
  assert.throws(() => decodeCbor(example, Buffer.alloc(200_000, 0x81)), { code: 'SerializationException' });
  assert.throws(() => decodeJson(example, Buffer.from(`${'{"Self":'.repeat(100_000)}1`)), { code: 'SerializationException' });
});

test('a key named __proto__ reaches no prototype', () => {
  decodeForm(example, new URLSearchParams('__proto__.polluted=1&Map.entry.1.key=__proto__&Map.entry.1.value=1'), 'query');
  decodeJson(example, Buffer.from('{"__proto__":{"polluted":1},"Map":{"__proto__":1}}'));
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
});

test('XML leaves nothing unescaped and writes empty lists as empty elements', () => {
  assert.equal(escapeXml('<a & "b">\r\u0001'), '&lt;a &amp; &quot;b&quot;&gt;&#xD;\ufffd');
  const shape = struct(
    member('List', list(text)),
    member('Big', number),
    member('Time', { kind: 'timestamp' }),
    member('Flat', list(number, true)),
  );
  const xml = (value: Record<string, unknown>): string => {
    const out = new XmlText();
    encodeXml(out, shape, value);
    return out.bytes().toString();
  };
  assert.equal(
    xml({ List: [], Big: 1e21, Time: 0, Flat: [1, 2] }),
    '<List/><Big>1000000000000000000000</Big><Time>1970-01-01T00:00:00.000Z</Time><Flat>1</Flat><Flat>2</Flat>',
  );
  const long = Array.from({ length: 9000 }, (_, index) => `${index}ä€😀`);
  assert.equal(xml({ List: long }), `<List>${long.map((one) => `<member>${one}</member>`).join('')}</List>`);
});

/** A decoder may refuse; it may not fail in any other way. */
function refusesOrReads(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
  }
}

test('fuzz: forms', () => {
  const key = fc.array(fc.constantFrom('Text', 'List', 'member', 'Map', 'entry', 'key', 'value', 'Self', '1', '2', '', '__proto__'), {
    maxLength: 6,
  });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(key, fc.string()), { maxLength: 20 }),
      fc.constantFrom('query' as const, 'ec2' as const),
      (pairs, dialect) => {
        refusesOrReads(() => decodeForm(example, new URLSearchParams(pairs.map(([parts, value]) => [parts.join('.'), value])), dialect));
      },
    ),
    { numRuns: 500 },
  );
});

test('fuzz: JSON', () => {
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string()), (body) => refusesOrReads(() => decodeJson(example, Buffer.from(body)))),
    { numRuns: 500 },
  );
});

test('fuzz: CBOR', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (body) => refusesOrReads(() => decodeCbor(example, Buffer.from(body)))),
    { numRuns: 500 },
  );
});
