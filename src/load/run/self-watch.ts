import { monotonicMs, systemClock, type Timer } from '../../base/index.ts';

const PERIOD_MS = 20;

/**
 * A load process watches itself: when its timers come late or its core is full, what it measures is
 * partly its own slowness, and the summary has to say so.
 */
export class SelfWatch {
  #timer: Timer | undefined;
  #dueMs = 0;
  #lagMs = 0;
  #cpu = process.cpuUsage();
  #takenAtMs = monotonicMs();

  start(): void {
    this.#cpu = process.cpuUsage();
    this.#takenAtMs = monotonicMs();
    this.#dueMs = this.#takenAtMs + PERIOD_MS;
    this.#timer = systemClock.every(PERIOD_MS, () => {
      const nowMs = monotonicMs();
      this.#lagMs = Math.max(this.#lagMs, nowMs - this.#dueMs);
      this.#dueMs = nowMs + PERIOD_MS;
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Since the last time: the longest delay of a timer, and how many cores were busy. */
  take(): { lagMs: number; cores: number } {
    const nowMs = monotonicMs();
    const cpu = process.cpuUsage(this.#cpu);
    const spanMs = nowMs - this.#takenAtMs;
    const taken = { lagMs: this.#lagMs, cores: spanMs > 0 ? (cpu.user + cpu.system) / 1000 / spanMs : 0 };
    this.#cpu = process.cpuUsage();
    this.#takenAtMs = nowMs;
    this.#lagMs = 0;
    return taken;
  }
}
