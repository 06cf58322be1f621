import type { Vu } from '../vu/vu.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- k6's functions take what scripts give them
export type HostFunction = (this: Vu, ...args: any[]) => unknown;

const vuOf = Symbol('vu');

/**
 * A module whose functions know their VU. Each is bound when it is first asked for, so a VU pays
 * for what its script uses: many thousand VUs hold a few functions each instead of dozens.
 */
export function moduleOf(
  functions: Readonly<Record<string, HostFunction>>,
  factories: Readonly<Record<string, (vu: Vu) => unknown>> = {},
): new (vu: Vu) => object {
  // oxlint-disable-next-line typescript/no-extraneous-class -- its members are defined below, lazily
  class HostModule {
    constructor(vu: Vu) {
      Object.defineProperty(this, vuOf, { value: vu });
    }
  }
  const lazy = (name: string, make: (vu: Vu) => unknown): void => {
    const define = (self: object, value: unknown): unknown => {
      Object.defineProperty(self, name, { value, writable: true, enumerable: true, configurable: true });
      return value;
    };
    Object.defineProperty(HostModule.prototype, name, {
      get(this: { [vuOf]: Vu }) {
        return define(this, make(this[vuOf]));
      },
      set(this: object, value: unknown) {
        define(this, value);
      },
      enumerable: true,
      configurable: true,
    });
  };
  for (const [name, fn] of Object.entries(functions)) lazy(name, (vu) => fn.bind(vu));
  for (const [name, make] of Object.entries(factories)) lazy(name, make);
  if (!('default' in factories))
    Object.defineProperty(HostModule.prototype, 'default', {
      get(this: object) {
        return this;
      },
      configurable: true,
    });
  return HostModule;
}

export function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

/** What k6's functions make of an argument that is to be a text. */
export function textOf(value: unknown): string {
  return isAbsent(value) ? '' : String(value);
}
