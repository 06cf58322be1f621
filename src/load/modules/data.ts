import { ScriptPromise } from '../script/promises.ts';
import type { Vu } from '../vu/vu.ts';
import { moduleOf } from './bound.ts';

/** https://grafana.com/docs/k6/latest/javascript-api/k6-data/: built once per process, frozen, shared by all VUs. */
export const DataModule = moduleOf(
  {},
  {
    SharedArray: (vu: Vu) =>
      function SharedArray(name: unknown, make: unknown): readonly unknown[] {
        if (vu.isInitialised) throw new Error('new SharedArray must be called in the init context');
        if (name === '') throw new Error("empty name provided to SharedArray's constructor");
        if (typeof make !== 'function') throw new Error("a function is expected as the second argument of SharedArray's constructor");
        const key = String(name);
        const known = vu.engine.sharedArrays.get(key);
        if (known) return known;
        const made: unknown = (make as () => unknown)();
        if (made instanceof ScriptPromise) throw new Error('SharedArray constructor does not support async functions as second argument');
        if (!Array.isArray(made)) throw new Error('only arrays can be made into SharedArray');
        const shared = deepFreeze(JSON.parse(JSON.stringify(made)) as unknown[]);
        vu.engine.sharedArrays.set(key, shared);
        return shared;
      },
  },
);

export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const item of Object.values(value)) deepFreeze(item);
    Object.freeze(value);
  }
  return value;
}
