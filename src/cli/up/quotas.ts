import { checkQuotaSettings, type QuotaSettings } from '../../aws/index.ts';
import { PlimsollError } from '../../base/index.ts';
import { cliErrors } from '../errors.ts';
import { readSettings, type Settings } from './settings.ts';

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
  const settings = new Map([...fromSettings(readSettings(folder)), ...given].map(([name, value]) => [name, numberOf(value)]));
  checkQuotaSettings(settings);
  return settings;
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : Number.NaN;
}

function fromSettings({ file, quotas = {} }: Settings): [string, unknown][] {
  if (typeof quotas !== 'object' || quotas === null || Array.isArray(quotas))
    throw new PlimsollError(cliErrors.PL_CLI_CONFIG_INVALID, { what: 'quotas are a map from names to numbers', where: `${file}: quotas` });
  return Object.entries(quotas);
}
