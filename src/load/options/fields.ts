import { PlimsollError } from '../../base/index.ts';
import { loadErrors } from '../errors.ts';
import { durationMs } from './durations.ts';

/** Reads one value of an options object and says clearly what is wrong with it. */

export function invalid(what: string, where?: string): PlimsollError {
  return new PlimsollError(loadErrors.PL_LOAD_OPTIONS_INVALID, where === undefined ? { what } : { what, where });
}

export function asRecord(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(`${name} must be an object`);
  return value as Record<string, unknown>;
}

export function asInteger(value: unknown, name: string, min = 0): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isInteger(number))
    throw invalid(`${name} must be a whole number, got ${JSON.stringify(value)}`);
  if (number < min) throw invalid(`${name} must be ${min === 0 ? 'zero or more' : `at least ${min}`}, got ${number}`);
  return number;
}

/** Milliseconds of `"1m30s"`, `"500ms"` or a number of milliseconds. */
export function asDurationMs(value: unknown, name: string): number {
  const ms = typeof value === 'string' ? durationMs(value.trim(), 'ms') : typeof value === 'number' ? value : undefined;
  if (ms === undefined || Number.isNaN(ms))
    throw invalid(`${name} must be a duration such as "30s" or "1m30s", got ${JSON.stringify(value)}`);
  if (ms < 0) throw invalid(`${name} must not be negative, got ${JSON.stringify(value)}`);
  return ms;
}

/** The same where no time at all makes no sense. */
export function asPositiveDurationMs(value: unknown, name: string): number {
  const ms = asDurationMs(value, name);
  if (ms === 0) throw invalid(`${name} must be longer than zero`);
  return ms;
}

export function asString(value: unknown, name: string): string {
  if (typeof value !== 'string') throw invalid(`${name} must be a string, got ${JSON.stringify(value)}`);
  return value;
}

export function asBoolean(value: unknown, name: string): boolean {
  if (value === 'true' || value === true) return true;
  if (value === 'false' || value === false) return false;
  throw invalid(`${name} must be true or false, got ${JSON.stringify(value)}`);
}

export function asStringMap(value: unknown, name: string): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [key, text] of Object.entries(asRecord(value, name))) out[key] = String(text);
  return out;
}

export interface Stage {
  readonly durationMs: number;
  readonly target: number;
}

export function asStages(value: unknown, name: string): Stage[] {
  if (!Array.isArray(value)) throw invalid(`${name} must be a list of { duration, target }`);
  return value.map((item: unknown, i) => {
    const stage = asRecord(item, `${name}[${i}]`);
    return {
      durationMs: asDurationMs(stage['duration'], `${name}[${i}].duration`),
      target: asInteger(stage['target'], `${name}[${i}].target`),
    };
  });
}
