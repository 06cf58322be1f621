import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { errorMessage, PlimsollError } from '../../base/index.ts';
import { cliErrors } from '../errors.ts';

export interface Settings {
  /** Where they stand: plimsoll.yaml of the folder that a command is started in. */
  readonly file: string;
  readonly images?: unknown;
  readonly quotas?: unknown;
}

/** The settings of a folder; none where the file is not there. @throws PL_CLI_CONFIG_INVALID */
export function readSettings(folder: string): Settings {
  const file = join(folder, 'plimsoll.yaml');
  if (!existsSync(file)) return { file };
  const settings = parsed(file) ?? {};
  if (typeof settings !== 'object' || Array.isArray(settings)) throw invalid(file, 'it is no map of settings such as images and quotas');
  return { ...settings, file };
}

function parsed(file: string): unknown {
  try {
    return parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw invalid(file, errorMessage(error));
  }
}

function invalid(file: string, what: string): PlimsollError {
  return new PlimsollError(cliErrors.PL_CLI_CONFIG_INVALID, {
    what,
    where: file,
    fix: 'docs/compute.md shows one; or start in another folder',
  });
}
