import { resolve } from 'node:path';
import { errorMessage, ExitCode, monotonicMs, systemClock, type Timer } from '../../base/index.ts';
import {
  applyPlan,
  DiagnosticsError,
  loadConfiguration,
  parseAddress,
  parseTarget,
  planChanges,
  replaceFile,
  StateFile,
  stateToText,
  UnfinishedPlanError,
  type ApplyHooks,
  type Configuration,
  type Connect,
  type InstanceAddress,
  type Plan,
  type PlanHooks,
  type PlanOptions,
  type ResourceChange,
  type State,
  type Step,
  type Target,
  type View,
} from '../../terraform/index.ts';
import { interruptible, type Interruption } from '../signals.ts';
import { whereaboutsAt } from '../status/whereabouts.ts';
import type { RegionFlags } from './command.ts';
import { readSavedPlan, refuseNewScope, refuseOtherPlan, refuseOtherState, savePlan, type SavedPlan } from './savedPlan.ts';
import { approved, configurationOf, connectTo, holdState, nobodyToAsk, paintFor, reporting, stateFileOf, viewFor } from './session.ts';

/** How often something that takes its time is mentioned. */
const reminderMs = 10_000;
/** Of `--detailed-exitcode`. */
const somethingToDo = 2;

/** What a plan is made of, and the lock under which it is. */
interface Work {
  readonly file: StateFile;
  readonly state: State;
  readonly view: View;
  readonly interruption: Interruption;
  plan(): Promise<Plan>;
  readonly connect: Connect;
}

export function plan(folder: string, flags: RegionFlags): Promise<number> {
  const configuration = (): Promise<Configuration> => configurationOf(folder, flags);
  return working(folder, flags, 'OperationTypePlan', configuration, async (work) => {
    const made = await work.plan();
    const { out } = flags;
    if (out !== undefined) await savePlan(out, made, folder, flags);
    work.view.planned(made, out === undefined ? 'look' : { file: out });
    return flags.detailedExitcode === true && made.hasChanges ? somethingToDo : ExitCode.ok;
  });
}

/** `target` is a folder, or the file of a plan. */
export async function apply(target: string, flags: RegionFlags): Promise<number> {
  const saved = await readSavedPlan(target);
  if (saved !== undefined) return applySaved(saved, flags);
  const configuration = (): Promise<Configuration> => configurationOf(target, flags);
  return working(target, flags, 'OperationTypeApply', configuration, async (work) => {
    const { view, interruption } = work;
    const made = await work.plan();
    view.planned(made, 'apply');
    if (made.hasChanges && flags.autoApprove !== true && !(await approvedBy(made, flags, interruption))) {
      process.stdout.write(`\n${made.mode === 'destroy' ? 'Destroy' : 'Apply'} cancelled.\n`);
      return interruption.signal.aborted ? interruption.exitCode() : ExitCode.failed;
    }
    return carryOut(made, work, flags);
  });
}

/** What it does was looked at before: nobody is asked. */
function applySaved(saved: SavedPlan, given: RegionFlags): Promise<number> {
  const flags: RegionFlags = { ...given, ...saved.scope, state: saved.stateFile };
  const configuration = (): Promise<Configuration> => {
    refuseNewScope(given);
    return loadConfiguration(saved.folder, { variables: { settled: saved.variables }, nowMs: saved.nowMs });
  };
  return working(saved.folder, flags, 'OperationTypeApply', configuration, async (work) => {
    refuseOtherState(saved, work.state);
    const made = await work.plan();
    refuseOtherPlan(saved, made);
    return carryOut(made, work, flags);
  });
}

/** Ends with the state written, whatever happens on the way. */
async function carryOut(made: Plan, { file, view, interruption, connect }: Work, flags: RegionFlags): Promise<number> {
  let unsaved: State | undefined;
  const save = async (state: State): Promise<void> => {
    unsaved = state;
    await file.write(state);
    unsaved = undefined;
  };
  try {
    const hooks = applyHooks(view);
    const result = await applyPlan(made, connect, { hooks, save, signal: interruption.signal, parallelism: flags.parallelism });
    view.applied(result, made);
    if (interruption.signal.aborted) return interruption.exitCode();
    return result.diagnostics.some(({ severity }) => severity === 'error') ? ExitCode.failed : ExitCode.ok;
  } finally {
    if (unsaved !== undefined) await rescue(unsaved, file);
  }
}

/** The state could not be written: what was made would be forgotten. Anywhere else is better than nowhere. */
async function rescue(state: State, file: StateFile): Promise<void> {
  try {
    await file.write(state);
    return;
  } catch {
    // Told already; on to the next place.
  }
  const other = resolve('errored.tfstate');
  try {
    await replaceFile(other, stateToText(state));
    process.stderr.write(`\nThe state was written to ${other} instead. Move it to ${file.file} before the next apply.\n`);
  } catch (error) {
    process.stderr.write(
      `\nThe state cannot be written to ${other} either: ${errorMessage(error)}. This is it; keep it:\n${stateToText(state)}`,
    );
  }
}

