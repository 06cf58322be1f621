import { assert } from '../../base/index.ts';
import type { Vu } from '../vu/vu.ts';
import type { VuLoop } from '../vu/loop.ts';
import { moduleOf } from './bound.ts';

type Callback = (...args: unknown[]) => unknown;

/** https://grafana.com/docs/k6/latest/javascript-api/k6-timers/: the same as the globals. */
export const TimersModule = moduleOf({
  setTimeout(callback: unknown, delayMs?: unknown, ...args: unknown[]) {
    return start(this, callback, delayMs, args, false);
  },
  setInterval(callback: unknown, delayMs?: unknown, ...args: unknown[]) {
    return start(this, callback, delayMs, args, true);
  },
  clearTimeout(id?: unknown) {
    loopOf(this).clearTimer(id);
  },
  clearInterval(id?: unknown) {
    loopOf(this).clearTimer(id);
  },
});

function start(vu: Vu, callback: unknown, delayMs: unknown, args: readonly unknown[], repeats: boolean): number {
  vu.enter();
  if (typeof callback !== 'function')
    throw new TypeError(`${repeats ? 'setInterval' : 'setTimeout'} requires a function as first argument`);
  return loopOf(vu).setTimer(() => (callback as Callback)(...args), Number(delayMs ?? 0), repeats);
}

function loopOf(vu: Vu): VuLoop {
  assert(vu.loop, 'a script that mentions a timer has a loop');
  return vu.loop;
}
