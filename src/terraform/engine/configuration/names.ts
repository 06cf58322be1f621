import { didYouMean, expressionError, record, undeclared, type Expression, type Reference, type Value } from '../../language/index.ts';
import { problem, type Diagnostics } from '../diagnostics.ts';
import { InstanceAddress, moduleText, type Target } from '../address.ts';
import { bodyReferences } from './dependencies.ts';
import type { Condition, ModuleConfiguration, Repetition, ResourceDeclaration } from './types.ts';

/** The names that stand for something only in some places. */
interface Context {
  readonly count?: boolean;
  readonly each?: boolean;
  readonly self?: boolean;
  /** The resource that the expression is part of: it may not name itself. */
  readonly resource?: ResourceDeclaration;
}

/** Finds every name in a configuration that stands for nothing, before anything is evaluated. */
export function checkNames(module: ModuleConfiguration, found: Diagnostics, passed: ReadonlySet<string> = new Set()): void {
  checkProviders(module, passed, found);
  const check = (references: readonly Reference[], context: Context = {}): void => {
    for (const reference of references) found.attempt(() => checkReference(reference, module, context));
  };
  const checkConditions = (conditions: readonly Condition[], context: Context = {}): void => {
    for (const { condition, message } of conditions) check([...condition.references(), ...message.references()], context);
  };
  for (const { validations } of module.variables.values()) checkConditions(validations);
  for (const [name, expression] of module.locals) {
    check(expression.references());
    checkLocal(name, expression, found);
  }
  for (const { value, dependsOn, preconditions } of module.outputs.values()) {
    check([...value.references(), ...dependsOn]);
    checkConditions(preconditions);
  }
  for (const { body } of module.providers.values()) check(bodyReferences(body));
  for (const resource of module.resources.values()) {
    const { body, dependsOn, lifecycle } = resource;
    const context: Context = { ...repeated(resource), resource };
    checkRepetition(resource, check);
    check(bodyReferences(body), context);
    check(dependsOn);
    for (const trigger of lifecycle.replaceTriggeredBy) check(trigger.references(), context);
    checkConditions(lifecycle.preconditions, repeated(resource));
    checkConditions(lifecycle.postconditions, { ...repeated(resource), self: true });
    for (const provisioner of resource.provisioners) check(bodyReferences(provisioner.body), { ...context, self: true });
  }
  for (const call of module.calls.values()) {
    checkRepetition(call, check);
    for (const expression of call.arguments.values()) check(expression.references(), repeated(call));
    check(call.dependsOn);
    checkNames(call.module, found, new Set(call.providers.keys()));
  }
  for (const { assertions } of module.checks.values()) checkConditions(assertions);
  for (const { id } of module.imports) check(id.references());
  checkImported(module, found);
  checkMoved(module, found);
  checkRemoved(module, found);
}

function checkLocal(name: string, expression: Expression, found: Diagnostics): void {
  const own = expression.references().find(({ path }) => path[0] === 'local' && path[1] === name);
  if (own === undefined) return;
  const detail = `Local value local.${name} cannot use its own result as part of its expression.`;
  found.add(problem('error', 'Self-referencing local value', detail, own.range));
}

function checkImported(module: ModuleConfiguration, found: Diagnostics): void {
  for (const { target, range } of module.imports) {
    if (resourceAt(module, target) !== undefined) continue;
    const detail = `The configuration for the given import target ${targetText(target)} does not exist. All target instances must have an associated configuration to be imported.`;
    found.add(problem('error', 'Configuration for import target does not exist', detail, range));
  }
}

function checkRemoved(module: ModuleConfiguration, found: Diagnostics): void {
  for (const { from, range } of module.removed) {
    if (resourceAt(module, from) === undefined) continue;
    const detail = `This statement declares that ${targetText(from)} was removed, but it is still declared in configuration.`;
    found.add(problem('error', 'Removed resource still exists', detail, range));
  }
}

/** What has moved elsewhere may not stand where it was as well. */
function checkMoved(module: ModuleConfiguration, found: Diagnostics): void {
  for (const { from, to, range } of module.moved) {
    const still = from.resource?.key === undefined ? resourceAt(module, from) : undefined;
    if (still === undefined || targetText(to).startsWith(`${targetText(from)}[`)) continue;
    const detail = `This statement declares a move from ${targetText(from)}, but that resource is still declared at ${still.range.file}:${still.range.line},${still.range.column}.\n\nChange your configuration so that this resource will be declared as ${targetText(to)} instead.`;
    found.add(problem('error', 'Moved object still exists', detail, range));
  }
}

/** A provider with an alias must have its block, or be passed by the call. */
function checkProviders(module: ModuleConfiguration, passed: ReadonlySet<string>, found: Diagnostics): void {
  const check = (name: string, range: Reference['range']): void => {
    if (!name.includes('.') || module.providers.has(name) || passed.has(name)) return;
    const [type = '', alias = ''] = name.split('.');
    const detail = `The provider configuration "${name}" is used here, but there is no provider "${type}" block with alias = "${alias}"${module.path.length === 0 ? '' : ', and the module call passes none'}.`;
    found.add(problem('error', 'Provider configuration not present', detail, range));
  };
  for (const { provider, range } of module.resources.values()) check(provider, range);
  for (const { providers, range } of module.calls.values()) for (const name of providers.values()) check(name, range);
}

