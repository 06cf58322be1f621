import { convertTo, didYouMean, expressionError, Mismatch, staticTraversals, traversalText, typeError } from '../../language/index.ts';
import type { Block, Body, Expression, Range, Reference, Scope, Type, Value } from '../../language/index.ts';
import { parseTarget, type Target } from '../address.ts';
import { configurationError, problem, type Diagnostics } from '../diagnostics.ts';
import type { Condition, Repetition } from './types.ts';

/** What a block of Terraform's own may hold. */
export interface Shape {
  readonly required?: readonly string[];
  readonly optional?: readonly string[];
  readonly blocks?: readonly string[];
}

/** Finds what does not belong into a block, and what is missing in it, in Terraform's words. */
export function checkShape(body: Body, { required = [], optional = [], blocks = [] }: Shape, range: Range, found: Diagnostics): void {
  const names = [...required, ...optional];
  for (const [name, { range: place }] of body.attributes)
    if (!names.includes(name)) found.add(unexpectedArgument(name, names, blocks, place));
  for (const block of body.blocks) if (!blocks.includes(block.type)) found.add(unexpectedBlock(block, blocks, names));
  for (const name of required) if (!body.attributes.has(name)) found.add(missingArgument(name, range));
}

export function unexpectedArgument(name: string, names: readonly string[], blocks: readonly string[], range: Range) {
  const hint = blocks.includes(name) ? ` Did you mean to define a block of type "${name}"?` : didYouMean(name, names);
  return problem('error', 'Unsupported argument', `An argument named "${name}" is not expected here.${hint}`, range);
}

export function unexpectedBlock({ type, range }: Pick<Block, 'type' | 'range'>, blocks: readonly string[], names: readonly string[]) {
  const hint = names.includes(type)
    ? ` Did you mean to define argument "${type}"? If so, use the equals sign to assign it a value.`
    : didYouMean(type, blocks);
  return problem('error', 'Unsupported block type', `Blocks of type "${type}" are not expected here.${hint}`, range);
}

export function missingArgument(name: string, range: Range) {
  return problem('error', 'Missing required argument', `The argument "${name}" is required, but no definition was found.`, range);
}

/** The value of an expression in which nothing may be named, but for what `root` gives. */
export function evaluateConstant(expression: Expression, root: Scope['root'] = () => undefined): Value {
  const [named] = expression.references();
  if (named && root(named.path[0] ?? '') === undefined)
    throw expressionError('Variables not allowed', 'Variables may not be used here.', named.range);
  return expression.evaluate({ folder: '.', root, nowMs: () => 0, randomHex: (digits) => '0'.repeat(digits) });
}

/** The value of an argument that must be constant; undefined when it is not there. */
export function constant(body: Body, name: string, type: Type): Value | undefined {
  const expression = body.attributes.get(name);
  return expression && converted(evaluateConstant(expression), type, name, expression.range);
}

export function constantText(body: Body, name: string): string | undefined {
  return (constant(body, name, 'string') ?? undefined) as string | undefined;
}

export function constantFlag(body: Body, name: string): boolean | undefined {
  return (constant(body, name, 'bool') ?? undefined) as boolean | undefined;
}

/** @throws LanguageError "Incorrect attribute value type" */
export function converted(value: Value, type: Type, name: string, range: Range): Value {
  try {
    return convertTo(value, type);
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    throw typeError(`Inappropriate value for attribute "${name}": ${error.message}.`, range, 'Incorrect attribute value type');
  }
}

/** What `depends_on` names, quoted (Terraform 0.11) or not. */
export function dependencies(body: Body, found: Diagnostics): readonly Reference[] {
  const expression = body.attributes.get('depends_on');
  const traversals = expression && staticTraversals(expression);
  if (expression && traversals === undefined)
    found.add(
      problem(
        'error',
        'Invalid expression',
        'A static list of references to resources and modules is required in depends_on.',
        expression.range,
      ),
    );
  return (traversals ?? []).map(({ steps, range }) => ({
    path: steps.flatMap((step) => ('name' in step ? [step.name] : [])),
    keys: [],
    range,
  }));
}

