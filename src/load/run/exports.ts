import { PlimsollError } from '../../base/index.ts';
import { loadErrors } from '../errors.ts';
import { invalid } from '../options/fields.ts';
import { resolveOptions, type RawOptions, type ResolvedOptions } from '../options/options.ts';
import type { SummaryOutputs } from './messages.ts';

/** What a script exports and returns, looked at before it is used. */

/** Its `options`, as JSON has them. Throws PL_LOAD_OPTIONS_INVALID. */
export function ownOptions(exported: unknown, script: string): RawOptions {
  if (exported === undefined || exported === null) return {};
  if (typeof exported !== 'object' || Array.isArray(exported)) throw invalid('options must be an object', script);
  return JSON.parse(JSON.stringify(exported)) as RawOptions;
}

/** What is wrong with the script's own options is told with the script's name. */
export function resolveIn(script: string, own: RawOptions, merged: RawOptions): ResolvedOptions {
  try {
    return resolveOptions(merged);
  } catch (error) {
    if (!(error instanceof PlimsollError)) throw error;
    try {
      resolveOptions(own);
    } catch {
      throw new PlimsollError(loadErrors.PL_LOAD_OPTIONS_INVALID, { what: error.message, where: script, cause: error });
    }
    throw error;
  }
}

/** @throws PL_LOAD_SCRIPT_MISSING for what is no test at all. */
export function checkExports(exports: Readonly<Record<string, unknown>>, script: string): void {
  const noTest = (what: string): PlimsollError => new PlimsollError(loadErrors.PL_LOAD_SCRIPT_MISSING, { what, where: script });
  for (const name of ['setup', 'teardown'])
    if (exports[name] !== undefined && exports[name] !== null && typeof exports[name] !== 'function')
      throw noTest(`the exported ${name} must be a function`);
  if (!Object.values(exports).some((value) => typeof value === 'function'))
    throw noTest('no exported functions in script: the default function is missing');
}

/** handleSummary() returned nothing that can be written; as in k6 nothing is shown then. */
export class BadSummary extends Error {}

/** What handleSummary() returned, if anything. Throws BadSummary. */
export function summaryOutputs(result: unknown): SummaryOutputs | undefined {
  if (result === undefined || result === null) return undefined;
  if (typeof result !== 'object' || Array.isArray(result)) throw new BadSummary('it should return an object of names and texts');
  const outputs: SummaryOutputs = {};
  for (const [name, content] of Object.entries(result)) {
    if (typeof content === 'string') outputs[name] = content;
    else if (content instanceof ArrayBuffer) outputs[name] = new Uint8Array(content);
    else throw new BadSummary(`"${name}" must be a string or an ArrayBuffer, got ${JSON.stringify(content) ?? String(content)}`);
  }
  return outputs;
}
