import type { Scenario } from '../options/scenarios.ts';
import { Executor } from './executor.ts';
import { shareOf } from './segment.ts';

/** A fixed number of VUs for a fixed time. */
export class ConstantVus extends Executor<Scenario & { executor: 'constant-vus' }> {
  fraction(): number {
    return Math.min(1, this.elapsedMs() / this.scenario.durationMs);
  }

  protected async execute(): Promise<void> {
    this.at(this.scenario.durationMs, () => this.end());
    const vus = shareOf(this.segment, this.scenario.vus);
    await Promise.all(Array.from({ length: vus }, () => this.loop(() => !this.isEnding)));
  }
}

/** So many iterations, within a limit of time. */
abstract class FixedIterations<S extends Scenario & { maxDurationMs: number }> extends Executor<S> {
  #isTimeUp = false;

  protected limitTime(): void {
    this.at(this.scenario.maxDurationMs, () => {
      this.#isTimeUp = true;
      this.end();
    });
  }

  /** Those for which the time did not suffice; what an end from outside leaves undone is not counted, as in k6. */
  protected countDropped(count: number): void {
    if (count === 0 || !this.#isTimeUp) return;
    const { name } = this.scenario;
    this.engine.metrics.builtIn('dropped_iterations').add(count, { tag: (key) => (key === 'scenario' ? name : undefined) });
  }
}

/** Each VU does so many iterations. */
export class PerVuIterations extends FixedIterations<Scenario & { executor: 'per-vu-iterations' }> {
  fraction(): number {
    const total = shareOf(this.segment, this.scenario.vus) * this.scenario.iterations;
    return total === 0 ? 1 : Math.min(1, this.runner.complete / total);
  }

  protected async execute(): Promise<void> {
    this.limitTime();
    const { vus, iterations } = this.scenario;
    const done = this.runner.complete + this.runner.interrupted;
    const count = shareOf(this.segment, vus);
    let begun = done;
    await Promise.all(
      Array.from({ length: count }, (_, i) => {
        // What a process before this one had done was about the same for each.
        let left = iterations - Math.ceil((done - i) / count);
        return this.loop(() => {
          if (this.isEnding || left === 0) return false;
          left--;
          begun++;
          return true;
        });
      }),
    );
    this.countDropped(count * iterations - begun);
  }
}

/** The VUs share so many iterations; a fast one does more. */
export class SharedIterations extends FixedIterations<Scenario & { executor: 'shared-iterations' }> {
  fraction(): number {
    const total = shareOf(this.iterations, this.scenario.iterations);
    return total === 0 ? 1 : Math.min(1, this.runner.complete / total);
  }

  protected async execute(): Promise<void> {
    this.limitTime();
    let left = shareOf(this.iterations, this.scenario.iterations) - this.runner.complete - this.runner.interrupted;
    const takeOne = (): boolean => {
      if (this.isEnding || left === 0) return false;
      left--;
      return true;
    };
    const vus = shareOf(this.segment, this.scenario.vus);
    await Promise.all(Array.from({ length: vus }, () => this.loop(takeOne)));
    this.countDropped(left);
  }
}
