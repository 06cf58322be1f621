import type { Scope } from '../../language/index.ts';
import type { InstanceAddress } from '../address.ts';
import type { ResourceDeclaration } from '../configuration/types.ts';
import { DiagnosticsError } from '../diagnostics.ts';
import { evaluateConditions, type Outcome } from '../evaluation/conditions.ts';
import type { Planner } from './planner.ts';

/**
 * The conditions of an instance's `lifecycle`. What a postcondition says is kept for the end: its object is planned by then.
 * @throws DiagnosticsError when a precondition does not hold
 */
export function checkConditions(
  planner: Planner,
  resource: ResourceDeclaration,
  which: 'preconditions' | 'postconditions',
  scope: Scope,
  address: InstanceAddress,
): Outcome {
  const summary = which === 'preconditions' ? 'Resource precondition failed' : 'Resource postcondition failed';
  const outcome = evaluateConditions(resource.lifecycle[which], scope, summary);
  if (which === 'preconditions' && outcome.diagnostics.length > 0) {
    tellCheck(planner, address, [outcome]);
    throw new DiagnosticsError(outcome.diagnostics);
  }
  planner.found.add(...outcome.diagnostics);
  return outcome;
}

/** Puts the worst of an instance's outcomes into the plan's checks, if it has conditions at all. */
export function tellCheck(planner: Planner, address: InstanceAddress, outcomes: readonly Outcome[]): void {
  const worst = (['fail', 'error', 'unknown'] as const).find((status) => outcomes.some((outcome) => outcome.status === status));
  const lifecycle = planner.declared.get(address.block)?.resource.lifecycle;
  if (lifecycle === undefined || lifecycle.preconditions.length + lifecycle.postconditions.length === 0) return;
  planner.check({
    address: address.toString(),
    kind: 'resource',
    status: worst ?? 'pass',
    messages: outcomes.flatMap(({ messages }) => messages),
  });
}
