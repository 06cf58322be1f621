import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { errorMessage, PlimsollError, systemErrorCode } from '../base/index.ts';
import { stateErrors } from './errors.ts';

/** Raised by one with each change of the tables below; `migrate` leads from any older one to it. */
const schemaVersion = 1;

/**
 * The region's durable state: one SQLite file in WAL mode. A write is on disk before the call that made
 * it returns, so what was answered survives `kill -9`. Only accepted writes live here (what was asked
 * for); what follows from them (health, routing, running processes) is rebuilt at the next start.
 */
export class Store {
  readonly #db: DatabaseSync;
  readonly #collections = new Map<string, Collection<unknown>>();

  /** `folder` undefined keeps everything in memory. */
  constructor(folder?: string) {
    const file = folder === undefined ? ':memory:' : join(folder, 'region.sqlite');
    try {
      if (folder !== undefined) mkdirSync(folder, { recursive: true });
      this.#db = new DatabaseSync(file, { timeout: 1000 });
      this.#db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA locking_mode = EXCLUSIVE;');
      this.#migrate(file);
    } catch (error) {
      if (error instanceof PlimsollError) throw error;
      throw openError(file, error);
    }
  }

  #migrate(file: string): void {
    const { user_version: version } = this.#db.prepare('PRAGMA user_version').get() as { user_version: number };
    if (version > schemaVersion) {
      throw new PlimsollError(stateErrors.PL_STATE_NEWER, {
        what: `the state was written by a newer version (schema ${version}, this one knows ${schemaVersion})`,
        where: file,
        fix: 'use that version, or another folder with --data',
      });
    }
    if (version < 1) {
      this.#db.exec(`BEGIN IMMEDIATE;
        CREATE TABLE resource (kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;
        CREATE TABLE log (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL);
        CREATE INDEX log_by_subject ON log (kind, subject, seq);
        PRAGMA user_version = 1;
        COMMIT;`);
    }
  }

  /** The resources of one kind; the same object for the same kind. */
  collection<T>(kind: string): Collection<T> {
    let found = this.#collections.get(kind);
    if (found === undefined) this.#collections.set(kind, (found = new Collection<unknown>(this.#db, kind)));
    return found as Collection<T>;
  }

  /** An append-only history of one kind, at most `keep` entries for each subject. */
  log<T>(kind: string, keep: number): Log<T> {
    return new Log<T>(this.#db, kind, keep);
  }

  close(): void {
    this.#db.close();
  }
}

function openError(file: string, error: unknown): PlimsollError {
  const locked = errorMessage(error).includes('locked');
  const spec = locked ? stateErrors.PL_STATE_LOCKED : stateErrors.PL_STATE_UNUSABLE;
  const reason = systemErrorCode(error) === 'ERR_SQLITE_ERROR' ? errorMessage(error) : (systemErrorCode(error) ?? errorMessage(error));
  return new PlimsollError(spec, {
    what: locked ? 'another Plimsoll uses this state' : `the state cannot be opened: ${reason}`,
    where: file,
    fix: locked ? 'stop it, or give this one another folder with --data' : 'check the folder and its rights, or choose another with --data',
    cause: error,
  });
}

/** Resources by identifier, read from memory and written through to disk. Bodies are plain data. */
export class Collection<T> {
  readonly #byId = new Map<string, T>();
  readonly #kind: string;
  readonly #put: StatementSync;
  readonly #delete: StatementSync;

  constructor(db: DatabaseSync, kind: string) {
    this.#kind = kind;
    this.#put = db.prepare('INSERT INTO resource (kind, id, body) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body');
    this.#delete = db.prepare('DELETE FROM resource WHERE kind = ? AND id = ?');
    for (const row of db.prepare('SELECT id, body FROM resource WHERE kind = ? ORDER BY id').all(kind)) {
      this.#byId.set(row['id'] as string, JSON.parse(row['body'] as string) as T);
    }
  }

  get(id: string): T | undefined {
    return this.#byId.get(id);
  }

  put(id: string, value: T): T {
    this.#put.run(this.#kind, id, JSON.stringify(value));
    this.#byId.set(id, value);
    return value;
  }

  delete(id: string): boolean {
    this.#delete.run(this.#kind, id);
    return this.#byId.delete(id);
  }

  values(): T[] {
    return [...this.#byId.values()];
  }

  get size(): number {
    return this.#byId.size;
  }
}

/** A bounded history, newest first. */
export class Log<T> {
  readonly #kind: string;
  readonly #keep: number;
  readonly #insert: StatementSync;
  readonly #trim: StatementSync;
  readonly #read: StatementSync;

  constructor(db: DatabaseSync, kind: string, keep: number) {
    this.#kind = kind;
    this.#keep = keep;
    this.#insert = db.prepare('INSERT INTO log (kind, subject, body) VALUES (?, ?, ?)');
    this.#trim = db.prepare(
      'DELETE FROM log WHERE kind = ?1 AND subject = ?2 AND seq <= (SELECT seq FROM log WHERE kind = ?1 AND subject = ?2 ORDER BY seq DESC LIMIT 1 OFFSET ?3)',
    );
    this.#read = db.prepare('SELECT body FROM log WHERE kind = ? AND subject = ? ORDER BY seq DESC LIMIT ?');
  }

  append(subject: string, entry: T): void {
    this.#insert.run(this.#kind, subject, JSON.stringify(entry));
    this.#trim.run(this.#kind, subject, this.#keep);
  }

  newest(subject: string, limit = this.#keep): T[] {
    return this.#read.all(this.#kind, subject, limit).map((row) => JSON.parse(row['body'] as string) as T);
  }
}
