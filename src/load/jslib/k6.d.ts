/** k6's modules, as far as the scripts of this folder use them. They are bundled with the script that imports them. */

declare module 'k6' {
  export function check(value: unknown, conditions: Readonly<Record<string, unknown>>, tags?: Readonly<Record<string, string>>): boolean;
}

declare module 'k6/crypto' {
  export function randomBytes(size: number): ArrayBuffer;
}

declare module 'k6/execution' {
  interface Stage {
    readonly duration: string;
    readonly target: number;
  }
  const execution: {
    readonly scenario: { readonly name: string; readonly startTime: number };
    readonly vu: { readonly tags: Record<string, string | number> };
    readonly test: {
      readonly options: {
        readonly stages?: readonly Stage[];
        readonly scenarios?: Readonly<Record<string, { readonly stages?: readonly Stage[] }>>;
      };
    };
  };
  export default execution;
}
