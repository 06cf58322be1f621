import { monotonicMs } from '../../base/index.ts';
import { stageAt } from '../metrics/stages.ts';
import type { Scenario } from '../options/scenarios.ts';
import type { Engine } from '../vu/engine.ts';
import type { IterationRunner } from '../vu/iteration.ts';
import { Call } from '../vu/wheel.ts';
import type { Segment } from './segment.ts';
import type { Vu } from '../vu/vu.ts';

/** How long a scenario has run and how far it is. */
export interface ScenarioClock {
  readonly startedAtMs: number;
  fraction(): number;
  /** From 0; undefined when it has no stages. */
  stage(): number | undefined;
}

/** Where executors get VUs from and bring them back to. */
export interface VuSource {
  take(scenario: Scenario, clock: ScenarioClock): Vu;
  giveBack(vu: Vu): void;
}

export interface ExecutorParts<S extends Scenario> {
  readonly engine: Engine;
  readonly scenario: S;
  /** Which of the VUs are this process's. */
  readonly segment: Segment;
  /** Which of the iterations, where they are shared out. */
  readonly iterations: Segment;
  readonly runner: IterationRunner;
  readonly source: VuSource;
}

/**
 * Runs one scenario in one process:
 *
 *     start ── iterations begin ── end ── running iterations may finish ── end + gracefulStop: interrupted
 */
export abstract class Executor<S extends Scenario = Scenario> {
  protected readonly engine: Engine;
  protected readonly scenario: S;
  protected readonly segment: Segment;
  protected readonly iterations: Segment;
  protected readonly runner: IterationRunner;
  protected readonly source: VuSource;
  protected readonly held = new Set<Vu>();
  protected startedAt = 0;
  protected elapsedAtStart = 0;
  /** No iteration begins any more. */
  protected isEnding = false;
  readonly #timers: Call[] = [];

  constructor(parts: ExecutorParts<S>) {
    this.engine = parts.engine;
    this.scenario = parts.scenario;
    this.segment = parts.segment;
    this.iterations = parts.iterations;
    this.runner = parts.runner;
    this.source = parts.source;
  }

  /** Resolves when all is over. `elapsedMs`: how much of the scenario has passed without this process. */
  async run(elapsedMs: number): Promise<void> {
    this.elapsedAtStart = elapsedMs;
    this.startedAt = monotonicMs() - elapsedMs;
    await this.execute();
    for (const timer of this.#timers) this.engine.wheel.cancel(timer);
    this.isEnding = true;
  }

  get startedAtMs(): number {
    return this.startedAt;
  }

  /** VUs that run an iteration now. */
  get activeVus(): number {
    return this.runner.active;
  }

  /** VUs that the scenario holds, busy or not. */
  get heldVus(): number {
    return this.held.size;
  }

  /** How far it is, from 0 to 1. */
  abstract fraction(): number;

  stage(): number | undefined {
    return stageAt(this.scenario, this.elapsedMs());
  }

  /** What somebody outside asks for; only some executors can follow. */
  control(_asked: { vus?: number | undefined; paused?: boolean | undefined }): void {
    // By default a scenario follows its own plan.
  }

  /** Ends the scenario now, gracefully. */
  end(): void {
    if (this.isEnding) return;
    this.isEnding = true;
    this.onEnding();
    this.after(this.scenario.gracefulStopMs, () => this.interruptAll());
  }

  interruptAll(): void {
    if (!this.isEnding) {
      this.isEnding = true;
      this.onEnding();
    }
    for (const vu of this.held) vu.interrupt();
  }

  protected abstract execute(): Promise<void>;

  /** The end has come, planned or not. */
  protected onEnding(): void {
    // For executors that wait for something else than iterations.
  }

  protected elapsedMs(): number {
    return monotonicMs() - this.startedAt;
  }

  /** Calls so long after the scenario's start. */
  protected at(timeMs: number, fn: () => void): void {
    this.after(Math.max(0, timeMs - this.elapsedMs()), fn);
  }

  protected after(delayMs: number, fn: () => void): Call {
    const call = new Call(fn);
    this.#timers.push(call);
    this.engine.wheel.start(call, delayMs);
    return call;
  }

  /** Runs iterations on a VU of its own for as long as `goOn` holds. */
  protected async loop(goOn: () => boolean): Promise<void> {
    if (!goOn()) return;
    const vu = this.hold();
    do await this.runner.run(vu);
    while (goOn());
    this.release(vu);
  }

  protected hold(): Vu {
    const vu = this.source.take(this.scenario, this);
    this.held.add(vu);
    return vu;
  }

  protected release(vu: Vu): void {
    this.held.delete(vu);
    this.source.giveBack(vu);
  }
}
