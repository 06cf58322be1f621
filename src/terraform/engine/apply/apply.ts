import { isKnown, reveal } from '../../language/index.ts';
import { Diagnostics } from '../diagnostics.ts';
import type { Connect } from '../evaluation/providers.ts';
import { allModules, runChecks } from '../plan/checks.ts';
import { outputValue } from '../plan/outputs.ts';
import type { CheckResult, Plan } from '../plan/types.ts';
import type { State } from '../state/state.ts';
import { Applier } from './applier.ts';
import { orderOf } from './order.ts';
import { Saver } from './saver.ts';
import type { ApplyOptions, ApplyResult } from './types.ts';

/** Nothing new is begun once somebody asked to stop. */
class Cancelled extends Error {}

/**
 * Does what a plan says, as much at a time as dependencies allow. It rejects only for a fault of ours: what goes wrong is in
 * the result, next to a state that is true whatever happened.
 */
export async function applyPlan(plan: Plan, connect: Connect, options: ApplyOptions = {}): Promise<ApplyResult> {
  const { index, graph: blocks } = plan.configuration;
  const state = plan.refreshedState.copy();
  const found = new Diagnostics();
  const saver = new Saver(state, options.save);
  const save = (): Promise<void> => saver.save();
  const stop = new AbortController();
  options.signal?.addEventListener('abort', () => stop.abort(), { once: true });
  if (options.signal?.aborted === true) stop.abort();
  const applier = new Applier(plan, state, connect, options, async () => {
    try {
      await save();
    } catch (error) {
      stop.abort();
      throw error;
    }
  });
  renewDependencies(plan, state);
  const unfinished = new Set<string>();
  if (plan.mode !== 'refresh-only') {
    const { graph, jobs } = orderOf(plan.changes, blocks, state);
    for (const { change } of jobs.values()) unfinished.add(change.address.block);
    const left = new Map<string, number>();
    for (const { change } of jobs.values()) left.set(change.address.block, (left.get(change.address.block) ?? 0) + 1);
    const errors = await graph.walk(options.parallelism ?? 10, async (node) => {
      const job = jobs.get(node);
      if (job === undefined) return;
      if (stop.signal.aborted) throw new Cancelled();
      await applier.run(job);
      const { block } = job.change.address;
      left.set(block, (left.get(block) ?? 1) - 1);
      if (left.get(block) === 0) unfinished.delete(block);
    });
    for (const error of errors) if (!(error instanceof Cancelled)) found.fail(error);
  }
  settleOutputs(plan, applier, unfinished, found);
  const checks =
    plan.mode === 'destroy' || unfinished.size > 0
      ? plan.checks
      : [...plan.checks.filter(({ kind }) => kind !== 'check'), ...runAllChecks(applier, found)];
  await save().catch((error: unknown) => found.fail(error));
  applier.counts.imported = plan.changes.filter(({ importId }) => importId !== undefined).length;
  return { state, counts: applier.counts, diagnostics: index.locate(found.all), checks, cancelled: options.signal?.aborted === true };
}

/** What nothing is done to depends on what the configuration says now. */
function renewDependencies({ changes, configuration }: Plan, state: State): void {
  for (const { address, action, createBeforeDestroy } of changes) {
    const record = state.get(address);
    if (action !== 'no-op' || record?.current === undefined) continue;
    const dependencies = [...configuration.graph.all(address.block)].toSorted();
    state.set({ ...record, current: { ...record.current, dependencies, createBeforeDestroy } });
  }
}

/** Outputs of what was done; those that depend on what was not stay as they were. */
function settleOutputs(plan: Plan, { evaluator, state }: Applier, unfinished: ReadonlySet<string>, found: Diagnostics): void {
  const { graph } = plan.configuration;
  for (const { name, action, sensitive } of plan.outputs) {
    const declared = plan.configuration.root.outputs.get(name);
    if (action === 'delete' || declared === undefined) {
      if (unfinished.size === 0) state.outputs.delete(name);
      continue;
    }
    if ([...graph.all(`output.${name}`)].some((block) => unfinished.has(block))) continue;
    const value = found.attempt(() => outputValue(evaluator.root, declared));
    if (value === undefined || !isKnown(value)) continue;
    const open = reveal(value);
    if (open === null) state.outputs.delete(name);
    else state.outputs.set(name, { value: open, sensitive });
  }
}

function runAllChecks({ evaluator }: Applier, found: Diagnostics): CheckResult[] {
  return allModules(evaluator).flatMap((module) => runChecks(module, found));
}
