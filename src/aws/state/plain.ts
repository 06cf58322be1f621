/**
 * The SDK's types as plain data: a `Date` becomes epoch milliseconds, so that what stands in the state
 * survives JSON, and bytes may be given as base64.
 */
export type Plain<T> = T extends Date
  ? number
  : T extends Uint8Array
    ? Uint8Array | string
    : T extends readonly (infer Item)[]
      ? Plain<Item>[]
      : T extends object
        ? { [Key in keyof T]: Plain<T[Key]> }
        : T;