/** Asks the region, reads files and state under the state's lock, and ends in order on Ctrl-C. */
function working(
  folder: string,
  flags: RegionFlags,
  operation: string,
  load: () => Promise<Configuration>,
  work: (work: Work) => Promise<number>,
): Promise<number> {
  return reporting({ color: flags.color, lines: flags.json === true }, async () => {
    const interruption = interruptible();
    try {
      const configuration = await load();
      await whereaboutsAt(flags.endpoint);
      const view = viewFor(flags);
      const stateFile = stateFileOf(folder, flags.state);
      const lock = await holdState(stateFile, operation, flags);
      try {
        if (lock?.takenFrom !== undefined) view.tookLock(lock.takenFrom);
        const file = new StateFile(stateFile);
        const state = await file.read();
        // Calls in flight are finished: only a second Ctrl-C leaves them.
        const connect = connectTo(flags.endpoint, new AbortController().signal);
        const options: PlanOptions = { ...optionsOf(flags), hooks: planHooks(view), signal: interruption.signal };
        return await work({ file, state, view, interruption, plan: () => planned(configuration, state, connect, options, view), connect });
      } finally {
        await lock?.release();
      }
    } catch (error) {
      if (interruption.signal.aborted && !(error instanceof DiagnosticsError)) return interruption.exitCode();
      throw error;
    } finally {
      interruption.dispose();
    }
  });
}

async function planned(configuration: Configuration, state: State, connect: Connect, options: PlanOptions, view: View): Promise<Plan> {
  try {
    return await planChanges(configuration, state, connect, options);
  } catch (error) {
    if (error instanceof UnfinishedPlanError) view.unfinished(error.plan);
    throw error;
  }
}

function optionsOf(flags: RegionFlags): PlanOptions {
  return {
    mode: flags.destroy === true ? 'destroy' : flags.refreshOnly === true ? 'refresh-only' : 'normal',
    targets: flags.target.map(targetOf),
    replace: flags.replace.map(addressOf),
    refresh: flags.refresh,
    parallelism: flags.parallelism,
  };
}

function targetOf(text: string): Target {
  return parseTarget(text) ?? refuse('Invalid target', `${JSON.stringify(text)} is no address of a resource or module.`);
}

function addressOf(text: string): InstanceAddress {
  return parseAddress(text) ?? refuse('Invalid address', `${JSON.stringify(text)} is no address of a resource.`);
}

function refuse(summary: string, detail: string): never {
  throw new DiagnosticsError([{ severity: 'error', summary, detail }]);
}

const planHooks = (view: View): PlanHooks => ({
  refreshing: (address, id) => view.refreshing(address, id),
  reading: (address) => view.reading(address),
  read: (address, id) => view.read(address, id),
});

/** Times each step, and tells of those that take long. */
function applyHooks(view: View): ApplyHooks {
  const running = new Map<string, { readonly startMs: number; readonly timer: Timer }>();
  const keyOf = ({ address, deposed }: ResourceChange, step: Step): string => `${address.toString()} ${deposed ?? ''} ${step}`;
  const stop = (change: ResourceChange, step: Step): number => {
    const found = running.get(keyOf(change, step));
    running.delete(keyOf(change, step));
    found?.timer.cancel();
    return found === undefined ? 0 : monotonicMs() - found.startMs;
  };
  return {
    started(change, step, id) {
      const startMs = monotonicMs();
      const timer = systemClock.every(reminderMs, () => view.stillRunning(change, step, id, monotonicMs() - startMs));
      running.set(keyOf(change, step), { startMs, timer });
      view.started(change, step, id);
    },
    finished: (change, step, id) => view.finished(change, step, id, stop(change, step)),
    provisioning: (change) => view.provisioning(change),
    provisioned: (change, line) => view.provisioned(change, line),
    failed: (change, step, error) => view.failed(change, step, error, stop(change, step)),
  };
}

function approvedBy({ mode }: Plan, flags: RegionFlags, { signal }: Interruption): Promise<boolean> {
  if (!flags.input) throw nobodyToAsk('--no-input');
  const look = paintFor(flags, process.stdout);
  const only = "Only 'yes' will be accepted to approve.";
  if (mode === 'destroy')
    return approved(
      'Do you really want to destroy all resources?',
      [
        'Plimsoll will destroy all your managed infrastructure, as shown above.',
        "There is no undo. Only 'yes' will be accepted to confirm.",
      ],
      look,
      signal,
    );
  if (mode === 'refresh-only')
    return approved(
      'Would you like to update the state to reflect these detected changes?',
      ['Plimsoll will write these changes to the state without modifying any real infrastructure.', only],
      look,
      signal,
    );
  return approved('Do you want to perform these actions?', ['Plimsoll will perform the actions described above.', only], look, signal);
}
