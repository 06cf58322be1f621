/** TaskOverflow as a process: reads the environment, waits for the database, serves until SIGTERM or SIGINT. README.md tells more. */
import { writeSync } from 'node:fs';
import { createApp } from './app.ts';
import { type Config, ConfigError, readConfig } from './config.ts';
import { Database } from './database.ts';
import { createLog } from './logging.ts';
import { DatabaseNotReady, prepareDatabase } from './startup.ts';

/** Part of the contract, see README.md. */
const exitCodes = { stopped: 0, fault: 1, badEnvironment: 2, databaseNotReady: 3, addressNotUsable: 4 } as const;

/** Together with one statement's time-out less than the 30 s that ECS leaves a task between SIGTERM and SIGKILL. */
const stopGraceMs = 20_000;

function fail(exitCode: number, message: string): never {
  writeSync(2, `taskoverflow: ${message.replaceAll(/\s*\n\s*/g, ' ')}\n`);
  process.exit(exitCode);
}

function configOrFail(): Config {
  try {
    return readConfig(process.env);
  } catch (error) {
    if (error instanceof ConfigError) fail(exitCodes.badEnvironment, error.message);
    throw error;
  }
}

const config = configOrFail();
// The database driver falls back to libpq's variables for whatever an address leaves out; this service's environment is its own.
for (const name of Object.keys(process.env)) if (name.startsWith('PG')) delete process.env[name];

const log = createLog(config.logLevel);
// Until it listens there is nothing to finish; a migration that is cut off is rolled back by the server.
let stop = (_signal: string): void => process.exit(exitCodes.stopped);
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => stop(signal));

try {
  await prepareDatabase(config.database, { log });
} catch (error) {
  if (error instanceof DatabaseNotReady) fail(exitCodes.databaseNotReady, error.message);
  throw error;
}

const database = new Database(config.database, config);
const app = createApp(database, log);
try {
  const address = await app.http.listen({ host: config.host, port: config.port });
  log.info({ address }, 'listening');
} catch (error) {
  fail(exitCodes.addressNotUsable, `cannot listen on ${config.host} port ${config.port}: ${(error as Error).message}`);
}
let stopping: Promise<void> | undefined;
stop = (signal) => void (stopping ??= finish(signal));

async function finish(signal: string): Promise<void> {
  log.info({ signal }, 'stopping');
  await app.stop(stopGraceMs);
  await database.close();
  log.info('stopped');
  process.exit(exitCodes.stopped);
}
