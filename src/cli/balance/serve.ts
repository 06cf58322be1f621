import { watchFile, unwatchFile } from 'node:fs';
import { countOf, createLogger, ExitCode, type Logger, PlimsollError } from '../../base/index.ts';
import { cliErrors } from '../errors.ts';
import { interruptible } from '../signals.ts';
import { startAdmin } from './admin.ts';
import type { BalanceOptions } from './command.ts';
import { readBalanceConfig } from './read.ts';
import { BalanceServer } from './server.ts';

/** How often the file is looked at: a poll sees a change on every file system and through a replaced file. */
const watchEveryMs = 500;

/** Says whether the configuration is right; throws where it is not. */
export function check(file: string): number {
  const { listeners, targetGroups } = readBalanceConfig(file);
  const groups = Object.values(targetGroups);
  const targets = groups.reduce((sum, group) => sum + group.targets.length, 0);
  const counts = [countOf(listeners.length, 'listener'), countOf(groups.length, 'target group'), countOf(targets, 'target')];
  process.stdout.write(`${file}: ok (${counts.join(', ')})\n`);
  return ExitCode.ok;
}

/** Runs until Ctrl-C or SIGTERM and gives the exit code. */
export async function balance(file: string, options: BalanceOptions): Promise<number> {
  const config = readBalanceConfig(file);
  const log = createLogger('plimsoll balance', 'info');
  const { signal, dispose } = interruptible(['SIGINT', 'SIGTERM']);
  const server = new BalanceServer(file, config, options.workers ?? config.workers ?? 1, log);
  const reload = (): void => void reloadFrom(file, server, log);
  try {
    const failed = await server.apply(config);
    if (failed[0]) {
      throw new PlimsollError(cliErrors.PL_CLI_LISTENER, {
        what: `cannot listen: ${failed[0].message}`,
        where: failed[0].id,
        fix: 'free that port or choose another',
      });
    }
    const { admin } = config;
    const adminServer = admin ? await startAdmin(server, admin.bind ?? '127.0.0.1', admin.port) : undefined;
    process.on('SIGHUP', reload);
    watchFile(file, { interval: watchEveryMs }, (now, before) => {
      if (now.mtimeMs !== before.mtimeMs || now.size !== before.size) reload();
    });
    for (const listener of server.status().listeners) log.info(`listening on ${listener.url}`);
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    log.info('draining');
    adminServer?.close();
    adminServer?.closeAllConnections();
    return ExitCode.ok;
  } finally {
    unwatchFile(file);
    process.off('SIGHUP', reload);
    await server.stop();
    dispose();
  }
}

async function reloadFrom(file: string, server: BalanceServer, log: Logger): Promise<void> {
  try {
    const config = readBalanceConfig(file);
    for (const key of ['workers', 'admin'] as const) {
      if (JSON.stringify(config[key]) !== JSON.stringify(server.config[key]))
        log.warn(`${key} has changed; it takes effect at the next start`);
    }
    const failed = await server.apply(config);
    if (failed.length === 0) log.info('configuration reloaded');
  } catch (error) {
    if (!(error instanceof PlimsollError)) throw error;
    for (const line of error.message.split('\n')) log.error(`configuration not reloaded: ${line}`);
  }
}
