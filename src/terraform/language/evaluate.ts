import type {
  AttributeNode,
  BinaryNode,
  CallNode,
  ConditionalNode,
  ForNode,
  NameNode,
  Node,
  ObjectNode,
  SplatNode,
  TemplateNode,
  UnaryNode,
} from './ast.ts';
import { callFunction } from './call.ts';
import { Mismatch, convertTo, unify } from './convert.ts';
import { LanguageError, UndeclaredError, expressionError } from './diagnostic.ts';
import { applyBinary, operand } from './operators.ts';
import { attributeOf, elementOf, undeclared } from './traverse.ts';
import { Sensitive, Unknown, unknown } from './types.ts';
import type { Scope, Value } from './types.ts';
import { renderTemplateFile } from './templateFile.ts';
import {
  formatNumber,
  friendlyType,
  has,
  isKnown,
  isList,
  isRecord,
  isSensitive,
  isSet,
  markIf,
  markSensitive,
  record,
  reveal,
  sortedKeys,
  typeOf,
} from './values.ts';
import type { Type } from './values.ts';

/** Where an expression is evaluated: names from outside, names that `for` binds, and the element of a splat. */
export interface Environment {
  readonly scope: Scope;
  readonly bound: Binding | undefined;
  readonly item: Value;
}

interface Binding {
  readonly name: string;
  readonly value: Value;
  readonly outer: Binding | undefined;
}

export function evaluateExpression(node: Node, scope: Scope): Value {
  try {
    return evaluate(node, { scope, bound: undefined, item: null });
  } catch (error) {
    // Chains of thousands of operators nest as deep in the tree.
    if (error instanceof RangeError)
      throw expressionError('Expression too complex', 'The expression nests too deep to be evaluated.', node.at);
    throw error;
  }
}

export function evaluate(node: Node, env: Environment): Value {
  switch (node.kind) {
    case 'literal':
      return node.value;
    case 'template':
      return evaluateTemplate(node, env);
    case 'name':
      return valueOfName(node, env);
    case 'item':
      return env.item;
    case 'attribute':
      return evaluateAttribute(node, env);
    case 'index':
      return elementOf(evaluate(node.of, env), evaluate(node.key, env), node.at);
    case 'splat':
      return evaluateSplat(node, env);
    case 'unary':
      return evaluateUnary(node, env);
    case 'binary':
      return evaluateBinary(node, env);
    case 'conditional':
      return evaluateConditional(node, env);
    case 'tuple':
      return node.items.map((item) => evaluate(item, env));
    case 'object':
      return evaluateObject(node, env);
    case 'for':
      return evaluateFor(node, env);
    case 'call':
      return evaluateCall(node, env);
    default:
      return evaluate(node.of, env);
  }
}

/** Null is a value like any other here; undefined when no `for` binds the name. */
function boundValue(name: string, env: Environment): Value | undefined {
  for (let binding = env.bound; binding; binding = binding.outer) if (binding.name === name) return binding.value;
  return undefined;
}

function valueOfName(node: NameNode, env: Environment): Value {
  const bound = boundValue(node.name, env);
  const value = bound === undefined ? env.scope.root(node.name) : bound;
  if (value === undefined) throw undeclared([node.name], undefined, node.at);
  return value;
}

/** The first steps from a root name outside are looked at together: what is not declared is named in full. */
function evaluateAttribute(node: AttributeNode, env: Environment): Value {
  const { of } = node;
  if (of.kind === 'attribute' && of.of.kind === 'name' && of.of.name === 'data') return evaluateData(node, of, of.of, env);
  if (of.kind !== 'name' || boundValue(of.name, env) !== undefined) return attributeOf(evaluate(of, env), node);
  const value = env.scope.root(of.name);
  if (value === undefined) throw undeclared([of.name, node.name], undefined, of.at);
  if (of.name !== 'self' && isRecord(value) && !has(value, node.name)) throw undeclared([of.name, node.name], value, of.at);
  return attributeOf(value, node);
}

/** `data.type.name` */
function evaluateData(node: AttributeNode, type: AttributeNode, root: NameNode, env: Environment): Value {
  const bound = boundValue(root.name, env);
  const data = bound === undefined ? env.scope.root(root.name) : bound;
  const resources = data !== undefined && isRecord(data) ? data[type.name] : data;
  const missing = resources === undefined || (isRecord(resources) && !has(resources, node.name));
  if (data === undefined || (missing && bound === undefined)) throw undeclared(['data', type.name, node.name], undefined, root.at);
  return attributeOf(attributeOf(data, type), node);
}

function bind(env: Environment, name: string | undefined, value: Value): Environment {
  return name === undefined ? env : { ...env, bound: { name, value, outer: env.bound } };
}

function evaluateTemplate(node: TemplateNode, env: Environment): Value {
  let text = '';
  let known = true;
  let sensitive = false;
  for (const part of node.parts) {
    const value = evaluate(part, env);
    const open = value instanceof Sensitive ? value.value : value;
    sensitive ||= value instanceof Sensitive;
    if (open instanceof Unknown) known = false;
    else text += templateText(open, part);
  }
  return markIf(sensitive, known ? text : unknown);
}

