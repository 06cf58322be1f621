import { chmodSync, mkdtempSync, readdirSync, rmdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorMessage, makeFolder, PlimsollError } from '../base/index.ts';
import { isProcessAlive, processIdentity } from '../compute/index.ts';
import { removeDataFolder } from '../region/index.ts';
import { stateErrors } from '../state/index.ts';

/** Makes the folder of --data where it is not there. @throws PL_STATE_UNUSABLE */
export function makeDataFolder(folder: string): void {
  try {
    if (makeFolder(folder)) chmodSync(folder, 0o711);
    // Others may pass through, not look: a PostgreSQL that runs as another user, because we are root, needs that.
    else if (process.getuid?.() === 0) chmodSync(folder, statSync(folder).mode | 0o001);
    // Rights alone do not say it: root has all, and yet cannot write everywhere.
    rmdirSync(mkdtempSync(join(folder, '.probe-')));
  } catch (error) {
    throw new PlimsollError(stateErrors.PL_STATE_UNUSABLE, {
      what: `the data folder cannot be used: ${errorMessage(error)}`,
      where: folder,
      fix: 'check its path and rights, or choose another with --data',
      cause: error,
    });
  }
}

/**
 * A folder for the data of one run, which removes it. It bears the name of this process, `plimsoll-up-<pid>-<start>-…`: so
 * that of a run that was killed together with all it had started is known, and removed by the next of its kind.
 */
export async function temporaryDataFolder(kind: 'up' | 'demo'): Promise<string> {
  const prefix = `plimsoll-${kind}-`;
  for (const name of readdirSync(tmpdir())) {
    const [, owner] = new RegExp(`^${prefix}(\\d+-\\d+)-\\w{6}$`).exec(name) ?? [];
    // Without rights to it, it is another user's, and left to them.
    if (owner !== undefined && !isProcessAlive(owner)) await removeDataFolder(join(tmpdir(), name)).catch(() => undefined);
  }
  const folder = mkdtempSync(join(tmpdir(), `${prefix}${processIdentity(process.pid) ?? process.pid}-`));
  makeDataFolder(folder);
  return folder;
}
