import type { Scenario } from '../options/scenarios.ts';
import { Executor } from './executor.ts';
import { shareOf } from './segment.ts';

/** A fixed number of VUs for a fixed time. */
export class ConstantVus extends Executor<Scenario & { executor: 'constant-vus' }> {
  fraction(): number {
    return Math.min(1, this.elapsedMs() / this.scenario.durationMs);
  }

  protected async execute(): Promise<void> {
    this.after(this.scenario.durationMs, () => this.end());
    const vus = shareOf(this.segment, this.scenario.vus);
    await Promise.all(Array.from({ length: vus }, () => this.loop(() => !this.isEnding)));
  }
}

/** Each VU does so many iterations. */
export class PerVuIterations extends Executor<Scenario & { executor: 'per-vu-iterations' }> {
  fraction(): number {
    const total = shareOf(this.segment, this.scenario.vus) * this.scenario.iterations;
    return total === 0 ? 1 : Math.min(1, this.runner.complete / total);
  }

  protected async execute(): Promise<void> {
    this.after(this.scenario.maxDurationMs, () => this.end());
    const { vus, iterations } = this.scenario;
    let begun = 0;
    await Promise.all(
      Array.from({ length: shareOf(this.segment, vus) }, () => {
        let left = iterations;
        return this.loop(() => {
          if (this.isEnding || left === 0) return false;
          left--;
          begun++;
          return true;
        });
      }),
    );
    this.countDropped(shareOf(this.segment, vus) * iterations - begun);
  }

  /** Iterations for which the time did not suffice. */
  protected countDropped(count: number): void {
    if (count > 0)
      this.engine.metrics
        .builtIn('dropped_iterations')
        .add(count, { tag: (name) => (name === 'scenario' ? this.scenario.name : undefined) });
  }
}

/** The VUs share so many iterations; a fast one does more. */
export class SharedIterations extends Executor<Scenario & { executor: 'shared-iterations' }> {
  fraction(): number {
    const total = shareOf(this.iterations, this.scenario.iterations);
    return total === 0 ? 1 : Math.min(1, this.runner.complete / total);
  }

  protected async execute(): Promise<void> {
    this.after(this.scenario.maxDurationMs, () => this.end());
    let left = shareOf(this.iterations, this.scenario.iterations);
    const takeOne = (): boolean => {
      if (this.isEnding || left === 0) return false;
      left--;
      return true;
    };
    const vus = shareOf(this.segment, this.scenario.vus);
    await Promise.all(Array.from({ length: vus }, () => this.loop(takeOne)));
    if (left > 0)
      this.engine.metrics
        .builtIn('dropped_iterations')
        .add(left, { tag: (name) => (name === 'scenario' ? this.scenario.name : undefined) });
  }
}
