import type { Configuration, ResourceDeclaration } from '../configuration/types.ts';
import { compareAddresses, moduleText, type InstanceAddress } from '../address.ts';
import { record, unknown } from '../../language/index.ts';
import { diagnosticsOf, DiagnosticsError, problem, type Diagnostic } from '../diagnostics.ts';
import type { Connect } from '../evaluation/providers.ts';
import { Graph } from '../graph.ts';
import type { State } from '../state/state.ts';
import { allModules, evaluateRest, runChecks, validateVariables } from './checks.ts';
import { planData } from './data.ts';
import { planManaged } from './managed.ts';
import { planOrphans } from './orphans.ts';
import { checkPreconditions, deletedOutputs, planOutputs } from './outputs.ts';
import { Planner } from './planner.ts';
import type { Declared } from './scope.ts';
import { UnfinishedPlanError, type OutputChange, type Plan, type PlanOptions, type ResourceChange } from './types.ts';

/**
 * Compares a configuration with what its state says there is, and with what there is: nothing is changed, neither in the
 * world nor in `state`. Each block is planned once all blocks that it depends on are.
 * @throws UnfinishedPlanError with all that is wrong
 */
export async function planChanges(configuration: Configuration, state: State, connect: Connect, options: PlanOptions = {}): Promise<Plan> {
  const planning = new Planning(configuration, state, connect, options);
  try {
    return await planning.run();
  } catch (error) {
    if (!(error instanceof DiagnosticsError)) throw error;
    throw new UnfinishedPlanError(configuration.index.locate(error.diagnostics), planning.result([]), error.cause);
  }
}

class Planning {
  readonly #planner: Planner;
  readonly #prior: State;
  /** Instances that the configuration asks for. */
  readonly #wanted = new Set<string>();

  constructor(configuration: Configuration, state: State, connect: Connect, options: PlanOptions) {
    this.#prior = state;
    this.#planner = new Planner(configuration, state, connect, options);
  }

  async run(): Promise<Plan> {
    const planner = this.#planner;
    const destroy = planner.options.mode === 'destroy';
    planner.found.add(...planner.configuration.warnings);
    warnOfTargets(planner);
    if (!destroy) {
      validateVariables(planner.evaluator.root, planner.found, true);
      planner.found.throwIfFailed();
      await this.#planBlocks();
    }
    await planOrphans(planner, this.#wanted);
    planner.found.throwIfFailed();
    const outputs = destroy ? (planner.selection.isAll ? deletedOutputs(this.#prior) : []) : planOutputs(planner);
    if (!destroy && planner.selection.isAll) this.#checkWhole();
    planner.found.throwIfFailed();
    return this.result(outputs);
  }

  async #planBlocks(): Promise<void> {
    const { declared, selection, configuration } = this.#planner;
    const graph = new Graph();
    for (const block of declared.keys()) {
      if (!selection.hasBlock(block)) continue;
      graph.add(block);
      for (const dependency of configuration.graph.nearest(block)) graph.connect(block, dependency);
    }
    const errors = await graph.walk(Infinity, async (block) => this.#planBlock(declared.get(block) as Declared));
    for (const error of errors) this.#planner.fail(error);
  }

  /** All instances of a block in all instances of its module, at once. An error of one keeps what depends on the block from being planned. */
  async #planBlock({ block, module, resource }: Declared): Promise<void> {
    const planner = this.#planner;
    const modules = planner.evaluator.modules(module.path);
    const errors: unknown[] = [];
    const jobs = modules.flatMap((at) =>
      at.instances(resource).map(async (instance) => {
        const address = at.address(resource, instance.key);
        this.#wanted.add(address.toString());
        if (!planner.selection.has(address)) return;
        try {
          await (resource.mode === 'data' ? planData(planner, at, resource, instance) : planManaged(planner, at, resource, instance));
        } catch (error) {
          if (resource.check !== undefined) return this.#failScoped(address, resource, error);
          errors.push(new DiagnosticsError(diagnosticsOf(error, { address: address.toString(), range: resource.body.range }), error));
        }
      }),
    );
    await Promise.all(jobs);
    if (errors.length === 0) return;
    for (const error of errors) planner.fail(error);
    throw new DiagnosticsError(
      planner.found.all.filter(({ severity }) => severity === 'error'),
      block,
    );
  }

  /** The data source of a `check` block holds nothing up: what goes wrong is a warning, and its values are not known. */
  #failScoped(address: InstanceAddress, { body, schema }: ResourceDeclaration, error: unknown): void {
    const all = diagnosticsOf(error, { address: address.toString(), range: body.range });
    this.#planner.found.add(...all.map((item) => ({ ...item, severity: 'warning' as const })));
    this.#planner.setValue(address, record(Object.keys(schema).map((name) => [name, unknown])));
  }

  /** What belongs to no resource: validations, checks, values that nothing uses. */
  #checkWhole(): void {
    const planner = this.#planner;
    for (const module of allModules(planner.evaluator)) {
      evaluateRest(module, planner.found);
      for (const result of validateVariables(module, planner.found)) planner.check(result);
      if (module.parent !== undefined)
        for (const output of module.configuration.outputs.values())
          checkPreconditions(planner, module, output, `${moduleText(module.path)}.`);
      for (const result of runChecks(module, planner.found)) planner.check(result);
    }
  }

  /** What is planned so far. */
  result(outputs: readonly OutputChange[]): Plan {
    const { configuration, options, changes, drift, checks, refreshed, found } = this.#planner;
    const all = [...changes.values()].toSorted((a, b) => compareAddresses(a.address, b.address));
    const differs = all.some(({ action, movedFrom }) => (action !== 'no-op' && action !== 'read') || movedFrom !== undefined);
    const outputsDiffer = outputs.some(({ action }) => action !== 'no-op');
    const reads = all.some(({ action }) => action === 'read');
    return {
      configuration,
      mode: options.mode ?? 'normal',
      targets: options.targets ?? [],
      changes: all,
      outputs,
      drift: drift.toSorted((a, b) => compareAddresses(a.address, b.address)),
      checks: checks.toSorted((a, b) => (a.address < b.address ? -1 : 1)),
      warnings: configuration.index.locate([...found.all.filter(({ severity }) => severity === 'warning'), ...warnOfForgotten(all)]),
      priorState: this.#prior,
      refreshedState: refreshed,
      hasChanges: differs || outputsDiffer || reads || (options.mode === 'refresh-only' && drift.length > 0),
    };
  }
}

function warnOfForgotten(changes: readonly ResourceChange[]): Diagnostic[] {
  const forgotten = changes.filter(({ action }) => action === 'forget').map(({ address }) => ` - ${address.toString()}`);
  if (forgotten.length === 0) return [];
  const detail = `If you apply this plan, Plimsoll will discard its tracking information for the following objects, but it will not delete them:\n${forgotten.join('\n')}\n\nAfter applying this plan, Plimsoll will no longer manage these objects. You will need to import them to manage them again.`;
  return [problem('warning', 'Some objects will no longer be managed by Plimsoll', detail)];
}

function warnOfTargets({ options, found }: Planner): void {
  if ((options.targets ?? []).length === 0) return;
  found.add(
    problem(
      'warning',
      'Resource targeting is in effect',
      'You are creating a plan with the --target option, which means that the result of this plan may not represent all of the changes requested by the current configuration.\n\nThe --target option is not for routine use, and is provided only for exceptional situations such as recovering from errors or mistakes, or when Terraform specifically suggests to use it as part of an error message.',
    ),
  );
}
