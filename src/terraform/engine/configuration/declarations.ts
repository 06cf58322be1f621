import { convertTo, Mismatch, typeOfConstraint, unknown, type Block, type Expression, type Type } from '../../language/index.ts';
import { configurationError, problem, type Diagnostics } from '../diagnostics.ts';
import { checkProviderBlock } from './providerBlock.ts';
import { checkLabels, checkShape, conditions, constantFlag, constantText, dependencies, evaluateConstant, targetOf } from './shape.ts';
import type { Backend, Import, Moved, OutputDeclaration, ProviderDeclaration, Removed, VariableDeclaration } from './types.ts';

/** The blocks of a module that are not resources, one function each. What is wrong goes into `found`. */

/** Arguments of a `module` block itself: a variable of this name could not be given a value. */
const reserved = new Set(['source', 'version', 'providers', 'count', 'for_each', 'lifecycle', 'depends_on', 'locals']);

export function readVariable(block: Block, found: Diagnostics): VariableDeclaration | undefined {
  if (!checkLabels(block, ['name'], found)) return undefined;
  const { body, range } = block;
  const name = block.labels[0] ?? '';
  if (reserved.has(name)) {
    const detail = `The variable name "${name}" is reserved due to its special meaning inside module blocks.`;
    found.add(problem('error', 'Invalid variable name', detail, range));
  }
  const optional = ['type', 'default', 'description', 'nullable', 'sensitive', 'ephemeral', 'deprecated'];
  checkShape(body, { optional, blocks: ['validation'] }, body.range, found);
  const constraint = body.attributes.get('type');
  const type: Type = (constraint && found.attempt(() => typeOfConstraint(constraint))) ?? 'any';
  const nullable = found.attempt(() => constantFlag(body, 'nullable')) ?? true;
  return {
    name,
    type,
    typed: constraint !== undefined,
    fallback: found.attempt(() => fallbackOf(block, type, nullable)),
    nullable,
    sensitive: found.attempt(() => constantFlag(body, 'sensitive')) ?? false,
    description: found.attempt(() => constantText(body, 'description')) ?? '',
    validations: conditions(body, 'validation', found, name),
    range,
  };
}

function fallbackOf({ body }: Block, type: Type, nullable: boolean) {
  const expression = body.attributes.get('default');
  if (expression === undefined) return undefined;
  const given = evaluateConstant(expression);
  if (given === null && !nullable)
    throw configurationError(
      'Invalid default value for variable',
      'A null default value is not valid when nullable=false.',
      expression.range,
    );
  try {
    return convertTo(given, type);
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    const detail = `This default value is not compatible with the variable's type constraint: ${error.message}.`;
    throw configurationError('Invalid default value for variable', detail, expression.range);
  }
}

export function readOutput(block: Block, found: Diagnostics): OutputDeclaration | undefined {
  if (!checkLabels(block, ['name'], found)) return undefined;
  const { body, range } = block;
  const optional = ['description', 'sensitive', 'depends_on', 'ephemeral', 'deprecated'];
  checkShape(body, { required: ['value'], optional, blocks: ['precondition'] }, body.range, found);
  const value = body.attributes.get('value');
  if (value === undefined) return undefined;
  return {
    name: block.labels[0] ?? '',
    value,
    sensitive: found.attempt(() => constantFlag(body, 'sensitive')) ?? false,
    description: found.attempt(() => constantText(body, 'description')) ?? '',
    dependsOn: dependencies(body, found),
    preconditions: conditions(body, 'precondition', found),
    range,
  };
}

export function readProvider(block: Block, found: Diagnostics): ProviderDeclaration | undefined {
  if (!checkLabels(block, ['name'], found)) return undefined;
  const { body, range } = block;
  checkProviderBlock(block, found);
  const alias = found.attempt(() => constantText(body, 'alias'));
  const attributes = new Map([...body.attributes].filter(([name]) => name !== 'alias' && name !== 'version'));
  return { name: block.labels[0] ?? '', alias, body: { ...body, attributes }, range };
}

export function readMoved({ body }: Block, found: Diagnostics): Moved | undefined {
  checkShape(body, { required: ['from', 'to'] }, body.range, found);
  const [from, to] = [body.attributes.get('from'), body.attributes.get('to')];
  return from && to && found.attempt(() => ({ from: targetOf(from), to: targetOf(to), range: from.range }));
}

export function readRemoved({ body }: Block, found: Diagnostics): Removed | undefined {
  checkShape(body, { required: ['from'], blocks: ['lifecycle'] }, body.range, found);
  const from = body.attributes.get('from');
  const lifecycle = body.blocks.find(({ type }) => type === 'lifecycle');
  if (lifecycle) checkShape(lifecycle.body, { required: ['destroy'] }, lifecycle.body.range, found);
  const destroy = (lifecycle && found.attempt(() => constantFlag(lifecycle.body, 'destroy'))) ?? true;
  return from && found.attempt(() => ({ from: targetOf(from), destroy, range: from.range }));
}

export function readImport({ body }: Block, found: Diagnostics): Import | undefined {
  checkShape(body, { required: ['to', 'id'], optional: ['provider', 'for_each'] }, body.range, found);
  const [to, id, forEach] = [body.attributes.get('to'), body.attributes.get('id'), body.attributes.get('for_each')];
  if (forEach)
    found.add(
      problem(
        'error',
        'Unsupported argument',
        'Plimsoll reads import blocks without for_each: write one block for each object.',
        forEach.range,
      ),
    );
  return to && id && found.attempt(() => ({ target: targetOf(to), id, range: to.range }));
}

export interface Settings {
  readonly backend: Backend | undefined;
  /** Sources by the local name of the provider. */
  readonly providerSources: ReadonlyMap<string, string>;
}

/** The `terraform` blocks of a module together. Versions are Terraform's and its providers' to hold; here they say nothing. */
export function readSettings(blocks: readonly Block[], found: Diagnostics): Settings {
  let backend: Backend | undefined;
  const providerSources = new Map<string, string>();
  for (const { body } of blocks) {
    const inner = ['required_providers', 'backend', 'cloud', 'provider_meta'];
    checkShape(body, { optional: ['required_version', 'experiments', 'language'], blocks: inner }, body.range, found);
    for (const block of body.blocks) {
      if (block.type === 'required_providers') readRequired(block.body.attributes, providerSources, found);
      else if (block.type === 'backend') backend = found.attempt(() => readBackend(block));
      else if (block.type === 'cloud') backend = { type: 'cloud', settings: new Map(), range: block.range };
    }
  }
  return { backend, providerSources };
}

function readBackend({ labels, body, range }: Block): Backend {
  const settings = [...body.attributes].map(([name, expression]) => [name, evaluateConstant(expression)] as const);
  return { type: labels[0] ?? '', settings: new Map(settings), range };
}

/** `configuration_aliases` holds names of providers, which have no value. */
function readRequired(attributes: ReadonlyMap<string, Expression>, sources: Map<string, string>, found: Diagnostics): void {
  for (const [name, expression] of attributes) {
    const value = found.attempt(() => evaluateConstant(expression, () => unknown));
    const source = value !== null && typeof value === 'object' && 'source' in value ? value.source : undefined;
    sources.set(name, typeof source === 'string' ? source.replace(/^registry\.terraform\.io\//, '') : `hashicorp/${name}`);
  }
}
