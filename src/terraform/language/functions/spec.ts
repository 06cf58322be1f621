import type { Source } from '../source.ts';
import type { Scope, Value } from '../types.ts';
import type { Dictionary, List, Type } from '../values.ts';

/** What a function knows besides its arguments. */
export interface CallContext {
  readonly scope: Scope;
  /** The text of a template with `vars` as its root names. */
  renderTemplate(source: Source, vars: Dictionary): Value;
}

/** An argument's name, type and how much of it has to be known. */
export interface Parameter<T extends Value = Value> {
  readonly name: string;
  readonly type: Type;
  readonly nullable: boolean;
  /**
   * The function looks at the collection, not into its elements: they may be unknown or sensitive. Without it an
   * argument with anything unknown inside makes the result unknown, and one with anything sensitive inside makes it sensitive.
   */
  readonly shallow: boolean;
  /** The function sees to unknown and sensitive values itself. */
  readonly raw?: boolean;
  /** Never a value: carries the type of the converted argument. */
  readonly _type?: T;
}

type Arguments<P extends readonly Parameter[]> = { [K in keyof P]: P[K] extends Parameter<infer T> ? T : never };

export interface FunctionSpec {
  readonly parameters: readonly Parameter[];
  /** All further arguments. */
  readonly rest: Parameter | undefined;
  /** How many of `parameters` may be left out, from the last. */
  readonly optional: number;
  /** Called with known arguments, converted and open. @throws FunctionFault */
  readonly run: (args: Value[], rest: Value[], context: CallContext) => Value;
}

/** A function refuses its arguments; `argument` is the name of the one to blame. */
export class FunctionFault extends Error {
  readonly argument: string | undefined;

  constructor(message: string, argument?: string) {
    super(message);
    this.argument = argument;
  }
}

export function define<const P extends readonly Parameter[], R extends Value = never>(
  parameters: P,
  run: (args: Arguments<P>, rest: R[], context: CallContext) => Value,
  { rest, optional = 0 }: { rest?: Parameter<R>; optional?: number } = {},
): FunctionSpec {
  return { parameters, rest, optional, run: run as unknown as FunctionSpec['run'] };
}

export const text = (name: string): Parameter<string> => ({ name, type: 'string', nullable: false, shallow: false });
export const number = (name: string): Parameter<number> => ({ name, type: 'number', nullable: false, shallow: false });
export const bool = (name: string): Parameter<boolean> => ({ name, type: 'bool', nullable: false, shallow: false });
export const listOf = <T extends Value>(name: string, of: Type): Parameter<readonly T[]> => ({
  name,
  type: { kind: 'list', of },
  nullable: false,
  shallow: false,
});
export const texts = (name: string): Parameter<readonly string[]> => listOf<string>(name, 'string');
/** Any value, wholly known. */
export const whole = (name: string): Parameter => ({ name, type: 'any', nullable: true, shallow: false });
/** Any value but null; what is inside may be unknown or sensitive. */
export const loose = (name: string): Parameter => ({ name, type: 'any', nullable: false, shallow: true });
/** Like `loose`, null as well. */
export const anything = (name: string): Parameter => ({ name, type: 'any', nullable: true, shallow: true });
export const looseList = (name: string): Parameter<List> => ({ name, type: { kind: 'list', of: 'any' }, nullable: false, shallow: true });
export const wholeSet = (name: string): Parameter<List> => ({ name, type: { kind: 'set', of: 'any' }, nullable: false, shallow: false });
export const looseSet = (name: string): Parameter<List> => ({ name, type: { kind: 'set', of: 'any' }, nullable: false, shallow: true });
/** Any value, as it is. */
export const raw = (name: string): Parameter => ({ name, type: 'any', nullable: true, shallow: true, raw: true });
