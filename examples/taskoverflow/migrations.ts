/** The database's schema, brought up to date at every start. */
import type postgres from 'postgres';

interface Migration {
  readonly version: number;
  readonly name: string;
  readonly statements: string;
}

/** Applied in this order, each once. Never change one that was released; add another. */
const migrations: readonly Migration[] = [
  {
    version: 1,
    name: 'todos',
    statements: `
      CREATE TABLE IF NOT EXISTS todos (
        id serial PRIMARY KEY,
        title varchar(80) NOT NULL,
        description varchar(120),
        completed boolean NOT NULL DEFAULT false,
        deadline_at timestamp,
        created_at timestamp NOT NULL,
        updated_at timestamp NOT NULL
      )`,
  },
  {
    version: 2,
    name: 'the order of lists',
    statements: 'CREATE INDEX IF NOT EXISTS todos_newest_first ON todos (created_at DESC, id ASC)',
  },
];

/** Any constant will do that no other user of the same database takes: "taskover" in ASCII. */
const advisoryLock = '8386110886409299314';

/**
 * All in one transaction, so that it happens wholly or not at all, and under an advisory lock, so that of several instances
 * that start at once one migrates and the others wait and find nothing to do.
 */
export async function migrate(sql: postgres.Sql): Promise<void> {
  await sql.begin(async (transaction) => {
    await transaction`SELECT pg_advisory_xact_lock(${advisoryLock}::bigint)`;
    await transaction`
      CREATE TABLE IF NOT EXISTS taskoverflow_migrations (
        version integer PRIMARY KEY,
        name text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
      )`;
    const rows = await transaction`SELECT version FROM taskoverflow_migrations`.values();
    const applied = new Set(rows.map(([version]) => Number(version)));
    for (const { version, name, statements } of migrations) {
      if (applied.has(version)) continue;
      await transaction.unsafe(statements);
      await transaction`INSERT INTO taskoverflow_migrations (version, name) VALUES (${version}, ${name})`;
    }
  });
}
