import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { InvalidInput, type TodoRow, parseNewTodo, parseTodoFilter, parseTodoUpdate, todoJson, todoListJson } from './todo.ts';

function refusal(parse: () => unknown): string {
  try {
    parse();
  } catch (error) {
    assert.ok(error instanceof InvalidInput, String(error));
    return error.message;
  }
  return assert.fail('was not refused');
}

test('extra fields are told before a missing title, and a missing title before a bad value', () => {
  assert.equal(
    refusal(() => parseNewTodo({ id: 1 })),
    'extra fields',
  );
  assert.equal(
    refusal(() => parseNewTodo({ titel: 'x', completed: 'no' })),
    'extra fields',
  );
  assert.equal(
    refusal(() => parseNewTodo({ completed: 'no' })),
    'missing title',
  );
  assert.equal(
    refusal(() => parseNewTodo({ title: null })),
    'missing title',
  );
  assert.equal(
    refusal(() => parseNewTodo(JSON.parse('{"title": "x", "__proto__": {}}'))),
    'extra fields',
  );
  assert.equal(
    refusal(() => parseTodoUpdate({ id: 1, title: '' })),
    'extra fields',
  );
});

test('a body must be a JSON object', () => {
  for (const body of [undefined, null, 1, 'text', true, [], [{ title: 'x' }]]) {
    assert.equal(
      refusal(() => parseNewTodo(body)),
      'body must be a JSON object',
    );
    assert.equal(
      refusal(() => parseTodoUpdate(body)),
      'body must be a JSON object',
    );
  }
});

test('only fields that were given are changed, null empties those that may be empty', () => {
  assert.deepEqual(parseTodoUpdate({}), {});
  assert.deepEqual(parseTodoUpdate({ description: null, deadline_at: null }), { description: null, deadline_at: null });
  assert.match(
    refusal(() => parseTodoUpdate({ title: null })),
    /^title/,
  );
  assert.match(
    refusal(() => parseTodoUpdate({ completed: null })),
    /^completed/,
  );
});

test('texts are measured in characters, as PostgreSQL does, and must be storable', () => {
  assert.equal(parseNewTodo({ title: 'a'.repeat(80) }).title.length, 80);
  assert.equal(parseNewTodo({ title: '🦊'.repeat(80) }).title.length, 160);
  assert.match(
    refusal(() => parseNewTodo({ title: 'a'.repeat(81) })),
    /80/,
  );
  assert.match(
    refusal(() => parseNewTodo({ title: '🦊'.repeat(81) })),
    /80/,
  );
  assert.match(
    refusal(() => parseNewTodo({ title: '' })),
    /^title/,
  );
  assert.match(
    refusal(() => parseNewTodo({ title: 'a\0b' })),
    /^title/,
  );
  assert.match(
    refusal(() => parseNewTodo({ title: 'half \ud83e' })),
    /^title/,
  );
  assert.match(
    refusal(() => parseNewTodo({ title: 7 })),
    /^title/,
  );
  assert.match(
    refusal(() => parseNewTodo({ title: 'x', description: 'a'.repeat(121) })),
    /120/,
  );
  assert.deepEqual(parseNewTodo({ title: 'x', description: '' }), { title: 'x', description: '' });
});

test('completed is a boolean and deadline_at a time', () => {
  for (const completed of [0, 1, 'true', [], {}])
    assert.match(
      refusal(() => parseTodoUpdate({ completed })),
      /^completed/,
    );
  for (const deadline_at of ['', 'soon', 1767225600, {}])
    assert.match(
      refusal(() => parseTodoUpdate({ deadline_at })),
      /^deadline_at/,
    );
  assert.deepEqual(parseTodoUpdate({ deadline_at: '2027-01-01T10:00:00+10:00' }), { deadline_at: '2027-01-01T00:00:00' });
});

test('a filter takes true or false and a whole number of days', () => {
  assert.deepEqual(parseTodoFilter({}), {});
  assert.deepEqual(parseTodoFilter({ completed: 'false', window: '0', page: '2' }), { completed: false, windowDays: 0 });
  assert.deepEqual(parseTodoFilter({ window: '9'.repeat(400) }), { windowDays: 3_652_060 });
  for (const completed of ['', 'TRUE', '1', ['true', 'false']])
    assert.match(
      refusal(() => parseTodoFilter({ completed })),
      /^completed/,
    );
  for (const window of ['', '-1', '1.5', '1e3', ' 1', 'NaN', '٣', ['1', '2']]) {
    assert.match(
      refusal(() => parseTodoFilter({ window })),
      /^window/,
    );
  }
});

const characters = (text: string): number => Array.from(text).length;

/** Bodies that are nearly right: the field names of a todo and a few others, with values of every kind. */
const texts = fc.oneof(fc.string({ unit: 'binary', maxLength: 130 }), fc.string({ maxLength: 90 }), fc.constant('2026-11-21T00:33:26Z'));
const values = fc.oneof(texts, texts, fc.boolean(), fc.constant(null), fc.jsonValue());
const names = fc.constantFrom('title', 'title', 'description', 'completed', 'deadline_at', 'id', '__proto__', 'constructor');
const bodies = fc.oneof(
  fc.jsonValue(),
  fc.array(fc.tuple(names, values), { maxLength: 5 }).map((pairs) => Object.fromEntries(pairs) as unknown),
);

test('whatever the body, it is refused as invalid input or fits the table', () => {
  fc.assert(
    fc.property(bodies, (body) => {
      for (const parse of [parseNewTodo, parseTodoUpdate]) {
        let input: ReturnType<typeof parseTodoUpdate>;
        try {
          input = parse(body);
        } catch (error) {
          assert.ok(error instanceof InvalidInput, String(error));
          continue;
        }
        const { title, description, completed, deadline_at } = input;
        assert.ok(title === undefined || (characters(title) >= 1 && characters(title) <= 80 && !title.includes('\0')));
        assert.ok(description === undefined || description === null || characters(description) <= 120);
        assert.ok(completed === undefined || typeof completed === 'boolean');
        assert.ok(deadline_at === undefined || deadline_at === null || !Number.isNaN(Date.parse(`${deadline_at}Z`)));
        assert.deepEqual(Object.keys(input).sort(), Object.keys(body as object).sort());
      }
    }),
    { numRuns: 2000 },
  );
});

test('every todo is written as JSON that reads back as the same', () => {
  const text = fc.string({ unit: 'binary', maxLength: 40 });
  const rows = fc.array(fc.tuple(fc.integer({ min: 1 }), text, fc.option(text), fc.boolean()));
  fc.assert(
    fc.property(rows, (todos) => {
      const at = '2026-11-21 00:33:26.09798';
      const written = todos.map(([id, title, description, completed], i): TodoRow => {
        return [String(id), title, description, completed ? 't' : 'f', i % 2 === 0 ? null : '2027-01-01 00:00:00', at, at];
      });
      const read = JSON.parse(todoListJson(written)) as unknown[];
      const expected = todos.map(([id, title, description, completed], i) => ({
        id,
        title,
        description,
        completed,
        deadline_at: i % 2 === 0 ? null : '2027-01-01T00:00:00',
        created_at: '2026-11-21T00:33:26.097980',
        updated_at: '2026-11-21T00:33:26.097980',
      }));
      assert.deepEqual(read, expected);
      assert.deepEqual(
        written.map((row) => JSON.parse(todoJson(row)) as unknown),
        expected,
      );
    }),
  );
});
