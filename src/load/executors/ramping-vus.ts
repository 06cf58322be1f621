import type { Scenario } from '../options/scenarios.ts';
import type { Stage } from '../options/fields.ts';
import { Call } from '../vu/wheel.ts';
import { Executor } from './executor.ts';
import { shareOf } from './segment.ts';

/**
 * The moments at which the number of VUs changes, each by one, with straight lines between the stages:
 *
 *     startVUs 1, stages [{ 4 s → 3 }, { 2 s → 0 }]
 *
 *     3 |        ┌─────┐               at 2 s: 2, at 4 s: 3,
 *     2 |   ┌────┘     └┐              at 4.7 s: 2, at 5.3 s: 1, at 6 s: 0
 *     1 |───┘           └┐
 *       0    2    4       6 s
 *
 * The sums are those of the test "steps of the example".
 */
export function* rampSteps(startVUs: number, stages: readonly Stage[]): Generator<{ atMs: number; vus: number }> {
  let vus = startVUs;
  let fromMs = 0;
  yield { atMs: 0, vus };
  for (const { durationMs, target } of stages) {
    const change = target - vus;
    if (durationMs === 0 && change !== 0) yield { atMs: fromMs, vus: target };
    else
      for (let step = 1; step <= Math.abs(change); step++)
        yield { atMs: fromMs + (durationMs * step) / Math.abs(change), vus: vus + Math.sign(change) * step };
    vus = target;
    fromMs += durationMs;
  }
}

/** A place for one VU in the ramp. */
interface Slot {
  /** Whether iterations may begin. */
  wanted: boolean;
  /** Its loop is under way, perhaps with a last iteration. */
  busy: boolean;
  interrupt?: (() => void) | undefined;
  /** Ends the last iteration after gracefulRampDown. */
  deadline: Call | undefined;
}

export class RampingVus extends Executor<Scenario & { executor: 'ramping-vus' }> {
  readonly #slots: Slot[] = [];
  readonly #loops = new Set<Promise<void>>();
  #wanted = 0;

  fraction(): number {
    const total = this.scenario.stages.reduce((sum, stage) => sum + stage.durationMs, 0);
    return total === 0 ? 1 : Math.min(1, this.elapsedMs() / total);
  }

  protected async execute(): Promise<void> {
    const { startVUs, stages } = this.scenario;
    const total = stages.reduce((sum, stage) => sum + stage.durationMs, 0);
    await new Promise<void>((resolve) => {
      this.#onEnd = resolve;
      this.at(total, () => this.end());
      this.#follow(rampSteps(startVUs, stages));
    });
    while (this.#loops.size > 0) await Promise.all(this.#loops);
  }

  #onEnd: () => void = () => undefined;

  protected override onEnding(): void {
    this.#onEnd();
  }

  /** Takes all steps that are due, then waits for the next that concerns this process. */
  #follow(steps: Iterator<{ atMs: number; vus: number }>): void {
    let next = steps.next();
    const due = (): void => {
      let vus = this.#wanted;
      for (; !next.done && next.value.atMs <= this.elapsedMs(); next = steps.next()) vus = shareOf(this.segment, next.value.vus);
      this.#adjust(vus);
      while (!next.done && shareOf(this.segment, next.value.vus) === this.#wanted) next = steps.next();
      if (!next.done && !this.isEnding) this.engine.wheel.startAt(call, this.startedAt + next.value.atMs);
    };
    const call = this.after(0, due);
    due();
  }

  #adjust(vus: number): void {
    if (this.isEnding) return;
    while (this.#wanted < vus) this.#open(this.#wanted++);
    while (this.#wanted > vus) this.#closeGracefully(--this.#wanted);
  }

  #open(index: number): void {
    const slot = (this.#slots[index] ??= { wanted: false, busy: false, deadline: undefined });
    slot.wanted = true;
    if (slot.deadline) this.engine.wheel.cancel(slot.deadline);
    slot.deadline = undefined;
    // A VU that is still in its last iteration simply goes on.
    if (slot.busy) return;
    slot.busy = true;
    const loop = this.#run(slot).finally(() => this.#loops.delete(loop));
    this.#loops.add(loop);
  }

  #closeGracefully(index: number): void {
    const slot = this.#slots[index] as Slot;
    slot.wanted = false;
    const call = new Call(() => slot.interrupt?.());
    slot.deadline = call;
    this.engine.wheel.start(call, this.scenario.gracefulRampDownMs);
  }

  async #run(slot: Slot): Promise<void> {
    const vu = this.hold();
    slot.interrupt = () => vu.interrupt();
    while (slot.wanted && !this.isEnding) await this.runner.run(vu);
    slot.interrupt = undefined;
    if (slot.deadline) this.engine.wheel.cancel(slot.deadline);
    slot.deadline = undefined;
    slot.busy = false;
    this.release(vu);
  }
}
