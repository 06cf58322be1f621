/** The page at `/`: one static document without any request but those to the API, under a policy that allows nothing else. */
import { createHash } from 'node:crypto';

const style = `
:root {
  color-scheme: light dark;
  --ink: light-dark(#1b2430, #e8ecf2);
  --faint: light-dark(#566274, #a3afc0);
  --paper: light-dark(#f3f5f8, #12161c);
  --card: light-dark(#fff, #1b212a);
  --line: light-dark(#d5dbe4, #323c49);
  --accent: light-dark(#0b63c5, #6cb2ff);
  --on-accent: light-dark(#fff, #0c1a2b);
  --bad: light-dark(#b3261e, #ff9b92);
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 42rem; margin: 0 auto; padding: 2.5rem 1rem 4rem; }
h1 { margin: 0; font-size: 1.9rem; letter-spacing: -0.02em; }
h1 + p { margin: 0 0 1.5rem; color: var(--faint); }
form, li { background: var(--card); border: 1px solid var(--line); border-radius: 0.75rem; }
form { display: grid; grid-template-columns: 1fr 1fr; gap: 0.75rem; padding: 1rem; }
label { display: grid; gap: 0.2rem; font-size: 0.85rem; color: var(--faint); }
.wide { grid-column: 1 / -1; }
input:not([type='checkbox']) { width: 100%; padding: 0.5rem 0.65rem; border: 1px solid var(--line); border-radius: 0.5rem;
  background: var(--paper); color: var(--ink); font: inherit; }
button { padding: 0.5rem 1rem; border: 0; border-radius: 0.5rem; background: var(--accent); color: var(--on-accent); font: inherit; font-weight: 600; cursor: pointer; }
form button { align-self: end; }
li button { background: none; color: var(--faint); font-weight: 400; }
li button:hover { color: var(--bad); }
button:disabled { opacity: 0.5; cursor: progress; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
#status { min-height: 1.5rem; margin: 0.75rem 0; color: var(--faint); }
#status.bad { color: var(--bad); }
ul { display: grid; gap: 0.6rem; margin: 0; padding: 0; list-style: none; }
li { display: grid; grid-template-columns: auto 1fr auto; align-items: start; gap: 0.75rem; padding: 0.75rem 0.5rem 0.75rem 1rem; }
li label { display: block; font-size: 1rem; color: var(--ink); overflow-wrap: anywhere; }
li p { margin: 0; font-size: 0.9rem; color: var(--faint); overflow-wrap: anywhere; }
li input { width: 1.15rem; height: 1.15rem; margin: 0.2rem 0 0; accent-color: var(--accent); }
li.done label { color: var(--faint); text-decoration: line-through; }
li .overdue { color: var(--bad); }
@media (max-width: 30rem) { form { grid-template-columns: 1fr; } }
`;

// Texts of todos reach the page through textContent only; the policy's Trusted Types make the browser refuse any other way.
const script = `
const api = 'api/v1/todos';
const byId = (id) => document.getElementById(id);
const form = byId('add');
const list = byId('todos');
const status = byId('status');

function say(text, bad = false) {
  status.textContent = text;
  status.className = bad ? 'bad' : '';
}

async function call(method, path = '', body) {
  const request = { method, cache: 'no-store', headers: { accept: 'application/json' } };
  if (body !== undefined) {
    request.headers['content-type'] = 'application/json';
    request.body = JSON.stringify(body);
  }
  const response = await fetch(api + path, request);
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.error || 'The service answered ' + response.status);
  return answer;
}

function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function deadline(todo) {
  const at = new Date(todo.deadline_at + 'Z');
  const overdue = !todo.completed && at < new Date();
  const text = (overdue ? 'Overdue since ' : 'Due ') + at.toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });
  return make('p', { textContent: text, className: overdue ? 'overdue' : '' });
}

function item(todo) {
  const id = 'todo-' + todo.id;
  const box = make('input', { type: 'checkbox', id, checked: todo.completed });
  const label = make('label', { htmlFor: id, textContent: todo.title });
  const text = make('div', {}, label);
  if (todo.description) text.append(make('p', { textContent: todo.description }));
  if (todo.deadline_at) text.append(deadline(todo));
  const remove = make('button', { type: 'button', textContent: 'Delete', ariaLabel: 'Delete ' + todo.title });
  const path = '/' + todo.id;
  box.addEventListener('change', () => change(call('PUT', path, { completed: box.checked }), () => byId(id)));
  remove.addEventListener('click', () => change(call('DELETE', path), () => form.elements.title));
  return make('li', { className: todo.completed ? 'done' : '' }, box, text, remove);
}

async function show(message) {
  const todos = await call('GET');
  list.replaceChildren(...todos.map(item));
  const open = todos.filter((todo) => !todo.completed).length;
  say((message ? message + ' ' : '') + (todos.length === 0 ? 'Nothing to do. Add the first todo above.' : open + ' open, ' + todos.length + ' in all.'));
}

async function change(called, focus, message) {
  let failure;
  await called.catch((error) => (failure = error));
  try {
    await show(message);
  } catch (error) {
    failure = failure || error;
  }
  if (failure) say(failure.message, true);
  const target = focus();
  if (target) target.focus();
  return !failure;
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const { title, description, deadline, submit } = form.elements;
  const todo = { title: title.value };
  if (description.value) todo.description = description.value;
  if (deadline.value) todo.deadline_at = new Date(deadline.value).toISOString();
  submit.disabled = true;
  const added = await change(call('POST', '', todo), () => title, 'Added.');
  submit.disabled = false;
  if (added) form.reset();
});

show().catch((error) => say(error.message, true));
`;

const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>TaskOverflow</title>
<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='4' fill='%230b63c5'/%3E%3Cpath d='M4 8.5l3 3 5-7' fill='none' stroke='white' stroke-width='2'/%3E%3C/svg%3E">
<style>${style}</style>
</head>
<body>
<main>
<h1>TaskOverflow</h1>
<p>A todo list that scales out.</p>
<form id="add" aria-label="Add a todo">
<label class="wide">Title <input name="title" required maxlength="80" autocomplete="off"></label>
<label class="wide">Description (optional) <input name="description" maxlength="120" autocomplete="off"></label>
<label>Deadline (optional) <input name="deadline" type="datetime-local"></label>
<button name="submit">Add</button>
</form>
<p id="status" role="status">Loading …</p>
<ul id="todos" aria-label="Todos"></ul>
<noscript><p>This page needs JavaScript; the API at <code>api/v1/todos</code> does not.</p></noscript>
</main>
<script type="module">${script}</script>
</body>
</html>
`;

const sha256 = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

export const page = {
  html: Buffer.from(html),
  headers: {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': [
      "default-src 'none'",
      `script-src ${sha256(script)}`,
      `style-src ${sha256(style)}`,
      "connect-src 'self'",
      'img-src data:',
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ].join('; '),
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-cache',
  },
};
