import type { Condition, VariableDeclaration } from '../configuration/types.ts';
import { evaluateConditions } from '../evaluation/conditions.ts';
import type { Evaluator, ModuleInstance } from '../evaluation/evaluator.ts';
import { moduleText } from '../address.ts';
import { problem, type Diagnostic, type Diagnostics } from '../diagnostics.ts';
import type { CheckResult } from './types.ts';

/** All instances of all modules, as far as their calls can be expanded. */
export function allModules(evaluator: Evaluator): ModuleInstance[] {
  const under = (module: ModuleInstance): ModuleInstance[] => [
    module,
    ...[...module.configuration.calls.keys()].flatMap((name) => module.called(name).flatMap(under)),
  ];
  return under(evaluator.root);
}

const prefixOf = (module: ModuleInstance): string => (module.path.length === 0 ? '' : `${moduleText(module.path)}.`);

/** Whether the variables of a module have values that its validations allow. `early`: only those that look at nothing but variables. */
export function validateVariables(module: ModuleInstance, found: Diagnostics, early = false): CheckResult[] {
  const results: CheckResult[] = [];
  for (const variable of module.configuration.variables.values()) {
    const { name } = variable;
    const validations = early ? variable.validations.filter(looksAtVariables) : variable.validations;
    if (validations.length === 0) continue;
    const { status, messages, diagnostics } = evaluateConditions(validations, module.scope(), invalidValue);
    found.add(...diagnostics.map((item) => (item.summary === invalidValue ? ofVariable(item, variable, module) : item)));
    results.push({ address: `${prefixOf(module)}var.${name}`, kind: 'variable', status, messages });
  }
  return results;
}

const invalidValue = 'Invalid value for variable';

/** What is wrong is the value, not the rule: the place is where the module got it, or that of the variable. */
function ofVariable(item: Diagnostic, { name, range, validations }: VariableDeclaration, { path, parent }: ModuleInstance): Diagnostic {
  const given = parent?.configuration.calls.get(path.at(-1)?.name ?? '')?.arguments.get(name);
  const rule = validations.find((validation) => validation.range === item.range)?.declared;
  const at = rule && `${rule.file}:${rule.line},${rule.column}-${rule.column + 'validation'.length}`;
  const detail = `${item.detail}\n\nThis was checked by the validation rule at ${at}.`;
  return { ...item, ...problem('error', item.summary, detail, given?.range ?? range) };
}

function looksAtVariables({ condition, message }: Condition): boolean {
  return [condition, message].every((expression) => expression.references().every(({ path }) => path[0] === 'var'));
}

/** `check` blocks warn and hold nothing up. */
export function runChecks(module: ModuleInstance, found: Diagnostics): CheckResult[] {
  return [...module.configuration.checks.values()].map(({ name, assertions }) => {
    const address = `${prefixOf(module)}check.${name}`;
    const { status, messages, diagnostics } = evaluateConditions(assertions, module.scope(), 'Check block assertion failed', 'warning');
    found.add(...diagnostics);
    return { address, kind: 'check', status, messages };
  });
}

/** Works out what nothing used, so that its errors are told: outputs of called modules, local values, validations. */
export function evaluateRest(module: ModuleInstance, found: Diagnostics): void {
  for (const name of module.configuration.locals.keys()) found.attempt(() => (module.root('local') as Record<string, unknown>)[name]);
  if (module.parent === undefined) return;
  for (const name of module.configuration.variables.keys()) found.attempt(() => (module.root('var') as Record<string, unknown>)[name]);
  for (const name of module.configuration.outputs.keys()) found.attempt(() => module.output(name));
}
