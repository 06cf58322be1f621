import { assert, systemClock } from '../../base/index.ts';
import type { Linux } from './linux.ts';

/** A timer for fractions of a millisecond. Only one call waits at a time. */
export interface PreciseTimer {
  after(delayMs: number, fn: () => void): void;
}

/** The pipe of the event loop, which takes any descriptor that can be polled and read. */
interface PipeHandle {
  onread: () => void;
  open(descriptor: number): number;
  useUserBuffer(memory: Uint8Array): void;
  readStart(): number;
  unref(): void;
}

interface PipeBinding {
  Pipe: new (kind: number) => PipeHandle;
  constants: { SOCKET: number };
}

/**
 * Where the loop reads what a timer says, a number of 8 bytes; larger, or it would ask it twice. The loop has its address
 * only, so it must stay.
 */
const memory = Buffer.allocUnsafeSlow(16);

/**
 * A timer of the kernel in the event loop, which polls it beside the sockets: late by some 0.05 ms. Undefined where Node has no
 * such pipes.
 */
export function kernelTimer(linux: Linux): PreciseTimer | undefined {
  const binding = (process as { binding?: (name: string) => unknown }).binding?.('pipe_wrap') as PipeBinding | undefined;
  if (typeof binding?.Pipe.prototype.useUserBuffer !== 'function') return undefined;
  const descriptor = linux.createTimer();
  if (descriptor < 0) return undefined;
  const pipe = new binding.Pipe(binding.constants.SOCKET);
  if (pipe.open(descriptor) !== 0) return undefined;
  let waiting: (() => void) | undefined;
  pipe.onread = () => {
    const fn = waiting;
    waiting = undefined;
    fn?.();
  };
  pipe.useUserBuffer(memory);
  pipe.readStart();
  pipe.unref();
  return {
    after(delayMs, fn) {
      assert(waiting === undefined, 'a precise timer waits for one thing');
      waiting = fn;
      linux.setTimer(descriptor, delayMs);
    },
  };
}

/** The timers of the event loop, which count whole milliseconds. */
export const loopTimer: PreciseTimer = {
  after: (delayMs, fn) => void systemClock.after(Math.max(1, Math.floor(delayMs)), fn),
};
