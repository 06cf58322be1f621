import { monotonicMs } from '../../base/index.ts';
import type { Stage } from '../options/fields.ts';
import type { Scenario } from '../options/scenarios.ts';
import type { Punctual } from '../vu/punctual.ts';
import type { Vu } from '../vu/vu.ts';
import { Executor } from './executor.ts';
import { belongsTo, shareOf } from './segment.ts';

type ArrivalScenario = Scenario & { executor: 'constant-arrival-rate' | 'ramping-arrival-rate' };

/** Times in milliseconds from the start at which iterations are to begin, with a constant rate: the first at once. */
export function* constantArrivals(rate: number, timeUnitMs: number, durationMs: number): Generator<number> {
  for (let n = 0; ; n++) {
    const atMs = (n * timeUnitMs) / rate;
    if (atMs >= durationMs) return;
    yield atMs;
  }
}

/**
 * The same with a rate that follows straight lines. Iteration n begins when the area under the rate
 * reaches n; within a stage that is a quadratic equation:
 *
 *     n = before + r0·t + (r1 − r0)·t² / (2·d)
 */
export function* rampingArrivals(startRate: number, timeUnitMs: number, stages: readonly Stage[]): Generator<number> {
  let before = 0;
  let fromMs = 0;
  let r0 = startRate / timeUnitMs;
  let n = 1;
  for (const { durationMs, target } of stages) {
    const r1 = target / timeUnitMs;
    const area = ((r0 + r1) / 2) * durationMs;
    // The sums of many stages lose the last digits; a start that is due exactly at a stage's end counts.
    while (n <= before + area + 1e-9) {
      yield fromMs + timeOfArea(n - before, r0, r1, durationMs);
      n++;
    }
    before += area;
    fromMs += durationMs;
    r0 = r1;
  }
}

function timeOfArea(area: number, r0: number, r1: number, durationMs: number): number {
  const slope = (r1 - r0) / durationMs;
  if (slope === 0) return area / r0;
  // The form that does not cancel for small slopes.
  return Math.min(durationMs, (2 * area) / (r0 + Math.sqrt(Math.max(0, r0 * r0 + 2 * slope * area))));
}

/** Iterations begin by a schedule, whether or not earlier ones are over. What finds no free VU is dropped and counted. */
export class ArrivalRate extends Executor<ArrivalScenario> {
  readonly #idle: Vu[] = [];
  readonly #running = new Set<Promise<void>>();
  #dropped = 0;
  readonly #ended = Promise.withResolvers<void>();

  fraction(): number {
    return Math.min(1, this.elapsedMs() / this.#lengthMs());
  }

  protected async execute(): Promise<void> {
    const { scenario } = this;
    for (let i = shareOf(this.segment, scenario.preAllocatedVUs); i > 0; i--) this.#idle.push(this.hold());
    const arrivals =
      scenario.executor === 'constant-arrival-rate'
        ? constantArrivals(scenario.rate, scenario.timeUnitMs, scenario.durationMs)
        : rampingArrivals(scenario.startRate, scenario.timeUnitMs, scenario.stages);
    // Making VUs took its time; what takes the place of another keeps to the schedule.
    if (this.elapsedAtStart === 0) this.startedAt = monotonicMs();
    this.at(this.#lengthMs(), () => this.end());
    const schedule = this.#follow(arrivals);
    await this.#ended.promise;
    this.engine.starts.remove(schedule);
    while (this.#running.size > 0) await Promise.all(this.#running);
    for (const vu of this.#idle.splice(0)) this.release(vu);
  }

  protected override onEnding(): void {
    this.#ended.resolve();
  }

  #lengthMs(): number {
    const { scenario } = this;
    return scenario.executor === 'constant-arrival-rate'
      ? scenario.durationMs
      : scenario.stages.reduce((sum, stage) => sum + stage.durationMs, 0);
  }

  /** Starts those iterations of the schedule that are this process's. */
  #follow(arrivals: Iterator<number>): Punctual {
    let number = 0;
    const nextOfOurs = (): number => {
      for (;;) {
        const next = arrivals.next();
        if (next.done) return Number.POSITIVE_INFINITY;
        if (belongsTo(this.iterations, number++) && next.value >= this.elapsedAtStart) return this.startedAt + next.value;
      }
    };
    const schedule: Punctual = {
      dueMs: nextOfOurs(),
      onTime: (nowMs) => {
        const { dueMs } = schedule;
        schedule.dueMs = this.isEnding ? Number.POSITIVE_INFINITY : nextOfOurs();
        if (!this.isEnding) this.#begin(Math.max(0, nowMs - dueMs));
      },
    };
    this.engine.starts.add(schedule);
    return schedule;
  }

  #begin(lateMs: number): void {
    let vu = this.#idle.pop();
    if (!vu && this.held.size < shareOf(this.segment, this.scenario.maxVUs)) vu = this.hold();
    if (!vu) {
      this.#drop();
      return;
    }
    const used = vu;
    this.engine.countStart(lateMs, used);
    const run = this.runner.run(used).then(() => {
      this.#running.delete(run);
      this.#idle.push(used);
      return undefined;
    });
    this.#running.add(run);
  }

  #drop(): void {
    this.engine.missedStarts++;
    this.engine.metrics.builtIn('dropped_iterations').add(1, { tag: (name) => (name === 'scenario' ? this.scenario.name : undefined) });
    if (this.#dropped++ === 0)
      this.engine.log(
        'warning',
        `Insufficient VUs, reached ${this.scenario.maxVUs} active VUs and cannot initialize more  executor=${this.scenario.executor} scenario=${this.scenario.name}`,
        'executor',
      );
  }
}
