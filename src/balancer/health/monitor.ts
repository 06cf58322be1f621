import type { Clock, Random, Timer } from '../../base/index.ts';
import type { Target } from '../../model/index.ts';
import type { Check } from './check.ts';
import { checking, registering, stepHealth, type CheckResult, type Health } from './step.ts';

export type Probe = (target: Target, check: Check, clock: Clock) => Promise<CheckResult>;

/**
 * Checks one target for as long as it is registered and in use. A check begins every interval whatever
 * the last one does; when one is still under way, the turn is skipped, so that at most one is open.
 * The first begins at once; the following are shifted by chance, so that targets are not all checked together.
 */
export class HealthMonitor {
  health: Health = registering;
  readonly #target: Target;
  readonly #clock: Clock;
  readonly #probe: Probe;
  readonly #onStep: (flipped: boolean) => void;
  #check: Check;
  #timers: Timer[] = [];
  #held: Timer | undefined;
  #busy = false;
  #stopped = false;

  /** `onStep` runs whenever state, reason or description changed. */
  constructor(target: Target, check: Check, parts: { clock: Clock; random: Random; probe: Probe; onStep: (flipped: boolean) => void }) {
    this.#target = target;
    this.#check = check;
    this.#clock = parts.clock;
    this.#probe = parts.probe;
    this.#onStep = parts.onStep;
    this.#timers = [this.#clock.after(0, () => this.#begin())];
    this.#schedule(parts.random);
  }

  /** A changed configuration counts from the next check on; what is known of the target stays. */
  reconfigure(check: Check, random: Random): void {
    const sameCadence = check.intervalMs === this.#check.intervalMs;
    this.#check = check;
    if (sameCadence) return;
    this.#cancelTimers();
    this.#schedule(random);
  }

  stop(): void {
    this.#stopped = true;
    this.#held?.cancel();
    this.#cancelTimers();
  }

  #schedule(random: Random): void {
    const { intervalMs } = this.#check;
    const shift = this.#clock.after(random.float() * intervalMs, () => {
      this.#begin();
      this.#timers.push(this.#clock.every(intervalMs, () => this.#begin()));
    });
    this.#timers.push(shift);
  }

  #cancelTimers(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers = [];
  }

  #begin(): void {
    if (this.#busy || this.#stopped) return;
    this.#busy = true;
    if (this.health === registering) {
      this.health = checking;
      this.#onStep(false);
    }
    const { addedLatencyMs = 0, timeoutMs } = this.#check;
    if (addedLatencyMs > 0) this.#held = this.#clock.after(Math.min(addedLatencyMs, timeoutMs), () => this.#ask(addedLatencyMs));
    else this.#ask(0);
  }

  /** After so long a wait, which is part of the time that the target has. */
  #ask(waitedMs: number): void {
    const timeoutMs = this.#check.timeoutMs - waitedMs;
    if (timeoutMs <= 0) return this.#onResult({ outcome: 'timeout' });
    const check = waitedMs === 0 ? this.#check : { ...this.#check, timeoutMs };
    void this.#probe(this.#target, check, this.#clock).then((result) => this.#onResult(result));
  }

  #onResult(result: CheckResult): void {
    this.#busy = false;
    if (this.#stopped) return;
    const step = stepHealth(this.health, result, this.#check);
    this.health = step.health;
    if (step.changed) this.#onStep(step.flipped);
  }
}
