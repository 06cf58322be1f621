import { accessSync, chmodSync, constants, mkdirSync } from 'node:fs';
import { errorMessage, PlimsollError } from '../base/index.ts';
import { stateErrors } from '../state/index.ts';

/** Makes the folder of --data where it is not there. @throws PL_STATE_UNUSABLE */
export function makeDataFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    // Others may pass through, not look: a PostgreSQL that runs as another user, because we are root, needs that.
    chmodSync(folder, 0o711);
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw new PlimsollError(stateErrors.PL_STATE_UNUSABLE, {
      what: `the data folder cannot be used: ${errorMessage(error)}`,
      where: folder,
      fix: 'check its path and rights, or choose another with --data',
      cause: error,
    });
  }
}
