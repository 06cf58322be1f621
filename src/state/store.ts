import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { join } from 'node:path';
import { errorMessage, makeFolder, PlimsollError, systemErrorCode } from '../base/index.ts';
import { stateErrors } from './errors.ts';

/** What leads from each version of the tables to the next, the first from an empty file. Never changed once released: added to. */
const migrations: readonly string[] = [
  `CREATE TABLE resource (kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;
   CREATE TABLE log (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL);
   CREATE INDEX log_by_subject ON log (kind, subject, seq);`,
  // Histories are resources like others; nothing ever wrote to this table.
  'DROP TABLE log;',
  // Rows in order of creation, each with no more than its value; a table without row ids wasted half a page on each.
  // Answers remembered for a day for client tokens have another form now: those of before are left behind.
  `CREATE TABLE row (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, UNIQUE (kind, id));
   INSERT INTO row (kind, id, body)
     SELECT (body ->> 'account') || '/' || (body ->> 'region') || '/' || (body ->> 'kind'), body ->> 'id', body -> 'value'
     FROM resource WHERE kind = 'aws' AND body ->> 'kind' <> 'idempotency' ORDER BY body ->> 'seq';
   DROP TABLE resource;
   ALTER TABLE row RENAME TO resource;`,
];
const schemaVersion = migrations.length;

/** A resource: plain data, known by its identifier among those of its kind. */
export interface Row {
  readonly kind: string;
  readonly id: string;
  /** `undefined` deletes what is there. */
  readonly value: unknown;
}

/**
 * The region's durable state: one SQLite file in WAL mode. A write is on disk before the call that made
 * it returns, so what was answered survives `kill -9`. Only accepted writes live here (what was asked
 * for); what follows from them (health, routing, running processes) is rebuilt at the next start.
 */
export class Store {
  readonly #db: DatabaseSync | undefined;
  readonly #put: StatementSync | undefined;
  readonly #delete: StatementSync | undefined;

  /** Without a `folder` nothing is kept: who writes has it in memory. */
  constructor(folder?: string) {
    if (folder === undefined) return;
    const file = join(folder, 'region.sqlite');
    let db: DatabaseSync | undefined;
    try {
      makeFolder(folder);
      db = new DatabaseSync(file, { timeout: 1000 });
      db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA locking_mode = EXCLUSIVE;');
      migrate(db, file);
      this.#put = db.prepare('INSERT INTO resource (kind, id, body) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body');
      this.#delete = db.prepare('DELETE FROM resource WHERE kind = ? AND id = ?');
      this.#db = db;
    } catch (error) {
      db?.close();
      if (error instanceof PlimsollError) throw error;
      throw openError(file, error);
    }
  }

  /** All that is kept, in order of creation, read as it is asked for. */
  *rows(): Generator<Row> {
    for (const { kind, id, body } of this.#db?.prepare('SELECT kind, id, body FROM resource ORDER BY seq').iterate() ?? [])
      yield { kind: kind as string, id: id as string, value: JSON.parse(body as string) };
  }

  /**
   * All of `rows` or, when it throws, none of them: one transaction, on disk when this returns.
   * @throws PL_STATE_UNWRITABLE, e.g. while the disk is full; what comes later may succeed again
   */
  write(rows: readonly Row[]): void {
    if (this.#db === undefined) return;
    try {
      inTransaction(this.#db, () => {
        for (const { kind, id, value } of rows) {
          if (value === undefined) this.#delete!.run(kind, id);
          else this.#put!.run(kind, id, JSON.stringify(value));
        }
      });
    } catch (error) {
      throw writeError(error);
    }
  }

  close(): void {
    this.#db?.close();
  }
}

function migrate(db: DatabaseSync, file: string): void {
  const { user_version: version } = db.prepare('PRAGMA user_version').get() as { user_version: number };
  if (version > schemaVersion) {
    throw new PlimsollError(stateErrors.PL_STATE_NEWER, {
      what: `the state was written by a newer version (schema ${version}, this one knows ${schemaVersion})`,
      where: file,
      fix: 'use that version, or another folder with --data',
    });
  }
  for (const [at, step] of migrations.entries())
    if (at >= version) inTransaction(db, () => db.exec(`${step} PRAGMA user_version = ${at + 1};`));
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
