/** The page, its script run on a document of a few lines that refuses to parse HTML, as a browser does under the page's policy. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { page } from './page.ts';

const html = page.html.toString();
const part = (pattern: RegExp): string => pattern.exec(html)?.[1] ?? assert.fail(`the page has no ${pattern}`);
const script = part(/<script type="module">([^]*)<\/script>/);
const style = part(/<style>([^]*)<\/style>/);

class FakeElement {
  textContent = '';
  className = '';
  id = '';
  checked = false;
  disabled = false;
  value = '';
  children: FakeElement[] = [];
  elements: Record<string, FakeElement> = {};
  readonly tag: string;
  readonly listeners: Record<string, (event: unknown) => unknown> = {};

  constructor(tag: string) {
    this.tag = tag;
  }
  append(...children: FakeElement[]): void {
    this.children.push(...children);
  }
  replaceChildren(...children: FakeElement[]): void {
    this.children = children;
  }
  addEventListener(type: string, listener: (event: unknown) => unknown): void {
    this.listeners[type] = listener;
  }
  focus(): void {
    noteFocus(this);
  }
  reset(): void {
    for (const control of Object.values(this.elements)) control.value = '';
  }
  set innerHTML(_: string) {
    assert.fail('HTML was parsed');
  }
  find(tag: string): FakeElement[] {
    return [...(this.tag === tag ? [this] : []), ...this.children.flatMap((child) => child.find(tag))];
  }
}
let focused: FakeElement | undefined;
function noteFocus(element: FakeElement): void {
  focused = element;
}

type Call = { readonly method: string; readonly url: string; readonly body: unknown };

/** Opens the page on a service that answers with what `answer` gives; an Error is answered as 503. */
async function open(
  answer: (call: Call) => unknown,
): Promise<{ list: FakeElement; status: FakeElement; form: FakeElement; calls: Call[] }> {
  const [form, status, list] = [new FakeElement('form'), new FakeElement('p'), new FakeElement('ul')];
  for (const name of ['title', 'description', 'deadline', 'submit']) form.elements[name] = new FakeElement('input');
  const byId: Record<string, FakeElement> = { add: form, status, todos: list };
  const calls: Call[] = [];
  const fetch = (url: string, { method, body }: { method: string; body?: string }): Promise<unknown> => {
    const call = { method, url, body: body === undefined ? undefined : (JSON.parse(body) as unknown) };
    calls.push(call);
    const value = answer(call);
    const failed = value instanceof Error;
    return Promise.resolve({
      ok: !failed,
      status: failed ? 503 : 200,
      json: () => Promise.resolve(failed ? { error: value.message } : value),
    });
  };
  const document = {
    getElementById: (id: string) => byId[id] ?? list.find('input').find((input) => input.id === id),
    createElement: (tag: string) => new FakeElement(tag),
  };
  runInNewContext(script, { document, fetch, Date });
  await settle();
  return { list, status, form, calls };
}

/** Lets promises that wait for nothing else run. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const todo = { id: 1, title: 'Milk', description: null, completed: false, deadline_at: null };

test('hostile texts stay texts', async () => {
  const title = '<script>alert(1)</script>';
  const description = '"><img src=x onerror=alert(2)>';
  const { list } = await open(() => [{ ...todo, title, description }]);
  assert.deepEqual(
    list.find('label').map((label) => label.textContent),
    [title],
  );
  assert.deepEqual(
    list.find('p').map((paragraph) => paragraph.textContent),
    [description],
  );
  assert.deepEqual([list.find('script'), list.find('img')], [[], []]);
});

test('it lists the todos and says how many there are', async () => {
  const overdue = { ...todo, id: 2, title: 'Tax', deadline_at: '2001-01-01T00:00:00' };
  const { list, status } = await open(() => [todo, overdue, { ...todo, id: 3, completed: true }]);
  assert.deepEqual(
    list.children.map((item) => [item.tag, item.className, item.find('input')[0]?.checked]),
    [
      ['li', '', false],
      ['li', '', false],
      ['li', 'done', true],
    ],
  );
  assert.match(list.find('p')[0]?.textContent ?? '', /^Overdue since /);
  assert.equal(status.textContent, '2 open, 3 in all.');
});

test('it adds a todo, empties the form and goes back to the title', async () => {
  const todos: unknown[] = [];
  const { list, status, form, calls } = await open(({ method }) => (method === 'POST' ? todos.push(todo) : todos));
  assert.match(status.textContent, /^Nothing to do/);
  const { title, deadline } = form.elements as { title: FakeElement; deadline: FakeElement };
  title.value = 'Milk';
  deadline.value = '2027-03-01T12:30';
  await form.listeners['submit']?.({ preventDefault: () => undefined });
  const { method, url, body } = calls[1] ?? assert.fail('nothing was sent');
  const deadline_at = new Date('2027-03-01T12:30').toISOString();
  assert.deepEqual(
    JSON.stringify({ method, url, body }),
    JSON.stringify({ method: 'POST', url: 'api/v1/todos', body: { title: 'Milk', deadline_at } }),
  );
  assert.equal(list.children.length, 1);
  assert.deepEqual([title.value, focused, status.textContent], ['', title, 'Added. 1 open, 1 in all.']);
});

test('it completes and deletes', async () => {
  const { list, calls } = await open(() => [todo]);
  const box = list.find('input')[0] as FakeElement;
  box.checked = true;
  await box.listeners['change']?.({});
  await list.find('button')[0]?.listeners['click']?.({});
  await settle();
  assert.deepEqual(
    calls.map(({ method, url, body }) => [method, url, JSON.stringify(body)]),
    [
      ['GET', 'api/v1/todos', undefined],
      ['PUT', 'api/v1/todos/1', '{"completed":true}'],
      ['GET', 'api/v1/todos', undefined],
      ['DELETE', 'api/v1/todos/1', undefined],
      ['GET', 'api/v1/todos', undefined],
    ],
  );
});

test('an error of the service is shown and nothing typed is lost', async () => {
  const { status, form } = await open(({ method }) => (method === 'POST' ? new Error('The database is not available') : [todo]));
  const { title } = form.elements as { title: FakeElement };
  title.value = 'Milk';
  await form.listeners['submit']?.({ preventDefault: () => undefined });
  assert.deepEqual([status.textContent, status.className, title.value], ['The database is not available', 'bad', 'Milk']);
});

test('the policy allows the own script, style and API, and nothing else', () => {
  const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  const policy = page.headers['content-security-policy'].split('; ');
  for (const directive of ["default-src 'none'", `script-src ${hash(script)}`, `style-src ${hash(style)}`, "connect-src 'self'"]) {
    assert.ok(policy.includes(directive), directive);
  }
  assert.ok(policy.includes("require-trusted-types-for 'script'"));
  const addresses = html.match(/\b(?:https?:)?\/\/[\w.]+/g) ?? [];
  assert.deepEqual(new Set(addresses), new Set(['http://www.w3.org']), 'no address but the name of SVG');
  assert.doesNotMatch(html, /\s(?:on\w+|style)=/);
});
