import { constants } from 'node:os';

/**
 * What Linux offers and Node has no name for: timers that are files, short turns, an end with the parent's. Called in libc through `node:ffi`, which
 * a process has that is started with `linuxFlags`.
 */
export interface Linux {
  /** A new timer, as a descriptor that can be read once it has expired: timerfd_create(2). */
  createTimer(): number;
  /** Lets it expire after a delay, instead of when it was set to expire before: timerfd_settime(2). */
  setTimer(descriptor: number, delayMs: number): void;
  /**
   * Asks for short turns at the processor for the calling thread. Its share stays the same, but when it wakes up it need not wait
   * for the end of the turn of another thread, which are some 3 ms: sched_setattr(2), from Linux 6.12 on; older ones take no notice.
   * A real-time policy is left as it is.
   */
  takeShortTurns(turnMs: number): void;
  /** Ends this process by SIGKILL when the thread that started it ends, whatever it is doing then: PR_SET_PDEATHSIG of prctl(2). */
  endWithParent(): void;
}

/** Flags of Node with which a process finds its `Linux`; none where there is none. */
export const linuxFlags: readonly string[] =
  process.platform === 'linux' && process.allowedNodeEnvironmentFlags.has('--experimental-ffi')
    ? ['--experimental-ffi', '--disable-warning=ExperimentalWarning']
    : [];

/** Numbers of system calls that have had a function in libc since 2025 only: arch/…/syscall.tbl of the kernel. */
const numbers: Readonly<Record<string, { sched_setattr: bigint; sched_getattr: bigint } | undefined>> = {
  x64: { sched_setattr: 314n, sched_getattr: 315n },
  arm64: { sched_setattr: 274n, sched_getattr: 275n },
};

const CLOCK_MONOTONIC = 1;
const TFD_NONBLOCK_CLOEXEC = 0o2004000;
const SCHED_OTHER = 0;
const PR_SET_PDEATHSIG = 1;
/** `struct sched_attr`: u32 size, u32 policy, u64 flags, s32 nice, u32 priority, u64 runtime, u64 deadline, u64 period. */
const attributes = { bytes: 48, policyAt: 4, runtimeAt: 24 };
/** `struct itimerspec`: the seconds and nanoseconds of the interval, then those of the first expiry. */
const expiry = { bytes: 32, secondsAt: 16, nanosecondsAt: 24 };

/** Undefined on other systems and processors, with a libc that lacks these, and in a process that was started without the flags. */
export function findLinux(): Linux | undefined {
  const number = numbers[process.arch];
  const libc = number && openLibc();
  if (!libc) return undefined;
  const time = new DataView(new ArrayBuffer(expiry.bytes));
  return {
    createTimer: () => libc.functions.timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK_CLOEXEC),
    setTimer(descriptor, delayMs) {
      const ns = Math.max(1, Math.round(delayMs * 1e6));
      time.setBigInt64(expiry.secondsAt, BigInt(Math.floor(ns / 1e9)), true);
      time.setBigInt64(expiry.nanosecondsAt, BigInt(ns % 1e9), true);
      libc.functions.timerfd_settime(descriptor, 0, time, null);
    },
    takeShortTurns(turnMs) {
      const current = new DataView(new ArrayBuffer(attributes.bytes));
      const read = libc.functions.syscall(number.sched_getattr, 0n, current, BigInt(attributes.bytes), 0n);
      if (read !== 0n || current.getUint32(attributes.policyAt, true) !== SCHED_OTHER) return;
      current.setBigUint64(attributes.runtimeAt, BigInt(Math.round(turnMs * 1e6)), true);
      libc.functions.syscall(number.sched_setattr, 0n, current, 0n, 0n);
    },
    endWithParent: () => void libc.functions.prctl(PR_SET_PDEATHSIG, BigInt(constants.signals.SIGKILL)),
  };
}

// The functions end with the library: whoever has them holds it.
function openLibc() {
  if (!process.execArgv.includes('--experimental-ffi')) return undefined;
  try {
    return process.getBuiltinModule('node:ffi').dlopen(null, {
      timerfd_create: { arguments: ['i32', 'i32'], return: 'i32' },
      timerfd_settime: { arguments: ['i32', 'i32', 'buffer', 'pointer'], return: 'i32' },
      prctl: { arguments: ['i32', 'i64'], return: 'i32' },
      syscall: { arguments: ['i64', 'i64', 'buffer', 'i64', 'i64'], return: 'i64' },
    });
  } catch {
    return undefined;
  }
}