const repeated = ({ count, forEach }: Repetition): Context => ({ count: count !== undefined, each: forEach !== undefined });

function checkRepetition({ count, forEach }: Repetition, check: (references: readonly Reference[]) => void): void {
  for (const expression of [count, forEach]) if (expression) check((expression satisfies Expression).references());
}

function checkReference({ path, keys, range }: Reference, module: ModuleConfiguration, context: Context): void {
  const [root = '', first] = path;
  const known = namesUnder(root, module, context);
  if (known === undefined) throw undeclared(path, undefined, range);
  if (first === undefined) throw undeclared([root], record(known), range);
  if (root === 'data' || (known.length === 0 && !own.has(root))) checkResource({ path, keys, range }, module, context);
  else if (root !== 'self' && !known.some(([name]) => name === first)) throw undeclared([root, first], record(known), range);
  else if (root === 'module') checkOutput(path, range, module);
}

const own = new Set(['var', 'local', 'module', 'path', 'terraform', 'count', 'each', 'self']);

/** The names that may follow a root name; none for a resource type, undefined when the root name stands for nothing here. */
function namesUnder(root: string, module: ModuleConfiguration, context: Context): (readonly [string, Value])[] | undefined {
  const names = (keys: Iterable<string>): (readonly [string, Value])[] => [...keys].map((key) => [key, null]);
  if (root === 'var') return names(module.variables.keys());
  if (root === 'local') return names(module.locals.keys());
  if (root === 'module') return names(module.calls.keys());
  if (root === 'path') return names(['module', 'root', 'cwd']);
  if (root === 'terraform') return names(['workspace']);
  if (root === 'count') return context.count === true ? names(['index']) : undefined;
  if (root === 'each') return context.each === true ? names(['key', 'value']) : undefined;
  if (root === 'self') return context.self === true ? [] : undefined;
  return [];
}

function checkResource({ path, keys, range }: Reference, module: ModuleConfiguration, context: Context): void {
  const data = path[0] === 'data';
  const [type = '', name, attribute] = data ? path.slice(1) : path;
  const resource = name === undefined ? undefined : module.resources.get(`${data ? 'data.' : ''}${type}.${name}`);
  if (resource === undefined) throw undeclared(path, undefined, range);
  const address = `${data ? 'data.' : ''}${type}.${name}`;
  if (resource === context.resource) {
    throw expressionError('Self-referential block', `Configuration for ${address} may not refer to itself.`, range);
  }
  const key = keys.find(({ after }) => after === (data ? 3 : 2));
  checkKey(resource, address, attribute !== undefined && key === undefined, key?.splat === false, range);
  if (attribute === undefined || Object.hasOwn(resource.schema, attribute)) return;
  const detail = `This object has no argument, nested block, or exported attribute named "${attribute}".${didYouMean(attribute, Object.keys(resource.schema))}`;
  throw expressionError('Unsupported attribute', detail, range);
}

/** One of several instances is named with its key, a single one without. */
function checkKey({ count, forEach }: Repetition, address: string, bare: boolean, keyed: boolean, range: Reference['range']): void {
  const how = count ? 'count' : forEach ? 'for_each' : undefined;
  if (how !== undefined && bare) {
    const example = how === 'count' ? 'count.index' : 'each.key';
    const detail = `Because ${address} has "${how}" set, its attributes must be accessed on specific instances.\n\nFor example, to correlate with indices of a referring resource, use:\n    ${address}[${example}]`;
    throw expressionError('Missing resource instance key', detail, range);
  }
  if (how === undefined && keyed) {
    const detail = `Because ${address} does not have "count" or "for_each" set, references to it must not include an index key. Remove the bracketed index to refer to the single instance of this resource.`;
    throw expressionError('Unexpected resource instance key', detail, range);
  }
}

function checkOutput(path: readonly string[], range: Reference['range'], module: ModuleConfiguration): void {
  const [, name = '', output] = path;
  const called = module.calls.get(name)?.module;
  if (called === undefined || output === undefined || called.outputs.has(output)) return;
  throw expressionError(
    'Unsupported attribute',
    `This object does not have an attribute named "${output}".${didYouMean(output, called.outputs.keys())}`,
    range,
  );
}

/** The block that a target names, seen from a module. */
function resourceAt(module: ModuleConfiguration, { module: path, resource }: Target): ResourceDeclaration | undefined {
  let at: ModuleConfiguration | undefined = module;
  for (const { name } of path) at = at?.calls.get(name)?.module;
  return resource && at?.resources.get(`${resource.mode === 'data' ? 'data.' : ''}${resource.type}.${resource.name}`);
}

function targetText({ module, resource }: Target): string {
  return resource ? new InstanceAddress(module, resource.mode, resource.type, resource.name, resource.key).toString() : moduleText(module);
}
