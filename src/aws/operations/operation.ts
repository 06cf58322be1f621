import type { Place } from '../state/place.ts';
import type { Plain } from '../state/plain.ts';

/** What an operation may know of the request besides its input. */
export interface RequestContext {
  readonly accessKeyId: string | undefined;
  readonly requestId: string;
}

type Handler<Method> = Method extends (input: infer Input, options: never, done: infer Done) => void
  ? Done extends (error: never, data?: infer Output) => void
    ? (input: Plain<NonNullable<Input>>, at: Place, request: RequestContext) => Plain<Omit<NonNullable<Output>, '$metadata'>> | void
    : never
  : never;

/**
 * Operations of one service by name, typed by the SDK's client: `Operations<EC2>` takes
 * `DescribeVpcs(input, at) { … }` and knows both shapes. One entry here is all that an operation needs:
 * the codecs, the validation and the table in docs/aws-operations.md follow from it.
 */
export type Operations<Client> = {
  readonly [Key in keyof Client & string as Capitalize<Key>]?: Handler<Client[Key]>;
};

/** A handler as the dispatcher calls it, its types proved where it was written. */
export type AnyHandler = (input: Record<string, unknown>, at: Place, request: RequestContext) => Record<string, unknown> | void;
export type OperationTable = Readonly<Record<string, AnyHandler>>;

/** What a handler takes and gives, for callers within the process. */
export type InputOf<Entry> = NonNullable<Entry> extends (input: infer Input, ...rest: never[]) => unknown ? Input : never;
export type OutputOf<Entry> = NonNullable<Entry> extends (...given: never[]) => infer Output ? Exclude<Output, void> : never;