function templateText(value: Value, part: Node): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return formatNumber(value);
  if (typeof value === 'boolean') return String(value);
  const detail =
    value === null
      ? 'The expression result is null. Cannot include a null value in a string template.'
      : `Cannot include the given value in a string template: string required.`;
  throw expressionError('Invalid template interpolation value', detail, part.at);
}

/** Null has no elements; a value that is no list is the only one. */
function evaluateSplat(node: SplatNode, env: Environment): Value {
  const value = evaluate(node.of, env);
  const sensitive = value instanceof Sensitive;
  const open = sensitive ? value.value : value;
  if (open instanceof Unknown) return value;
  const items = open === null ? [] : isList(open) ? open : [open];
  return markIf(
    sensitive,
    items.map((item) => evaluate(node.each, { ...env, item })),
  );
}

function evaluateUnary(node: UnaryNode, env: Environment): Value {
  const { value, sensitive } = operand(evaluate(node.operand, env), node.operator === '!' ? 'bool' : 'number', 'unary', node.operand.at);
  if (value instanceof Unknown) return markIf(sensitive, value);
  return markIf(sensitive, node.operator === '!' ? !(value as boolean) : 0 - (value as number));
}

/** A left side that settles `&&` or `||` keeps the right one from being evaluated. */
function evaluateBinary(node: BinaryNode, env: Environment): Value {
  const left = evaluate(node.left, env);
  if (node.operator === '&&' || node.operator === '||') {
    const { value } = operand(left, 'bool', 'left', node.left.at);
    if (value === (node.operator === '||')) return markIf(left instanceof Sensitive, value);
  }
  return applyBinary(node, left, evaluate(node.right, env));
}

function evaluateConditional(node: ConditionalNode, env: Environment): Value {
  const given = evaluate(node.condition, env);
  const { value: condition, sensitive } = conditionOf(given, node.condition);
  if (condition instanceof Unknown) return markIf(sensitive, condition);
  const [taken, left] = condition ? [node.whenTrue, node.whenFalse] : [node.whenFalse, node.whenTrue];
  const value = evaluate(taken, env);
  if (taken.kind === 'literal' && left.kind === 'literal' && typeof taken.value === typeof left.value) return markIf(sensitive, value);
  return markIf(sensitive, toCommonType(value, otherType(left, env), node, condition));
}

function conditionOf(given: Value, node: Node): { value: boolean | Unknown; sensitive: boolean } {
  const sensitive = given instanceof Sensitive;
  const value = sensitive ? given.value : given;
  if (value === null)
    throw expressionError('Null condition', 'The condition value is null. Conditions must either be true or false.', node.at);
  try {
    return { value: convertTo(value, 'bool') as boolean | Unknown, sensitive };
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    throw expressionError('Incorrect condition type', 'The condition expression must be of type bool.', node.at);
  }
}

/** The type of the side that is not taken. It may be an error where it is not: `length(x) > 0 ? x[0] : null`. */
function otherType(node: Node, env: Environment): Type {
  if (node.kind === 'literal') return typeOf(node.value);
  try {
    return typeOf(evaluate(node, env));
  } catch (error) {
    if (error instanceof LanguageError) return 'any';
    throw error;
  }
}

function toCommonType(value: Value, other: Type, node: ConditionalNode, first: boolean): Value {
  const own = typeOf(value);
  if (other === 'any' || own === 'any' || own === other) return value;
  const common = unify([own, other]);
  if (common === undefined) {
    const [then, otherwise] = first ? [own, other] : [other, own];
    const detail = `The true and false result expressions must have consistent types. The 'true' value is ${friendlyType(then)}, but the 'false' value is ${friendlyType(otherwise)}.`;
    throw expressionError('Inconsistent conditional result types', detail, node.at);
  }
  return convertTo(value, common);
}

function evaluateObject(node: ObjectNode, env: Environment): Value {
  const out = record();
  let known = true;
  let sensitive = false;
  for (const entry of node.entries) {
    const key = keyOf(evaluate(entry.key, env), entry.key);
    const value = evaluate(entry.value, env);
    sensitive ||= key.sensitive;
    if (key.value instanceof Unknown) known = false;
    else out[key.value] = value;
  }
  return markIf(sensitive, known ? out : unknown);
}

function keyOf(given: Value, node: Node): { value: string | Unknown; sensitive: boolean } {
  const sensitive = given instanceof Sensitive;
  const value = sensitive ? given.value : given;
  if (value === null) throw expressionError('Null value as key', "Can't use a null value as a key.", node.at);
  try {
    return { value: convertTo(value, 'string') as string | Unknown, sensitive };
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    throw expressionError('Incorrect key type', `Can't use this value as a key: ${error.message}.`, node.at);
  }
}

