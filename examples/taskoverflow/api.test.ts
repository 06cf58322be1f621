/** The contract of the API against a real PostgreSQL server. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import fc from 'fast-check';
import { type Answer, type TestApp, startApp } from './test-support/app.ts';
import { type PostgresServer, startPostgres } from './test-support/postgresServer.ts';

let postgres: PostgresServer;
let app: TestApp;

before(async () => {
  postgres = await startPostgres();
  const url = await postgres.createDatabase('api');
  // Settings of a database that somebody else administers must not show in the answers.
  await postgres.query('api', "ALTER DATABASE api SET timezone TO 'Australia/Brisbane'");
  await postgres.query('api', "ALTER DATABASE api SET datestyle TO 'German'");
  app = await startApp(url);
});
after(async () => {
  await app?.close();
  await postgres?.dispose();
});
beforeEach(async () => {
  await app.database.query('TRUNCATE todos');
});

interface Todo {
  readonly id: number;
  readonly title: string;
  readonly description: string | null;
  readonly completed: boolean;
  readonly deadline_at: string | null;
  readonly created_at: string;
  readonly updated_at: string;
}

async function add(fields: Partial<Todo>): Promise<Todo> {
  const { status, json } = await app.call('POST', '/todos', fields);
  assert.equal(status, 201);
  return json as Todo;
}

async function titles(query: string): Promise<string[]> {
  const { status, json } = await app.call('GET', `/todos${query}`);
  assert.equal(status, 200);
  return (json as Todo[]).map(({ title }) => title);
}

function assertError({ status, json }: Answer, expectedStatus: number, error: string | RegExp): void {
  assert.equal(status, expectedStatus);
  assert.deepEqual(Object.keys(json as object), ['error']);
  const { error: message } = json as { error: string };
  if (typeof error === 'string') assert.equal(message, error);
  else assert.match(message, error);
}

const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString();
const microseconds = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?$/;

test('health is ok while the database answers', async () => {
  const { status, text } = await app.call('GET', '/health');
  assert.deepEqual({ status, text }, { status: 200, text: '{"status":"ok"}' });
});

test('a list without todos is an empty array', async () => {
  const { status, text } = await app.call('GET', '/todos');
  assert.deepEqual({ status, text }, { status: 200, text: '[]' });
});

test('a todo can be added with all fields and read again', async () => {
  const fields = { title: 'Watch the lecture', description: 'Week 1', completed: true, deadline_at: '2027-02-27T00:00:00' };
  const todo = await add(fields);
  const { created_at, updated_at, id, ...given } = todo;
  assert.deepEqual(given, fields);
  assert.ok(Number.isInteger(id));
  assert.match(created_at, microseconds);
  assert.equal(updated_at, created_at);
  assert.ok(Math.abs(Date.parse(`${created_at}Z`) - Date.now()) < 60_000, 'times are UTC');
  const read = await app.call('GET', `/todos/${id}`);
  assert.equal(read.status, 200);
  assert.deepEqual(read.json, todo);
});

test('only the title is needed; the answer tells where the new todo is', async () => {
  const { status, json, headers } = await app.call('POST', '/todos', { title: 'x' });
  const { id, description, completed, deadline_at } = json as Todo;
  assert.deepEqual(
    { status, description, completed, deadline_at },
    { status: 201, description: null, completed: false, deadline_at: null },
  );
  assert.equal(headers['location'], `/api/v1/todos/${id}`);
});

test('a list has the newest first, and of the same moment the lower id', async () => {
  for (const title of ['first', 'second', 'third']) await add({ title });
  assert.deepEqual(await titles(''), ['third', 'second', 'first']);
  await app.database.query("UPDATE todos SET created_at = '2026-01-01' WHERE title <> 'first'");
  assert.deepEqual(await titles(''), ['first', 'second', 'third']);
});

test('a list holds whole todos', async () => {
  const todo = await add({ title: 'x', description: 'y', deadline_at: '2027-01-01T00:00:00.5' });
  assert.equal(todo.deadline_at, '2027-01-01T00:00:00.500000');
  assert.deepEqual((await app.call('GET', '/todos')).json, [todo]);
});

test('completed=true and completed=false keep the one or the other', async () => {
  await add({ title: 'open' });
  await add({ title: 'done', completed: true });
  assert.deepEqual(await titles('?completed=true'), ['done']);
  assert.deepEqual(await titles('?completed=false'), ['open']);
});

test('window=N keeps deadlines up to N days from now: past ones too, todos without one not', async () => {
  await add({ title: 'none' });
  await add({ title: 'past', deadline_at: inDays(-30) });
  await add({ title: 'soon', deadline_at: inDays(2.9) });
  await add({ title: 'later', deadline_at: inDays(3.1) });
  await add({ title: 'last', deadline_at: '9999-12-31T23:59:59' });
  assert.deepEqual(await titles('?window=0'), ['past']);
  assert.deepEqual(await titles('?window=3'), ['soon', 'past']);
  assert.deepEqual(await titles('?window=99999999999'), ['last', 'later', 'soon', 'past']);
});

test('both filters hold together', async () => {
  await add({ title: 'a', deadline_at: inDays(1) });
  await add({ title: 'b', deadline_at: inDays(1), completed: true });
  await add({ title: 'c', completed: true });
  assert.deepEqual(await titles('?window=5&completed=true'), ['b']);
});

test('a bad filter is refused', async () => {
  for (const query of ['window=-1', 'window=1.5', 'window=soon', 'window=', 'window=1&window=2']) {
    assertError(await app.call('GET', `/todos?${query}`), 400, /^window /);
  }
  assertError(await app.call('GET', '/todos?completed=maybe'), 400, /^completed /);
});

test('a todo that is not there is not found', async () => {
  for (const id of ['1', '0', '-1', 'abc', '1.5', '2147483648', '99999999999999999999', 'x'.repeat(500)]) {
    assertError(await app.call('GET', `/todos/${id}`), 404, 'Todo not found');
    assertError(await app.call('PUT', `/todos/${id}`, { title: 'x' }), 404, 'Todo not found');
  }
});

test('a title is needed', async () => {
  assertError(await app.call('POST', '/todos', { description: 'x' }), 400, 'missing title');
  assertError(await app.call('POST', '/todos', {}), 400, 'missing title');
});

test('extra fields are refused, before anything else', async () => {
  assertError(await app.call('POST', '/todos', { extra: 1 }), 400, 'extra fields');
  assertError(await app.call('POST', '/todos', { title: 'x', id: 1 }), 400, 'extra fields');
  assertError(await app.call('PUT', '/todos/1', { extra: 1 }), 400, 'extra fields');
});

test('a value that does not fit is refused and changes nothing', async () => {
  const todo = await add({ title: 'x' });
  const bad = [{ title: '' }, { title: 'a'.repeat(81) }, { title: 'a\0' }, { description: 'a'.repeat(121) }, { deadline_at: 'soon' }];
  for (const fields of bad) {
    assertError(await app.call('POST', '/todos', { title: 'x', ...fields }), 400, new RegExp(`^${Object.keys(fields)[0]} must`));
    assertError(await app.call('PUT', `/todos/${todo.id}`, fields), 400, /must/);
  }
  assert.deepEqual((await app.call('GET', '/todos')).json, [todo]);
});

test('an update changes what it names, and updated_at', async () => {
  const todo = await add({ title: 'x', description: 'y', deadline_at: '2027-01-01T00:00:00' });
  const { status, json } = await app.call('PUT', `/todos/${todo.id}`, { completed: true });
  const { updated_at } = json as Todo;
  assert.equal(status, 200);
  assert.deepEqual(json, { ...todo, completed: true, updated_at });
  assert.ok(updated_at > todo.updated_at);
  const emptied = await app.call('PUT', `/todos/${todo.id}`, { title: 'z', description: null, deadline_at: null, completed: false });
  const { updated_at: later } = emptied.json as Todo;
  assert.deepEqual(emptied.json, { ...todo, title: 'z', description: null, deadline_at: null, updated_at: later });
});

test('an empty update is allowed and moves updated_at', async () => {
  const todo = await add({ title: 'x' });
  const { status, json } = await app.call('PUT', `/todos/${todo.id}`, {});
  assert.equal(status, 200);
  assert.ok((json as Todo).updated_at > todo.updated_at);
});

test('an id cannot be changed', async () => {
  const { id } = await add({ title: 'x' });
  assertError(await app.call('PUT', `/todos/${id}`, { id: id + 1, title: 'y' }), 400, 'extra fields');
  assert.deepEqual(await titles(''), ['x']);
});

test('a deleted todo is answered and then not found', async () => {
  const todo = await add({ title: 'x' });
  const { status, json } = await app.call('DELETE', `/todos/${todo.id}`);
  assert.deepEqual({ status, json }, { status: 200, json: todo });
  assertError(await app.call('GET', `/todos/${todo.id}`), 404, 'Todo not found');
});

test('deleting nothing is fine', async () => {
  for (const id of ['1', 'abc', '2147483648']) {
    const { status, text } = await app.call('DELETE', `/todos/${id}`);
    assert.deepEqual({ status, text }, { status: 200, text: '{}' });
  }
});

test('a deadline with an offset is kept in UTC, to the microsecond', async () => {
  const kept = async (deadline_at: string): Promise<string | null> => (await add({ title: 'x', deadline_at })).deadline_at;
  assert.equal(await kept('2027-01-01T10:00:00+10:00'), '2027-01-01T00:00:00');
  assert.equal(await kept('2026-11-21T00:33:26.097980Z'), '2026-11-21T00:33:26.097980');
  assert.equal(await kept('0001-01-01'), '0001-01-01T00:00:00');
  assert.equal(await kept('9999-12-31T23:59:59.999999'), '9999-12-31T23:59:59.999999');
});

test('HEAD answers as GET does, without the body', async () => {
  const { statusCode, headers, payload } = await app.http.inject({ method: 'HEAD', url: '/api/v1/todos' });
  assert.deepEqual({ statusCode, payload, length: headers['content-length'] }, { statusCode: 200, payload: '', length: '2' });
});

test('metrics count requests by route and status, and tell the state of pool and event loop', async () => {
  const metrics = async (): Promise<string> => (await app.http.inject({ method: 'GET', url: '/metrics' })).payload;
  const count = (text: string, name: string): number =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${name} `))
        ?.slice(name.length),
    );
  const series = 'http_requests_total{method="GET",route="/api/v1/todos/:id",status="404"}';
  const earlier = count(await metrics(), series) || 0;
  await app.call('GET', '/todos/1');
  await app.call('GET', '/todos/2');
  const text = await metrics();
  assert.equal(count(text, series), earlier + 2);
  assert.equal(count(text, series.replace('http_requests_total', 'http_request_duration_seconds_count')), earlier + 2);
  assert.deepEqual(
    ['size', 'in_use', 'waiting'].map((what) => count(text, `taskoverflow_database_pool_${what}`)),
    [10, 0, 0],
  );
  assert.match(text, /^nodejs_eventloop_lag_p99_seconds /m);
});

test('the page is served with its policy', async () => {
  const { statusCode, headers, payload } = await app.http.inject({ method: 'GET', url: '/' });
  assert.deepEqual([statusCode, headers['content-type']], [200, 'text/html; charset=utf-8']);
  assert.match(String(headers['content-security-policy']), /^default-src 'none'; /);
  assert.match(payload, /^<!doctype html>/);
});

test('unknown paths are not found; known ones tell which methods they have', async () => {
  for (const url of ['/nothing', '/api/v1', '/api/v1/todos/', '/api/v1/todos/1/2', '/api/v1/todos/%zz']) {
    const { statusCode, payload } = await app.http.inject({ method: 'GET', url });
    assert.deepEqual([url, Object.keys(JSON.parse(payload) as object)], [url, ['error']]);
    assert.equal(statusCode, url.includes('%') ? 400 : 404);
  }
  const { statusCode, headers, payload } = await app.http.inject({ method: 'PATCH', url: '/api/v1/todos/1?x=y' });
  assert.deepEqual([statusCode, headers['allow'], payload], [405, 'GET, HEAD, PUT, DELETE', '{"error":"Method not allowed"}']);
});

test('a body must be JSON, say so, and be of a reasonable size', async () => {
  const post = async (contentType: string | undefined, payload: string | Buffer): Promise<Answer> => {
    const headers = contentType === undefined ? {} : { 'content-type': contentType };
    const {
      statusCode,
      headers: answered,
      payload: text,
    } = await app.http.inject({ method: 'POST', url: '/api/v1/todos', headers, payload });
    return { status: statusCode, headers: answered, text, json: JSON.parse(text) };
  };
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', 'nonsense', undefined]) {
    assertError(await post(type, '{"title":"x"}'), 415, /./);
  }
  for (const text of ['', '{', '{"title":"x"} x', Buffer.from('7b227469746c65223a22ff227d', 'hex')]) {
    assertError(await post('application/json', text), 400, 'body must be valid JSON in UTF-8');
  }
  assertError(await post('application/json', '[]'), 400, 'body must be a JSON object');
  assertError(await post('application/json', `{"title":"${'x'.repeat(1 << 20)}"}`), 413, /too large/);
  assert.equal((await post('Application/JSON; charset=utf-8', '{"title":"x"}')).status, 201);
});

test('no body that a client can send makes the service fail', async () => {
  const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 130 }), fc.constantFrom('2026-11-21', '2026-11-21T10:00:00+01:00'));
  const value = fc.oneof(text, text, fc.boolean(), fc.constant(null), fc.jsonValue());
  const name = fc.constantFrom('title', 'title', 'title', 'description', 'completed', 'deadline_at', 'id');
  const body = fc.array(fc.tuple(name, value), { maxLength: 4 }).map((pairs) => Object.fromEntries(pairs) as Record<string, unknown>);
  const { id } = await add({ title: 'x' });
  await fc.assert(
    fc.asyncProperty(body, async (fields) => {
      const added = await app.call('POST', '/todos', fields);
      if (added.status === 201) {
        const { title, description } = added.json as Todo;
        assert.deepEqual({ title, description }, { title: fields['title'], description: fields['description'] ?? null });
      } else {
        assertError(added, 400, /./);
      }
      const changed = await app.call('PUT', `/todos/${id}`, fields);
      if (changed.status !== 200) assertError(changed, 400, /./);
    }),
    { numRuns: 300 },
  );
});
