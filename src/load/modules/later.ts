import { assert } from '../../base/index.ts';
import type { ScriptPromise } from '../script/promises.ts';
import type { Vu } from '../vu/vu.ts';

/** The result of an operation that nobody blocks on, as a promise of the script's: settled by a job of the VU's loop. */
export function settleLater(vu: Vu, pending: Promise<unknown>): ScriptPromise {
  const { loop, promiseClass } = vu;
  assert(loop && promiseClass, 'a script that can ask for a promise has a loop');
  const promise = new promiseClass(undefined);
  const ready = loop.begin();
  pending.then(
    (value) => ready(() => promise.resolveWith(value)),
    (error: unknown) => ready(() => promise.rejectWith(error)),
  );
  return promise;
}
