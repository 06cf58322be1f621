import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorMessage, parseDurationMs, PlimsollError } from '../../base/index.ts';
import { loadErrors } from '../errors.ts';
import type { MetricDelta } from '../metrics/registry.ts';
import type { LoadOptions } from '../options/options.ts';
import type { LoadPlan, LoadProgress, LoadResult } from '../run/types.ts';
import type { SampleBatch } from './recorder.ts';

/** Where results go besides the summary: `--out`. Lives beside the run, outside the load processes. */
export interface Output {
  /** For the header: `json (results.json)`; empty for one that is not to be named. */
  readonly description: string;
  /** Called once, before the first sample. */
  begin?(start: OutputStart): void | Promise<void>;
  /** Samples as the load processes recorded them; only with a `recording`. */
  samples?(batch: SampleBatch): void;
  /** What one process counted since its last report. */
  report?(deltas: readonly MetricDelta[]): void;
  progress?(progress: LoadProgress): void;
  /** Nothing follows, so it must be whole now. */
  end?(result: LoadResult): void | Promise<void>;
  /** Releases what it holds, also after a run that failed. */
  close?(): void | Promise<void>;
}

export interface OutputStart {
  readonly script: string;
  readonly plan: LoadPlan;
  readonly options: LoadOptions;
  readonly systemTags: readonly string[];
  /** Wall clock. */
  readonly startedAtMs: number;
}

/** What outputs are made from. */
export interface OutputContext {
  /** Environment variables: `K6_CSV_TIME_FORMAT` … */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly warn: (message: string) => void;
}

export function badOutput(what: string, where?: string): PlimsollError {
  return new PlimsollError(loadErrors.PL_LOAD_USAGE, { what, where: where ?? '--out' });
}

/** That a file which is written at the end can be: better now than after the test. Throws PL_LOAD_USAGE. */
export function checkWritable(file: string, where?: string): void {
  const known = statSync(file, { throwIfNoEntry: false });
  try {
    if (known?.isDirectory()) throw new Error('it is a folder');
    accessSync(known ? file : dirname(file), constants.W_OK);
  } catch (cause) {
    throw badOutput(`${file} cannot be written: ${errorMessage(cause)}`, where);
  }
}

/** A span from an environment variable. */
export function envDurationMs(env: OutputContext['env'], name: string, fallbackMs: number): number {
  const text = env[name];
  if (text === undefined || text === '') return fallbackMs;
  const ms = /^\d+$/.test(text) ? Number(text) : parseDurationMs(text);
  if (ms === undefined || ms <= 0) throw badOutput(`a duration such as 5s is needed, got ${JSON.stringify(text)}`, name);
  return ms;
}

export function envFlag(env: OutputContext['env'], name: string): boolean {
  const text = env[name] ?? '';
  if (!/^(?:true|false|1|0|)$/i.test(text)) throw badOutput(`true or false is needed, got ${JSON.stringify(text)}`, name);
  return /^(?:true|1)$/i.test(text);
}

/** Settings that are known and not supported are refused. */
export function refuseSettings(env: OutputContext['env'], names: Readonly<Record<string, string>>): void {
  for (const [name, why] of Object.entries(names)) {
    const value = env[name];
    if (value !== undefined && value !== '' && value !== 'false') throw badOutput(`${name} is not supported: ${why}`, name);
  }
}
