import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { checkQuotaSettings, type QuotaSettings } from '../../aws/index.ts';
import { errorMessage, PlimsollError } from '../../base/index.ts';
import { cliErrors } from '../errors.ts';

/**
 * Quotas to rehearse: `--quota rules-per-application-load-balancer=5`, and in plimsoll.yaml, overridden by the flags:
 *
 *     quotas:
 *       vcpus-on-demand: 8
 *
 * @throws PL_AWS_QUOTA, PL_CLI_CONFIG_INVALID
 */
export function readQuotas(flags: readonly string[], folder: string): QuotaSettings {
  const given = flags.map((flag): [string, unknown] => {
    const split = flag.indexOf('=');
    return split < 0 ? [flag, ''] : [flag.slice(0, split), flag.slice(split + 1)];
  });
  const settings = new Map([...fromConfig(join(folder, 'plimsoll.yaml')), ...given].map(([name, value]) => [name, numberOf(value)]));
  checkQuotaSettings(settings);
  return settings;
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : Number.NaN;
}

function fromConfig(file: string): [string, unknown][] {
  if (!existsSync(file)) return [];
  let config: unknown;
  try {
    config = parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new PlimsollError(cliErrors.PL_CLI_CONFIG_INVALID, { what: errorMessage(error), where: file });
  }
  const quotas = (config as { quotas?: unknown } | null)?.quotas ?? {};
  if (typeof quotas !== 'object' || Array.isArray(quotas))
    throw new PlimsollError(cliErrors.PL_CLI_CONFIG_INVALID, { what: 'quotas are a map from names to numbers', where: `${file}: quotas` });
  return Object.entries(quotas);
}
