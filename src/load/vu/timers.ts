import type { VuLoop } from './loop.ts';

/** A script's timers, globals and members of `k6/timers` alike. Times are milliseconds. */
export interface Timers {
  readonly setTimeout: (callback: unknown, delayMs?: unknown, ...args: unknown[]) => number;
  readonly setInterval: (callback: unknown, intervalMs?: unknown, ...args: unknown[]) => number;
  readonly clearTimeout: (id?: unknown) => void;
  readonly clearInterval: (id?: unknown) => void;
}

export function createTimers(loop: VuLoop, enter: () => void): Timers {
  const starter =
    (name: string, repeats: boolean) =>
    (callback: unknown, delayMs?: unknown, ...args: unknown[]): number => {
      enter();
      if (typeof callback !== 'function') throw new TypeError(`${name}'s callback isn't a callable function`);
      return loop.setTimer(() => (callback as (...args: unknown[]) => unknown)(...args), Number(delayMs), repeats);
    };
  const clear = (id?: unknown): void => loop.clearTimer(id);
  return { setTimeout: starter('setTimeout', false), setInterval: starter('setInterval', true), clearTimeout: clear, clearInterval: clear };
}
