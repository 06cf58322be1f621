import { convertTo, Mismatch, reveal, Sensitive, Unknown, type Scope, type Value } from '../../language/index.ts';
import type { Condition } from '../configuration/types.ts';
import { configurationError, Diagnostics, problem, type Diagnostic } from '../diagnostics.ts';
import type { CheckResult } from '../plan/types.ts';

/** What comes of conditions: whether all hold, and what is to be said of those that do not. */
export interface Outcome {
  readonly status: CheckResult['status'];
  readonly messages: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
}

/** `summary` is that of a condition that does not hold: `Resource precondition failed`. */
export function evaluateConditions(
  conditions: readonly Condition[],
  scope: Scope,
  summary: string,
  severity: Diagnostic['severity'] = 'error',
): Outcome {
  const found = new Diagnostics();
  const messages: string[] = [];
  let status: CheckResult['status'] = 'pass';
  for (const condition of conditions) {
    const holds = found.attempt(() => holdsIn(condition, scope), { range: condition.range });
    if (holds === true) continue;
    if (holds === false) {
      const message = found.attempt(() => messageOf(condition, scope)) ?? '';
      messages.push(message);
      found.add({ ...problem(severity, summary, message, condition.range), values: condition.condition.explain(scope) });
      status = 'fail';
    } else if (status !== 'fail') status = holds === undefined ? 'error' : 'unknown';
    if (holds instanceof Unknown && severity === 'warning') found.add(knownLater(condition));
  }
  return { status, messages, diagnostics: found.all };
}

/** Of a `check` block; the conditions of a resource are looked at once more when it is applied anyway. */
function knownLater({ range }: Condition): Diagnostic {
  const detail = 'The condition could not be evaluated at this time, a result will be known when this plan is applied.';
  return problem('warning', 'Check block assertion known after apply', detail, range);
}

/** `unknown` is told apart from undefined, which stands for an error. */
function holdsIn({ condition, range }: Condition, scope: Scope): boolean | Unknown {
  const given = reveal(condition.evaluate(scope));
  if (given instanceof Unknown) return given;
  const fail = (why: string): Error =>
    configurationError('Invalid condition result', `Condition expression must return either true or false, not ${why}.`, range);
  if (given === null) throw fail('null');
  try {
    return convertTo(given, 'bool') as boolean;
  } catch (error) {
    throw error instanceof Mismatch ? fail('a value of another type') : error;
  }
}

function messageOf({ message }: Condition, scope: Scope): string {
  const value: Value = message.evaluate(scope);
  if (value instanceof Sensitive) return 'The error message included a sensitive value, so it will not be displayed.';
  if (value instanceof Unknown) return 'The error message depends on a value that is known after apply, so it cannot be displayed.';
  return typeof value === 'string' ? value.trim() : JSON.stringify(value);
}
