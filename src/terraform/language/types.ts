/** Where something stands in a file, counted from 1. */
export interface Range {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/**
 * A value of Terraform's language. Lists, sets and tuples are arrays, maps and objects are records without a prototype.
 * `Unknown` stands for what is known only after apply; it may stand anywhere in a value.
 */
export type Value = null | boolean | number | string | Unknown | Sensitive | readonly Value[] | { readonly [key: string]: Value };

/** Known after apply. One instance, `unknown`. */
export class Unknown {
  readonly kind = 'unknown';
}

export const unknown = new Unknown();

/** A value that is not to be shown. Whatever is made of it is sensitive too. */
export class Sensitive {
  readonly kind = 'sensitive';
  readonly value: Value;

  constructor(value: Value) {
    this.value = value;
  }
}

/** `aws_lb.this[0].dns_name`: the first names of a traversal, as far as they are names. */
export interface Reference {
  /** `['aws_lb', 'this', 'dns_name']`, `['var', 'image']`, `['data', 'aws_vpc', 'default', 'id']`. */
  readonly path: readonly string[];
  /** Where a key in brackets or a splat stands between the names: after how many of them. */
  readonly keys: readonly ReferenceKey[];
  readonly range: Range;
}

export interface ReferenceKey {
  readonly after: number;
  readonly splat: boolean;
}

/** What names mean where an expression is evaluated. */
export interface Scope {
  /**
   * The value of a root name: `var`, `local`, `data`, `module`, `path`, `terraform`, `each`, `count`, `self`, or a resource type,
   * which stands for a record of the resources of that type. Undefined: there is no such name here.
   */
  root(name: string): Value | undefined;
  /** The folder that file functions start from. */
  readonly folder: string;
  /** Nothing is applied yet: what `timestamp()`, `uuid()` and `bcrypt()` give is not known. */
  readonly planning?: boolean;
  /** `timestamp()` and its kin. */
  nowMs(): number;
  /** `uuid()` and its kin; hex digits. */
  randomHex(digits: number): string;
}

export interface Expression {
  readonly range: Range;
  /** Everything outside itself that it refers to. */
  references(): readonly Reference[];
  /** @throws PlimsollError PL_TERRAFORM_EXPRESSION, with place and excerpt. */
  evaluate(scope: Scope): Value;
  /** What its names stand for, for an error to tell: `var.n is 3`. `fault` is what is wrong with its value. */
  explain(scope: Scope, fault?: 'unknown' | 'sensitive'): readonly NamedValue[];
}

/** What a name in a faulty expression stands for: `var.n` `is 3`. */
export interface NamedValue {
  readonly traversal: string;
  readonly statement: string;
}

export interface Body {
  readonly attributes: ReadonlyMap<string, Expression>;
  /** Nested blocks in their order, `dynamic` ones among them as they are written. */
  readonly blocks: readonly Block[];
  readonly range: Range;
}

export interface Block {
  readonly type: string;
  readonly labels: readonly string[];
  readonly body: Body;
  readonly range: Range;
}

/** A folder's .tf and .tf.json files, overrides merged. */
export interface ModuleSource {
  readonly folder: string;
  /** Top-level blocks of all files, in order of file name and place. */
  readonly blocks: readonly Block[];
}
