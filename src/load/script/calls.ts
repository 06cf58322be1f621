import type { AnyNode } from 'acorn';
import type { CallNode } from './syntax.ts';
import type { Blocks, Fn } from './scope.ts';

/** What the flow analysis finds out. */

export interface Call {
  readonly node: CallNode;
  /** The function that makes the call. */
  readonly fn: Fn;
  readonly callee: AnyNode;
  /** Flow variables of the callee. */
  readonly names: readonly string[];
  /** Arguments as the callee sees them (without the `this` of `.call`). */
  readonly args: readonly AnyNode[];
  /** `.method` or `.name` by which it is known, or `[]`. */
  readonly key: string;
  readonly isMethod: boolean;
  readonly isNew: boolean;
  readonly isSuper: boolean;
  /** Reached through `.call`, `.apply` or `Reflect.apply`. */
  readonly isIndirect: boolean;
  /** A method of one of the engine's own objects: `Math.max`. */
  readonly isNative: boolean;
  /** Those that arrived at the callee one by one. */
  readonly targets: Set<Fn>;
  /** Besides, every function that is stored anywhere. */
  reachesStored: boolean;
  /** No target is known by name, so that any function that is stored anywhere may be meant. */
  isGuess: boolean;
  blocks: Blocks;
  /** To be made through the run time's awaiting twin of a native method. */
  usesTwin: boolean;
}

export interface Flow {
  readonly calls: readonly Call[];
  readonly loops: readonly (AnyNode & { type: 'ForOfStatement' })[];
  callOf(node: AnyNode): Call | undefined;
  /** Nothing that the call may reach is in the script. */
  reachesNothing(call: Call): boolean;
  /** Functions among the arguments, and among the values of literal objects there. */
  callbacksOf(call: Pick<Call, 'key' | 'args'>): Reach;
  /** The functions that are stored in some property or element. */
  readonly stored: ReadonlySet<Fn>;
}

/**
 * Functions that a variable may hold. In a library most variables may hold whatever is stored anywhere; these thousands are not
 * listed again for each, but said once.
 */
export interface Reach {
  readonly fns: ReadonlySet<Fn>;
  /** And all stored ones. */
  readonly stored: boolean;
}
