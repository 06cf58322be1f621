import { configurationError } from '../diagnostics.ts';
import { evaluateConditions } from '../evaluation/conditions.ts';
import type { ModuleInstance } from '../evaluation/evaluator.ts';
import { settled } from '../evaluation/lazy.ts';
import { isSensitive, markSensitive, reveal, type Value } from '../../language/index.ts';
import type { OutputDeclaration } from '../configuration/types.ts';
import type { State } from '../state/state.ts';
import type { Planner } from './planner.ts';
import type { OutputChange } from './types.ts';
import { isSame } from './values.ts';

/** What becomes of the root module's outputs. Those that depend on what is not targeted stay as they are. */
export function planOutputs(planner: Planner): OutputChange[] {
  const { root } = planner.evaluator;
  const changes: OutputChange[] = [];
  for (const output of root.configuration.outputs.values()) {
    const needed = [...planner.configuration.graph.nearest(`output.${output.name}`)];
    if (!needed.every((block) => planner.selection.hasBlock(block))) continue;
    const after = planner.found.attempt(() => outputValue(root, output));
    if (after !== undefined) changes.push(changeOf(output, planner.state, after));
    checkPreconditions(planner, root, output, '');
  }
  for (const [name, { value, sensitive }] of planner.state.outputs)
    if (!root.configuration.outputs.has(name)) changes.push({ name, action: 'delete', before: value, after: undefined, sensitive });
  return changes.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

export function deletedOutputs({ outputs }: State): OutputChange[] {
  return [...outputs].map(([name, { value, sensitive }]) => ({
    name,
    action: 'delete' as const,
    before: sensitive ? markSensitive(value) : value,
    after: undefined,
    sensitive,
  }));
}

/** The value of a root module's output. @throws DiagnosticsError when it is sensitive without being declared so */
export function outputValue(root: ModuleInstance, { name, sensitive, range }: OutputDeclaration): Value {
  const value = settled(root.output(name));
  if (!sensitive && isSensitive(value))
    throw configurationError(
      'Output refers to sensitive values',
      'To reduce the risk of accidentally exporting sensitive data that was intended to be only internal, Terraform requires that any root module output containing sensitive data be explicitly marked as sensitive, to confirm your intent.\n\nIf you do intend to export this data, annotate the output value as sensitive by adding the following argument:\n    sensitive = true',
      range,
    );
  return value;
}

function changeOf({ name, sensitive }: OutputDeclaration, state: State, after: Value): OutputChange {
  const old = state.outputs.get(name);
  const before = old && (old.sensitive ? markSensitive(old.value) : old.value);
  const same = old !== undefined && old.sensitive === sensitive && isSame(old.value, reveal(after));
  // Null is no output at all.
  if (before === undefined && reveal(after) === null) return { name, action: 'no-op', before, after: undefined, sensitive };
  return { name, action: same ? 'no-op' : before === undefined ? 'create' : 'update', before, after, sensitive };
}

/** Of the outputs of all modules: their preconditions. */
export function checkPreconditions(planner: Planner, module: ModuleInstance, output: OutputDeclaration, prefix: string): void {
  if (output.preconditions.length === 0) return;
  const address = `${prefix}output.${output.name}`;
  const outcome = evaluateConditions(output.preconditions, module.scope(), 'Module output value precondition failed', 'error');
  planner.found.add(...outcome.diagnostics);
  planner.check({ address, kind: 'output', status: outcome.status, messages: outcome.messages });
}
