/** The contract: which paths there are and what they answer. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Database } from './database.ts';
import type { Metrics } from './metrics.ts';
import { page } from './page.ts';
import { InvalidInput, type TodoRow, parseNewTodo, parseTodoFilter, parseTodoUpdate, todoJson, todoListJson } from './todo.ts';
import type { TodoStore } from './todoStore.ts';

/** The body comes in a form that no route takes. */
export class UnsupportedMediaType extends Error {
  override readonly name = 'UnsupportedMediaType';
  readonly statusCode = 415;
}

export interface RouteParts {
  readonly todos: TodoStore;
  readonly database: Database;
  readonly metrics: Metrics;
}

type WithId = FastifyRequest<{ Params: { id: string } }>;

const base = '/api/v1';

export function addRoutes(http: FastifyInstance, { todos, database, metrics }: RouteParts): void {
  http.get('/', (_request, reply) => reply.headers(page.headers).send(page.html));

  http.get('/metrics', async (_request, reply) => reply.header('content-type', metrics.contentType).send(await metrics.text()));

  http.get(`${base}/health`, async (_request, reply) => {
    await database.ping();
    return json(reply, '{"status":"ok"}');
  });

  http.get(`${base}/todos`, async (request, reply) => {
    const rows = await todos.list(parseTodoFilter(request.query as Record<string, unknown>));
    return json(reply, todoListJson(rows));
  });

  http.get(`${base}/todos/:id`, async (request: WithId, reply) => {
    const id = todoId(request);
    return sendTodo(reply, id === undefined ? undefined : await todos.find(id));
  });

  http.post(`${base}/todos`, async (request, reply) => {
    const row = await todos.add(parseNewTodo(jsonBody(request)));
    return json(reply.code(201).header('location', `${base}/todos/${row[0]}`), todoJson(row));
  });

  http.put(`${base}/todos/:id`, async (request: WithId, reply) => {
    const input = parseTodoUpdate(jsonBody(request));
    const id = todoId(request);
    return sendTodo(reply, id === undefined ? undefined : await todos.update(id, input));
  });

  http.delete(`${base}/todos/:id`, async (request: WithId, reply) => {
    const id = todoId(request);
    const row = id === undefined ? undefined : await todos.remove(id);
    return json(reply, row ? todoJson(row) : '{}');
  });
}

const idMax = 2 ** 31 - 1;

/** The id asked for, or undefined if no todo can have it: ids are PostgreSQL's serial, 1 to 2^31 - 1. */
function todoId({ params: { id } }: WithId): number | undefined {
  const value = /^\d+$/.test(id) ? Number(id) : 0;
  return value >= 1 && value <= idMax ? value : undefined;
}

function sendTodo(reply: FastifyReply, row: TodoRow | undefined): FastifyReply {
  return row ? json(reply, todoJson(row)) : json(reply.code(404), '{"error":"Todo not found"}');
}

function json(reply: FastifyReply, text: string): FastifyReply {
  return reply.header('content-type', 'application/json').send(text);
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** @throws {UnsupportedMediaType | InvalidInput} */
function jsonBody({ headers, body }: FastifyRequest): unknown {
  if (!/^application\/json\s*(?:;|$)/i.test(headers['content-type'] ?? '')) {
    throw new UnsupportedMediaType('Content-Type must be application/json');
  }
  try {
    return JSON.parse(utf8.decode(body as Buffer));
  } catch {
    throw new InvalidInput('body must be valid JSON in UTF-8');
  }
}
