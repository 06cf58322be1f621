import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { errorMessage, PlimsollError, systemErrorCode } from '../base/index.ts';
import { stateErrors } from './errors.ts';

/** What leads from each version of the tables to the next, the first from an empty file. Never changed once released: added to. */
const migrations: readonly string[] = [
  `CREATE TABLE resource (kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;
   CREATE TABLE log (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL);
   CREATE INDEX log_by_subject ON log (kind, subject, seq);`,
  // Histories are resources like others; nothing ever wrote to this table.
  'DROP TABLE log;',
];
const schemaVersion = migrations.length;

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
    let db: DatabaseSync | undefined;
    try {
      if (folder !== undefined) mkdirSync(folder, { recursive: true });
      this.#db = db = new DatabaseSync(file, { timeout: 1000 });
      this.#db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA locking_mode = EXCLUSIVE;');
      this.#migrate(file);
    } catch (error) {
      db?.close();
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
    for (const [at, step] of migrations.entries())
      if (at >= version) inTransaction(this.#db, () => this.#db.exec(`${step} PRAGMA user_version = ${at + 1};`));
  }

  /** The resources of one kind; the same object for the same kind. */
  collection<T>(kind: string): Collection<T> {
    let found = this.#collections.get(kind);
    if (found === undefined) this.#collections.set(kind, (found = new Collection<unknown>(this.#db, kind)));
    return found as Collection<T>;
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

/** One write: a body to put, or `undefined` to delete what is there. */
export interface Write<T> {
  readonly id: string;
  readonly value: T | undefined;
}

/** Resources by identifier, read from memory and written through to disk. Bodies are plain data. */
export class Collection<T> {
  readonly #db: DatabaseSync;
  readonly #byId = new Map<string, T>();
  readonly #kind: string;
  readonly #put: StatementSync;
  readonly #delete: StatementSync;

  constructor(db: DatabaseSync, kind: string) {
    this.#db = db;
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
    this.write([{ id, value }]);
    return value;
  }

  delete(id: string): boolean {
    const found = this.#byId.has(id);
    this.write([{ id, value: undefined }]);
    return found;
  }

  /**
   * All of `writes` or, when it throws, none of them: one transaction, on disk when this returns.
   * @throws PL_STATE_UNWRITABLE, e.g. while the disk is full; what comes later may succeed again
   */
  write(writes: readonly Write<T>[]): void {
    try {
      inTransaction(this.#db, () => {
        for (const { id, value } of writes) {
          if (value === undefined) this.#delete.run(this.#kind, id);
          else this.#put.run(this.#kind, id, JSON.stringify(value));
        }
      });
    } catch (error) {
      throw writeError(error);
    }
    for (const { id, value } of writes) {
      if (value === undefined) this.#byId.delete(id);
      else this.#byId.set(id, value);
    }
  }

  values(): T[] {
    return [...this.#byId.values()];
  }

  get size(): number {
    return this.#byId.size;
  }
}

function inTransaction(db: DatabaseSync, work: () => void): void {
  db.exec('BEGIN IMMEDIATE');
  try {
    work();
    db.exec('COMMIT');
  } catch (error) {
    // A full disk or an I/O error has already ended the transaction, sometimes: https://www.sqlite.org/lang_transaction.html
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

/** SQLite's faults of the machine it runs on; others are ours. https://www.sqlite.org/rescode.html */
const machineFaults: Readonly<Record<number, string>> = {
  8: 'the state’s file is read-only',
  10: 'the disk does not take it (I/O error)',
  13: 'the disk is full',
};

function writeError(error: unknown): unknown {
  const resultCode = error instanceof Error && 'errcode' in error ? (error.errcode as number) & 0xff : 0;
  const reason = machineFaults[resultCode];
  if (reason === undefined) return error;
  return new PlimsollError(stateErrors.PL_STATE_UNWRITABLE, {
    what: `the state cannot be written: ${reason}`,
    fix: 'free some space; nothing was changed, and nothing that was answered before is lost',
    cause: error,
  });
}
