import { existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { errorMessage, PlimsollError } from '../../base/index.ts';
import {
  DiagnosticsError,
  paint,
  planToJson,
  renderPlan,
  replaceFile,
  valueToJson,
  type JsonObject,
  type Plan,
  type State,
} from '../../terraform/index.ts';
import { cliErrors } from '../errors.ts';
import type { RegionFlags } from './command.ts';
import { stateFileOf } from './session.ts';

const format = 'plimsoll plan 1';

/** The flags that say what a plan is about. */
type Scope = Pick<RegionFlags, 'endpoint' | 'target' | 'replace' | 'refresh' | 'refreshOnly' | 'destroy'>;

/**
 * A plan in a file: what it was made of, so that it can be made once more, and what it came to. Applying it makes it again, and
 * refuses when something else comes out: what is done is what was shown.
 */
export interface SavedPlan {
  readonly format: typeof format;
  readonly folder: string;
  readonly stateFile: string;
  /** Which state it goes on from; without a lineage it was none. */
  readonly lineage?: string;
  readonly serial: number;
  readonly scope: Scope;
  /** As settled from all files, flags and the environment. Sensitive ones as they are: the file is its owner's alone. */
  readonly variables: JsonObject;
  readonly nowMs: number;
  /** As `plan` printed it. */
  readonly text: string;
  /** In the form of `terraform show -json`. */
  readonly plan: JsonObject;
}

/** @throws PL_CLI_OUTPUT */
export async function savePlan(file: string, made: Plan, folder: string, flags: RegionFlags): Promise<void> {
  const { lineage, serial } = made.priorState;
  const { endpoint, target, replace, refresh, refreshOnly, destroy } = flags;
  const saved: SavedPlan = {
    format,
    folder: resolve(folder),
    stateFile: resolve(stateFileOf(folder, flags.state)),
    ...(serial > 0 && { lineage }),
    serial,
    scope: { endpoint, target, replace, refresh, ...(refreshOnly && { refreshOnly }), ...(destroy && { destroy }) },
    variables: Object.fromEntries([...made.configuration.variables].map(([name, value]) => [name, valueToJson(value)])),
    nowMs: made.configuration.nowMs,
    text: renderPlan(made, paint(false)),
    plan: planToJson(made),
  };
  try {
    await replaceFile(resolve(file), JSON.stringify(saved));
  } catch (error) {
    throw new PlimsollError(cliErrors.PL_CLI_OUTPUT, {
      what: `the plan cannot be written: ${errorMessage(error)}`,
      where: file,
      cause: error,
    });
  }
}

/** The plan in a file; undefined when `path` is no file. @throws PL_CLI_PLAN_FILE when it is no plan of ours */
export async function readSavedPlan(path: string): Promise<SavedPlan | undefined> {
  if (!existsSync(path) || !statSync(path).isFile()) return undefined;
  const saved = planFrom(await readFile(path, 'utf8'));
  if (saved !== undefined) return saved;
  throw new PlimsollError(cliErrors.PL_CLI_PLAN_FILE, {
    what: 'this is no plan of plimsoll plan --out',
    where: path,
    fix: 'name a folder of Terraform files, or make a plan with --out',
  });
}

function planFrom(text: string): SavedPlan | undefined {
  try {
    const saved = JSON.parse(text) as Partial<SavedPlan> | null;
    return saved?.format === format ? (saved as SavedPlan) : undefined;
  } catch {
    return undefined;
  }
}

/** Flags that a saved plan has settled already. @throws DiagnosticsError */
export function refuseNewScope({ variables, target, replace, destroy, refreshOnly, state }: RegionFlags): void {
  if (variables.length > 0)
    throw refusal(
      "Can't set variables when applying a saved plan",
      'The --var and --var-file options cannot be used when applying a saved plan file, because a saved plan includes the variable values that were set when it was created.',
    );
  if (target.length + replace.length > 0 || destroy === true || refreshOnly === true || state !== undefined)
    throw refusal(
      "Can't change a saved plan",
      'The options --target, --replace, --destroy, --refresh-only and --state say what a plan is about: they were settled when this one was created.',
    );
}

/** @throws DiagnosticsError when the state is another than the plan was made of */
export function refuseOtherState({ lineage, serial }: SavedPlan, state: State): void {
  if (state.serial === serial && (lineage === undefined || lineage === state.lineage)) return;
  throw stale('the state was changed by another operation after the plan was created');
}

/** @throws DiagnosticsError when planning once more came to something else */
export function refuseOtherPlan(saved: SavedPlan, made: Plan): void {
  const again = planToJson(made);
  const same = (part: string): boolean => JSON.stringify(saved.plan[part]) === JSON.stringify(again[part]);
  if (same('resource_changes') && same('output_changes')) return;
  throw stale(
    'the files, or what there is in the region, were changed after the plan was created, so that other actions would be taken now',
  );
}

const stale = (why: string): DiagnosticsError =>
  refusal('Saved plan is stale', `The given plan file can no longer be applied because ${why}.`);

const refusal = (summary: string, detail: string): DiagnosticsError => new DiagnosticsError([{ severity: 'error', summary, detail }]);