/** `condition` and `error_message` of each block of this type. `variable` is the one that validations are to look at. */
export function conditions(body: Body, type: string, found: Diagnostics, variable?: string): Condition[] {
  return body.blocks
    .filter((block) => block.type === type)
    .flatMap(({ body: inner, range }) => {
      checkShape(inner, { required: ['condition', 'error_message'] }, range, found);
      const [condition, message] = [inner.attributes.get('condition'), inner.attributes.get('error_message')];
      if (condition === undefined || message === undefined) return [];
      checkSubject(condition, type, variable, found);
      return [{ condition, message, range: condition.range, declared: range }];
    });
}

/** A condition that looks at nothing always holds, or never. */
function checkSubject(condition: Expression, type: string, variable: string | undefined, found: Diagnostics): void {
  const references = condition.references();
  if (references.length === 0) {
    const detail =
      'The condition expression must refer to at least one object from elsewhere in the configuration, or else its result would not be checking anything.';
    found.add(problem('error', `Invalid ${type} expression`, detail, condition.range));
  }
  if (variable === undefined || references.some(({ path }) => path[0] === 'var' && path[1] === variable)) return;
  const detail = `The condition for variable "${variable}" must refer to var.${variable} in order to test incoming values.`;
  found.add(problem('error', 'Invalid variable validation condition', detail, condition.range));
}

/** The address that an argument of a `moved`, `removed` or `import` block names. */
export function targetOf(expression: Expression): Target {
  const [traversal] = staticTraversals(expression) ?? [];
  const target = traversal && parseTarget(traversalText(traversal));
  if (target === undefined)
    throw configurationError(
      'Invalid address',
      'A resource or module address is required here: names, with constant keys in brackets.',
      expression.range,
    );
  return target;
}

/** A block's labels must be these. */
export function checkLabels({ type, labels, range }: Block, names: readonly string[], found: Diagnostics): boolean {
  if (labels.length === names.length) return checkName({ type, labels, range }, found);
  const missing = names[labels.length];
  const [summary, detail] =
    missing === undefined
      ? [
          `Extraneous label for ${type}`,
          names.length === 0
            ? `No labels are expected for ${type} blocks.`
            : `Only ${names.length} labels (${names.join(', ')}) are expected for ${type} blocks.`,
        ]
      : [`Missing ${missing} for ${type}`, `All ${type} blocks must have ${names.length} labels (${names.join(', ')}).`];
  found.add(problem('error', summary, detail, range));
  return false;
}

/** `count` and `for_each` of one block. */
export function refuseBoth({ count, forEach }: Repetition, found: Diagnostics): void {
  if (count === undefined || forEach === undefined) return;
  const detail =
    'The "count" and "for_each" meta-arguments are mutually-exclusive, only one should be used to be explicit about the number of resources to be created.';
  found.add(problem('error', 'Invalid combination of "count" and "for_each"', detail, forEach.range));
}

/** What Terraform calls the names of blocks that expressions refer to. */
const nameTitles: Readonly<Record<string, string>> = {
  variable: 'variable name',
  output: 'output name',
  resource: 'resource name',
  data: 'data resource name',
  module: 'module instance name',
  check: 'check block name',
};

function checkName({ type, labels, range }: Pick<Block, 'type' | 'labels' | 'range'>, found: Diagnostics): boolean {
  const title = nameTitles[type];
  if (title === undefined || /^[\p{ID_Start}_][\p{ID_Continue}-]*$/u.test(labels.at(-1) ?? '')) return true;
  const detail = 'A name must start with a letter or underscore and may contain only letters, digits, underscores, and dashes.';
  found.add(problem('error', `Invalid ${title}`, detail, range));
  return false;
}

/** `aws` or `aws.west`, as the `provider` argument names it. */
export function providerName(expression: Expression): string {
  const [traversal, ...more] = staticTraversals(expression) ?? [];
  if (traversal === undefined || more.length > 0 || traversal.steps.length > 2 || traversal.steps.some((step) => 'key' in step))
    throw configurationError(
      'Invalid provider reference',
      'The provider argument requires a provider type name, optionally followed by a period and then a configuration alias.',
      expression.range,
    );
  return traversalText(traversal);
}
