import { expressionError } from './diagnostic.ts';
import type { Fault } from './explain.ts';
import { Sensitive, Unknown, unknown } from './types.ts';
import type { Block, Body, Expression, NamedValue, Reference, Scope, Value } from './types.ts';
import { isList, isRecord, isSet, markSensitive, record, sortedKeys } from './values.ts';

/**
 * A body whose `dynamic` blocks, at any depth, have given way to the blocks they stand for. Expressions of those know
 * their iterator. A `for_each` known only after apply gives one block, in which the iterator's key and value are unknown.
 * @throws PlimsollError PL_TERRAFORM_EXPRESSION
 */
export function expandDynamic(body: Body, scope: Scope): Body {
  if (!body.blocks.some(hasDynamic)) return body;
  return { ...body, blocks: body.blocks.flatMap((block) => expandBlock(block, scope)) };
}

function hasDynamic(block: Block): boolean {
  return block.type === 'dynamic' || block.body.blocks.some(hasDynamic);
}

function expandBlock(block: Block, scope: Scope): Block[] {
  if (block.type !== 'dynamic') return [{ ...block, body: expandDynamic(block.body, scope) }];
  const [type] = block.labels;
  const { attributes, blocks } = block.body;
  const forEach = attributes.get('for_each');
  const content = blocks.find((inner) => inner.type === 'content');
  if (type === undefined || !forEach)
    throw expressionError('Missing required argument', 'The argument "for_each" is required, but no definition was found.', block.range);
  if (!content)
    throw expressionError(
      'Missing required block',
      'A dynamic block must have a block "content", the body of each generated block.',
      block.range,
    );
  const iterator = attributes.get('iterator')?.references()[0]?.path[0] ?? type;
  return elementsOf(forEach.evaluate(scope), forEach).map((element) => {
    const inner = withName(scope, iterator, element);
    const labels = attributes.get('labels')?.evaluate(inner) ?? [];
    return {
      type,
      labels: isList(labels) ? labels.map(String) : [],
      body: bindBody(expandDynamic(content.body, inner), iterator, element),
      range: content.range,
    };
  });
}

/** Key and value of each, as the iterator's object has them. */
function elementsOf(given: Value, forEach: Expression): Value[] {
  const sensitive = given instanceof Sensitive;
  const collection = sensitive ? given.value : given;
  const element = (key: Value, value: Value): Value => record([['key', key], ['value', sensitive ? markSensitive(value) : value]]); // prettier-ignore
  if (collection instanceof Unknown) return [element(unknown, unknown)];
  if (isList(collection)) return collection.map((item, index) => element(isSet(collection) ? item : index, item));
  if (isRecord(collection)) return sortedKeys(collection).map((key) => element(key, collection[key] as Value));
  const detail =
    collection === null
      ? 'Cannot use a null value in for_each.'
      : 'Cannot use a value of this type in for_each. An iterable collection is required.';
  throw expressionError('Invalid dynamic for_each value', detail, forEach.range);
}

function withName(scope: Scope, name: string, value: Value): Scope {
  return {
    folder: scope.folder,
    ...(scope.planning === true && { planning: true }),
    nowMs: () => scope.nowMs(),
    randomHex: (digits) => scope.randomHex(digits),
    root: (root) => (root === name ? value : scope.root(root)),
  };
}

function bindBody(body: Body, name: string, value: Value): Body {
  return {
    attributes: new Map([...body.attributes].map(([key, expression]) => [key, new BoundExpression(expression, name, value)])),
    blocks: body.blocks.map((block) => ({ ...block, body: bindBody(block.body, name, value) })),
    range: body.range,
  };
}

/** An expression one of whose root names is settled. */
class BoundExpression implements Expression {
  readonly #inner: Expression;
  readonly #name: string;
  readonly #value: Value;

  constructor(inner: Expression, name: string, value: Value) {
    this.#inner = inner;
    this.#name = name;
    this.#value = value;
  }

  get range(): Expression['range'] {
    return this.#inner.range;
  }

  references(): readonly Reference[] {
    return this.#inner.references().filter(({ path }) => path[0] !== this.#name);
  }

  evaluate(scope: Scope): Value {
    return this.#inner.evaluate(withName(scope, this.#name, this.#value));
  }

  explain(scope: Scope, fault?: Fault): readonly NamedValue[] {
    return this.#inner.explain(withName(scope, this.#name, this.#value), fault);
  }
}
