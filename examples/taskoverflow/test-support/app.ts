/** The service inside the test's own process, on a database of its own. */
import { pino } from 'pino';
import { type App, createApp } from '../app.ts';
import { readConfig } from '../config.ts';
import { Database, type DatabaseOptions } from '../database.ts';
import { prepareDatabase } from '../startup.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly text: string;
  /** The body as JSON. */
  readonly json: unknown;
}

export interface TestApp extends App {
  readonly database: Database;
  /** A request with a JSON body, if one is given, and without a network. The path is below `/api/v1`. */
  call(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<Answer>;
  close(): Promise<void>;
}

export const silentLog = pino({ level: 'silent' });

export async function startApp(databaseUrl: string, options: Partial<DatabaseOptions> = {}): Promise<TestApp> {
  const config = readConfig({ DATABASE_URL: databaseUrl });
  await prepareDatabase(config.database, { log: silentLog, waitMs: 10_000 });
  const database = new Database(config.database, { ...config, ...options });
  const app = createApp(database, silentLog);
  return {
    ...app,
    database,
    async call(method, path, body) {
      const answer = await app.http.inject({
        method,
        url: `/api/v1${path}`,
        ...(body !== undefined && { headers: { 'content-type': 'application/json' }, payload: JSON.stringify(body) }),
      });
      return { status: answer.statusCode, headers: answer.headers, text: answer.payload, json: answer.json() };
    },
    async close() {
      await app.stop(1000);
      await database.close();
    },
  };
}
