import { webcrypto } from 'node:crypto';
import type { Vu } from '../vu/vu.ts';
import { moduleOf } from './bound.ts';
import { settleLater } from './later.ts';

/** Methods of SubtleCrypto (https://www.w3.org/TR/WebCryptoAPI/#subtlecrypto-interface). */
const subtleMethods = [
  'encrypt', 'decrypt', 'sign', 'verify', 'digest', 'generateKey', 'deriveKey', 'deriveBits', 'importKey', 'exportKey', 'wrapKey', 'unwrapKey',
] as const; // prettier-ignore

type Subtle = Record<string, (...args: unknown[]) => Promise<unknown>>;

/** The global `crypto` of a script: Node's, with promises that wait for their turn in the VU. */
export class ScriptCrypto {
  readonly #vu: Vu;
  #subtle: Record<string, (...args: unknown[]) => unknown> | undefined;

  constructor(vu: Vu) {
    this.#vu = vu;
  }

  get subtle(): Record<string, (...args: unknown[]) => unknown> {
    if (this.#subtle) return this.#subtle;
    const native = webcrypto.subtle as unknown as Subtle;
    const vu = this.#vu;
    this.#subtle = Object.fromEntries(
      subtleMethods.map((name) => [
        name,
        (...args: unknown[]): unknown => {
          vu.enter();
          return settleLater(vu, (native[name] as Subtle[string]).apply(native, args).then(shown));
        },
      ]),
    );
    return this.#subtle;
  }

  getRandomValues<T extends ArrayBufferView>(array: T): T {
    return webcrypto.getRandomValues(array as unknown as Uint8Array<ArrayBuffer>) as unknown as T;
  }

  randomUUID(): string {
    return webcrypto.randomUUID();
  }
}

/** As in k6, `JSON.stringify(key)` and `console.log(key)` show what a key is for. */
function shown(result: unknown): unknown {
  if (result instanceof CryptoKey) {
    const { type, extractable, algorithm, usages } = result;
    Object.defineProperty(result, 'toJSON', { value: () => ({ type, extractable, algorithm, usages }), configurable: true });
  } else if (typeof result === 'object' && result !== null && 'privateKey' in result) for (const key of Object.values(result)) shown(key);
  return result;
}

/** `k6/experimental/webcrypto`, as it was called before `crypto` became a global. */
export const WebcryptoModule = moduleOf({}, { crypto: (vu) => new ScriptCrypto(vu) });