function evaluateFor(node: ForNode, env: Environment): Value {
  const given = evaluate(node.over, env);
  let sensitive = given instanceof Sensitive;
  const over = given instanceof Sensitive ? given.value : given;
  if (over instanceof Unknown) return given;
  const results: Value[] = [];
  const entries = record();
  let known = true;
  for (const [key, value] of elementsOf(over, node)) {
    const inner = bind(bind(env, node.keyName, key), node.valueName, value);
    if (node.condition) {
      const condition = conditionOf(evaluate(node.condition, inner), node.condition);
      sensitive ||= condition.sensitive;
      if (condition.value instanceof Unknown) known = false;
      if (condition.value !== true) continue;
    }
    if (node.key) {
      const name = keyOf(evaluate(node.key, inner), node.key);
      sensitive ||= name.sensitive;
      if (name.value instanceof Unknown) known = false;
      else addEntry(entries, name.value, evaluate(node.value, inner), node);
    } else {
      results.push(evaluate(node.value, inner));
    }
  }
  if (!known) return markIf(sensitive, unknown);
  if (node.shape === 'text') return markIf(sensitive, concatenated(results));
  return markIf(sensitive, node.key ? entries : results);
}

function addEntry(entries: Record<string, Value>, key: string, value: Value, node: ForNode): void {
  if (node.grouped) {
    entries[key] = [...((entries[key] as readonly Value[] | undefined) ?? []), value];
    return;
  }
  if (key in entries) {
    const detail = `Two different items produced the key ${JSON.stringify(key)} in this 'for' expression. If duplicates are expected, use the ellipsis (...) after the value expression to enable grouping by key.`;
    throw expressionError('Duplicate object key', detail, node.key?.at ?? node.at);
  }
  entries[key] = value;
}

/** Keys and values in Terraform's order: a set's elements are their own keys. */
function elementsOf(over: Value, node: ForNode): [Value, Value][] {
  if (isList(over)) return isSet(over) ? over.map((item) => [item, item]) : over.map((item, index) => [index, item]);
  if (isRecord(over)) return sortedKeys(over).map((key) => [key, over[key] as Value]);
  if (over === null)
    throw expressionError(
      'Iteration over null value',
      "A null value cannot be used as the collection in a 'for' expression.",
      node.over.at,
    );
  const detail = `A value of type ${friendlyType(typeOf(over))} cannot be used as the collection in a 'for' expression.`;
  throw expressionError('Iteration over non-iterable value', detail, node.over.at);
}

/** The results of a `%{ for }` directive, strings all. */
function concatenated(results: readonly Value[]): Value {
  const sensitive = results.some(isSensitive);
  const open = results.map(reveal);
  return markIf(sensitive, open.some((item) => item instanceof Unknown) ? unknown : open.map(String).join(''));
}

function evaluateCall(node: CallNode, env: Environment): Value {
  if (node.name === 'try') return evaluateTry(node, env);
  if (node.name === 'can') return evaluateCan(node, env);
  const args = node.args.map((arg) => ({ value: evaluate(arg, env), at: arg.at }));
  const last = args.at(-1);
  let sensitive = false;
  if (node.expanded && last) {
    const list = last.value instanceof Sensitive ? last.value.value : last.value;
    sensitive = last.value instanceof Sensitive;
    if (list instanceof Unknown) return last.value;
    if (!isList(list)) {
      throw expressionError(
        'Invalid expanding argument value',
        'The expanding argument (indicated by ...) must be of a tuple, list, or set type.',
        last.at,
      );
    }
    args.splice(-1, 1, ...list.map((value) => ({ value, at: last.at })));
  }
  const result = callFunction(node, args, {
    scope: env.scope,
    renderTemplate: (source, vars) => renderTemplateFile(source, vars, env.scope),
  });
  return sensitive ? markSensitive(result) : result;
}

/** The first argument that has a value. */
function evaluateTry(node: CallNode, env: Environment): Value {
  const messages: string[] = [];
  for (const arg of node.args) {
    try {
      const value = evaluate(arg, env);
      // Once known it may turn out to be an error.
      return isKnown(value) ? value : markIf(isSensitive(value), unknown);
    } catch (error) {
      if (!(error instanceof LanguageError) || error instanceof UndeclaredError) throw error;
      const at = error.range && ` (at ${error.range.file}:${error.range.line},${error.range.column})`;
      messages.push(`- ${error.summary}${at ?? ''}\n  ${error.detail}`);
    }
  }
  const detail =
    node.args.length === 0
      ? 'at least one argument is required'
      : `no expression succeeded:\n${messages.join('\n')}\n\nAt least one expression must produce a successful result`;
  throw expressionError('Error in function call', `Call to function "try" failed: ${detail}.`, node.at);
}

function evaluateCan(node: CallNode, env: Environment): Value {
  if (node.args.length !== 1) {
    throw expressionError(
      node.args.length === 0 ? 'Not enough function arguments' : 'Too many function arguments',
      'Function "can" expects only 1 argument(s).',
      node.at,
    );
  }
  try {
    return isKnown(evaluate(node.args[0] as Node, env)) ? true : unknown;
  } catch (error) {
    if (error instanceof LanguageError && !(error instanceof UndeclaredError)) return false;
    throw error;
  }
}
