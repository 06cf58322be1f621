/** Waits for the database and prepares it; nothing listens before this is done. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { DatabaseAddress } from './config.ts';
import { connect, isTransient, within } from './database.ts';
import { migrate } from './migrations.ts';

/** The database cannot be used; the message is one line for the operator. */
export class DatabaseNotReady extends Error {
  override readonly name = 'DatabaseNotReady';
}

export interface PrepareOptions {
  readonly log: Logger;
  /** How long to try in all. */
  readonly waitMs?: number;
}

const firstDelayMs = 100;
const delayMaxMs = 2000;

/**
 * Connects and migrates, again and again with growing pauses while the database is not there yet.
 *
 * @throws {DatabaseNotReady} after `waitMs`, and at once for what waiting does not mend: wrong credentials, no such database,
 *   missing rights.
 */
export async function prepareDatabase(address: DatabaseAddress, { log, waitMs = 60_000 }: PrepareOptions): Promise<void> {
  const where = `${address.host}:${address.port}/${address.database}`;
  const deadlineMs = performance.now() + waitMs;
  for (let delayMs = firstDelayMs; ; delayMs = Math.min(delayMs * 2, delayMaxMs)) {
    const error = await attempt(address, deadlineMs - performance.now());
    if (error === undefined) return;
    const reason = messageOf(error);
    if (!isTransient(error)) throw new DatabaseNotReady(`the database ${where} cannot be used: ${reason}`, { cause: error });
    // Half of each pause is chance, so that instances that start together do not knock together.
    const pauseMs = delayMs * (0.5 + Math.random() / 2);
    if (performance.now() + pauseMs >= deadlineMs) {
      throw new DatabaseNotReady(`the database ${where} was not reachable within ${waitMs / 1000} s: ${reason}`, { cause: error });
    }
    log.warn({ database: where, reason, nextTryMs: Math.round(pauseMs) }, 'waiting for the database');
    await sleep(pauseMs);
  }
}

async function attempt(address: DatabaseAddress, timeoutMs: number): Promise<unknown> {
  const sql = connect(address, { connectionsMax: 1, statementTimeoutMs: Math.ceil(timeoutMs) });
  try {
    await within(timeoutMs, migrate(sql), () => Object.assign(new Error('it does not answer'), { code: 'ETIMEDOUT' }));
    return undefined;
  } catch (error) {
    return error;
  } finally {
    await sql.end({ timeout: 0 });
  }
}

/** Node reports a name with several addresses as an AggregateError, whose own message is empty. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(messageOf).join(', ');
  return error instanceof Error ? error.message : String(error);
}
