import type { AttributeType, ObjectType, Type, Value } from '../language/index.ts';

/** The plain values of a resource or data source by argument and attribute: what the state file holds. */
export type Attributes = Readonly<Record<string, Value>>;

/** What may be said of an argument besides its type. */
export interface Traits {
  readonly required?: true;
  readonly optional?: true;
  /** The provider says the value when the configuration does not. */
  readonly computed?: true;
  /** Another value needs another resource. */
  readonly forceNew?: true;
  readonly sensitive?: true;
  /** Known only after the change whenever anything else of the resource changes. */
  readonly changing?: true;
  /** Used when the configuration gives none. */
  readonly fallback?: Value;
  /** Whether two spellings mean the same thing. */
  readonly same?: (before: Value, after: Value) => boolean;
  /** Spellings of older provider versions: they give the argument of this name. */
  readonly oldNameOf?: string;
}

/** An argument that takes an equals sign, or one that is only read. */
export interface Argument extends Traits {
  readonly kind: 'argument';
  readonly type: Type;
}

/** A nested block. `list` blocks keep their order; of `set` blocks it means nothing. */
export interface NestedBlock extends Traits {
  readonly kind: 'block';
  readonly collection: 'list' | 'set';
  readonly schema: Schema;
  readonly most?: number;
}

export type Schema = Readonly<Record<string, Argument | NestedBlock>>;

export const required: Traits = { required: true };
export const optional: Traits = { optional: true };
/** Optional, and said by the provider when left out. */
export const settled: Traits = { optional: true, computed: true };
export const computed: Traits = { computed: true };
export const forceNew: Traits = { forceNew: true };

const argument = (type: Type, traits: readonly Traits[]): Argument => Object.assign({ kind: 'argument' as const, type }, ...traits);

export const text = (...traits: Traits[]): Argument => argument('string', traits);
export const number = (...traits: Traits[]): Argument => argument('number', traits);
export const flag = (...traits: Traits[]): Argument => argument('bool', traits);
/** A value of whatever type it is given. */
export const anything = (...traits: Traits[]): Argument => argument('any', traits);
export const texts = (...traits: Traits[]): Argument => argument({ kind: 'list', of: 'string' }, traits);
export const textSet = (...traits: Traits[]): Argument => argument({ kind: 'set', of: 'string' }, traits);
export const textMap = (...traits: Traits[]): Argument => argument({ kind: 'map', of: 'string' }, traits);

export const blocks = (schema: Schema, ...traits: Traits[]): NestedBlock =>
  Object.assign({ kind: 'block' as const, collection: 'list' as const, schema }, ...traits);
export const blockSet = (schema: Schema, ...traits: Traits[]): NestedBlock =>
  Object.assign({ kind: 'block' as const, collection: 'set' as const, schema }, ...traits);
/** A block that may stand once. */
export const block = (schema: Schema, ...traits: Traits[]): NestedBlock => ({ ...blocks(schema, ...traits), most: 1 });

/** What every resource that carries tags has. `tags_all` has the provider's default tags too. */
export const tagged: Schema = { tags: textMap(optional), tags_all: textMap(settled) };

/** The type of a resource's, or a nested block's, values: blocks are lists or sets of objects, and may all be left out. */
export function objectType(schema: Schema): ObjectType {
  let type = objectTypes.get(schema);
  if (type === undefined) {
    const attributes = Object.entries(schema).map(([name, item]): [string, AttributeType] => {
      if (item.kind === 'argument') return [name, { type: item.type, optional: true, fallback: undefined }];
      return [name, { type: { kind: item.collection, of: objectType(item.schema) }, optional: true, fallback: [] }];
    });
    objectTypes.set(schema, (type = { kind: 'object', attributes: new Map(attributes) }));
  }
  return type;
}

const objectTypes = new WeakMap<Schema, ObjectType>();
