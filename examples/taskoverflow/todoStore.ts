/** Todos in the table `todos`. */
import type { Database, Parameter } from './database.ts';
import { type TodoFilter, type TodoInput, type TodoRow, todoColumns } from './todo.ts';

const utcNow = `(now() AT TIME ZONE 'UTC')`;

const listAll = `SELECT ${todoColumns} FROM todos ORDER BY created_at DESC, id`;
const listSome = `
  SELECT ${todoColumns} FROM todos
  WHERE ($1::boolean IS NULL OR completed = $1)
    AND ($2::integer IS NULL OR deadline_at <= ${utcNow} + make_interval(days => $2))
  ORDER BY created_at DESC, id`;
const select = `SELECT ${todoColumns} FROM todos WHERE id = $1`;
const insert = `
  INSERT INTO todos (title, description, completed, deadline_at, created_at, updated_at)
  VALUES ($1, $2, $3, $4::text::timestamp, ${utcNow}, ${utcNow})
  RETURNING ${todoColumns}`;
const update = `
  UPDATE todos SET
    title = coalesce($2, title),
    description = CASE WHEN $3::boolean THEN $4 ELSE description END,
    completed = coalesce($5, completed),
    deadline_at = CASE WHEN $6::boolean THEN $7::text::timestamp ELSE deadline_at END,
    updated_at = ${utcNow}
  WHERE id = $1
  RETURNING ${todoColumns}`;
const remove = `DELETE FROM todos WHERE id = $1 RETURNING ${todoColumns}`;

export class TodoStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Newest first. */
  list({ completed, windowDays }: TodoFilter): Promise<TodoRow[]> {
    if (completed === undefined && windowDays === undefined) return this.#database.query(listAll);
    return this.#database.query(listSome, [completed ?? null, windowDays ?? null]);
  }

  find(id: number): Promise<TodoRow | undefined> {
    return this.#first(select, [id]);
  }

  async add({ title, description = null, completed = false, deadline_at = null }: TodoInput & { title: string }): Promise<TodoRow> {
    const row = await this.#first(insert, [title, description, completed, deadline_at]);
    return row as TodoRow;
  }

  /** Changes the fields that are given and `updated_at`. */
  update(id: number, { title, description, completed, deadline_at }: TodoInput): Promise<TodoRow | undefined> {
    return this.#first(update, [
      id,
      title ?? null,
      description !== undefined,
      description ?? null,
      completed ?? null,
      deadline_at !== undefined,
      deadline_at ?? null,
    ]);
  }

  remove(id: number): Promise<TodoRow | undefined> {
    return this.#first(remove, [id]);
  }

  async #first(text: string, parameters: Parameter[]): Promise<TodoRow | undefined> {
    const rows = await this.#database.query<TodoRow>(text, parameters);
    return rows[0];
  }
}
