/** A todo: what a client may send, and how one from the database is written as JSON. */
import { fromPostgres, parseTimestamp } from './timestamp.ts';

export const titleLengthMax = 80;
export const descriptionLengthMax = 120;

/** The fields of a body that were given. Texts fit their columns and `deadline_at` is naive UTC. */
export interface TodoInput {
  readonly title?: string;
  readonly description?: string | null;
  readonly completed?: boolean;
  readonly deadline_at?: string | null;
}

export interface TodoFilter {
  readonly completed?: boolean;
  /** Keeps todos whose deadline is at most that many days of 24 hours from now. */
  readonly windowDays?: number;
}

/** What a client sent makes no sense; the message is the answer's `error`. */
export class InvalidInput extends Error {
  override readonly name = 'InvalidInput';
  readonly statusCode = 400;
}

/** @throws {InvalidInput} with `extra fields` before `missing title` before anything about a field's value. */
export function parseNewTodo(body: unknown): TodoInput & { readonly title: string } {
  const fields = knownFields(body);
  if (fields['title'] === undefined || fields['title'] === null) throw new InvalidInput('missing title');
  return { ...parseFields(fields), title: parseTitle(fields['title']) };
}

/** All fields are optional, `{}` is allowed. @throws {InvalidInput} */
export function parseTodoUpdate(body: unknown): TodoInput {
  return parseFields(knownFields(body));
}

const fieldNames = new Set(['title', 'description', 'completed', 'deadline_at']);

function knownFields(body: unknown): Record<string, unknown> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new InvalidInput('body must be a JSON object');
  if (!Object.keys(body).every((key) => fieldNames.has(key))) throw new InvalidInput('extra fields');
  return body as Record<string, unknown>;
}

function parseFields({ title, description, completed, deadline_at }: Record<string, unknown>): TodoInput {
  return {
    ...(title !== undefined && { title: parseTitle(title) }),
    ...(description !== undefined && { description: description === null ? null : parseDescription(description) }),
    ...(completed !== undefined && { completed: parseCompleted(completed) }),
    ...(deadline_at !== undefined && { deadline_at: deadline_at === null ? null : parseDeadline(deadline_at) }),
  };
}

function parseTitle(value: unknown): string {
  if (isStorable(value, titleLengthMax) && value !== '') return value;
  throw new InvalidInput(`title must be a text of 1 to ${titleLengthMax} characters`);
}

function parseDescription(value: unknown): string {
  if (isStorable(value, descriptionLengthMax)) return value;
  throw new InvalidInput(`description must be null or a text of at most ${descriptionLengthMax} characters`);
}

function parseCompleted(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw new InvalidInput('completed must be true or false');
}

function parseDeadline(value: unknown): string {
  const deadline = typeof value === 'string' ? parseTimestamp(value) : undefined;
  if (deadline !== undefined) return deadline;
  throw new InvalidInput('deadline_at must be null or an ISO 8601 date and time, such as 2026-11-21T00:33:26');
}

/**
 * PostgreSQL stores no NUL and no half of a surrogate pair, and a `varchar(n)` counts code points, not UTF-16 units.
 */
function isStorable(value: unknown, lengthMax: number): value is string {
  if (typeof value !== 'string' || value.includes('\0') || !value.isWellFormed()) return false;
  return value.length <= lengthMax || (value.length <= 2 * lengthMax && Array.from(value).length <= lengthMax);
}

/** All deadlines lie within this many days of any other, so a longer window is the same as this one. */
const windowDaysMax = 3_652_060;

/** From a query string; a parameter given twice comes as an array and is refused. @throws {InvalidInput} */
export function parseTodoFilter({ completed, window }: Record<string, unknown>): TodoFilter {
  if (completed !== undefined && completed !== 'true' && completed !== 'false') throw new InvalidInput('completed must be true or false');
  if (window !== undefined && !(typeof window === 'string' && /^\d+$/.test(window))) {
    throw new InvalidInput('window must be a whole number of days, 0 or more');
  }
  return {
    ...(completed !== undefined && { completed: completed === 'true' }),
    ...(window !== undefined && { windowDays: Math.min(Number(window), windowDaysMax) }),
  };
}

/** The columns of `todoColumns`, each as PostgreSQL writes it. */
export type TodoRow = readonly [
  id: string,
  title: string,
  description: string | null,
  completed: string,
  deadlineAt: string | null,
  createdAt: string,
  updatedAt: string,
];

export const todoColumns = 'id, title, description, completed, deadline_at, created_at, updated_at';

/**
 * A todo as JSON. Lists are the service's hot path: PostgreSQL's own text of a number or a time is nearly JSON already,
 * so it is passed on instead of being parsed into objects and written again, which takes a sixth more CPU on a list.
 */
export function todoJson([id, title, description, completed, deadlineAt, createdAt, updatedAt]: TodoRow): string {
  return (
    `{"id":${id},"title":${quoted(title)},"description":${description === null ? 'null' : quoted(description)}` +
    `,"completed":${completed === 't' ? 'true' : 'false'},"deadline_at":${deadlineAt === null ? 'null' : `"${fromPostgres(deadlineAt)}"`}` +
    `,"created_at":"${fromPostgres(createdAt)}","updated_at":"${fromPostgres(updatedAt)}"}`
  );
}

/** What a JSON string may not hold as it stands (RFC 8259, section 7). */
// oxlint-disable-next-line no-control-regex
const special = /["\\\u0000-\u001f]/;

function quoted(text: string): string {
  return special.test(text) ? JSON.stringify(text) : `"${text}"`;
}

export function todoListJson(rows: readonly TodoRow[]): string {
  let json = '[';
  for (let i = 0; i < rows.length; i++) json += (i === 0 ? '' : ',') + todoJson(rows[i] as TodoRow);
  return `${json}]`;
}
