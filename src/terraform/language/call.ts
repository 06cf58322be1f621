import { assert } from '../../base/index.ts';
import type { CallNode } from './ast.ts';
import { Mismatch, convertTo } from './convert.ts';
import { expressionError, LanguageError } from './diagnostic.ts';
import { functions } from './functions/index.ts';
import { FunctionFault } from './functions/spec.ts';
import type { CallContext, FunctionSpec, Parameter } from './functions/spec.ts';
import { didYouMean } from './suggest.ts';
import { Sensitive, Unknown, unknown } from './types.ts';
import type { Range, Value } from './types.ts';
import { isKnown, isSensitive, markIf, reveal } from './values.ts';

interface Argument {
  readonly value: Value;
  readonly at: Range;
}

/** Converts and opens the arguments, calls, and hands on what of them was unknown or sensitive. */
export function callFunction(node: CallNode, args: readonly Argument[], context: CallContext): Value {
  const name = node.name.replace(/^core::/, '');
  const spec = functions.get(name);
  if (!spec) throw unknownFunction(node);
  try {
    return callKnown(spec, node, args, context);
  } catch (error) {
    // A template that was called may have made a call itself.
    if (error instanceof LanguageError) error.calling ??= signatureOf(node, spec);
    throw error;
  }
}

/** `upper(str)`, `concat(seqs...)`. */
function signatureOf(node: CallNode, { parameters, rest }: FunctionSpec): string {
  const names = [...parameters.map((parameter) => parameter.name), ...(rest ? [`${rest.name}...`] : [])];
  return `${node.name}(${names.join(', ')})`;
}

function callKnown(spec: FunctionSpec, node: CallNode, args: readonly Argument[], context: CallContext): Value {
  checkCount(node, spec, args.length);
  const ready: Value[] = [];
  let known = true;
  let sensitive = false;
  for (const [index, arg] of args.entries()) {
    const parameter = spec.parameters[index] ?? spec.rest;
    assert(parameter, 'the number of arguments has been checked');
    const value = accept(parameter, arg);
    if (parameter.raw) {
      ready.push(value);
      continue;
    }
    sensitive ||= parameter.shallow ? value instanceof Sensitive : isSensitive(value);
    const open = parameter.shallow ? (value instanceof Sensitive ? value.value : value) : reveal(value);
    if (parameter.shallow ? open instanceof Unknown : !isKnown(open)) known = false;
    ready.push(open);
  }
  if (!known) return markIf(sensitive, unknown);
  const fixed = spec.parameters.length;
  try {
    return markIf(sensitive, spec.run(ready.slice(0, fixed), ready.slice(fixed), context));
  } catch (error) {
    if (!(error instanceof FunctionFault) && !(error instanceof Mismatch)) throw error;
    const argument = error instanceof FunctionFault ? error.argument : undefined;
    if (argument !== undefined) throw invalidArgument(argument, error.message, blamed(node, spec, argument, args));
    throw expressionError('Error in function call', `Call to function "${node.name}" failed: ${error.message}.`, node.at);
  }
}

function unknownFunction(node: CallNode): Error {
  const hint = didYouMean(node.name, [...functions.keys(), 'try', 'can'].toSorted());
  return expressionError('Call to unknown function', `There is no function named "${node.name}".${hint}`, node.at);
}

function checkCount(node: CallNode, spec: FunctionSpec, count: number): void {
  const most = spec.parameters.length;
  const least = most - spec.optional;
  const expects = (phrase: string): string => `Function "${node.name}" expects ${phrase} argument(s).`;
  if (count < least) {
    const missing = spec.parameters[count]?.name;
    const detail = `${expects(spec.rest || spec.optional > 0 ? `at least ${least}` : String(least))} Missing value for "${missing}".`;
    throw expressionError('Not enough function arguments', detail, node.at);
  }
  if (count > most && !spec.rest)
    throw expressionError('Too many function arguments', expects(`only ${most}`), node.args[most]?.at ?? node.at);
}

function accept(parameter: Parameter, { value, at }: Argument): Value {
  const open = value instanceof Sensitive ? value.value : value;
  if (open === null && !parameter.nullable) throw invalidArgument(parameter.name, 'argument must not be null', at);
  try {
    return convertTo(value, parameter.type);
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    throw invalidArgument(parameter.name, error.message, at);
  }
}

function invalidArgument(name: string, message: string, at: Range): Error {
  return expressionError('Invalid function argument', `Invalid value for "${name}" parameter: ${message}.`, at);
}

function blamed(node: CallNode, spec: FunctionSpec, name: string, args: readonly Argument[]): Range {
  const index = spec.parameters.findIndex((parameter) => parameter.name === name);
  return args[index < 0 ? spec.parameters.length : index]?.at ?? node.at;
}
