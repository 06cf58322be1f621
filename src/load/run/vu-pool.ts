import type { ScenarioClock, Segment, VuSource } from '../executors/index.ts';
import { numberOf, segmentOf, shareOf } from '../executors/index.ts';
import { maxVus } from '../options/options.ts';
import type { Scenario } from '../options/scenarios.ts';
import { scriptError } from '../script/loaded.ts';
import type { Engine } from '../vu/engine.ts';
import { Vu } from '../vu/vu.ts';

/** Initialised VUs that no scenario holds. They are made before the run starts, as many as it may need at once. */
export class VuPool implements VuSource {
  readonly #engine: Engine;
  readonly #segment: Segment;
  /** From `#next` on; who has waited longest comes first, as in k6. */
  #idle: Vu[] = [];
  #next = 0;
  #made = 0;

  constructor(engine: Engine, segment: Segment) {
    this.#engine = engine;
    this.#segment = segment;
  }

  /** Gives way to the event loop now and then, so that the process stays responsive while thousands initialise. */
  async fill(scenarios: readonly Scenario[]): Promise<void> {
    const planned = shareOf(this.#segment, maxVus(scenarios.map(preallocated)));
    while (this.#made < planned) {
      this.#idle.push(this.#make());
      if (this.#made % 100 === 0) await new Promise<void>((resolve) => this.#engine.nextTurn(resolve));
    }
    for (const vu of this.#idle) await vu.ready;
  }

  get made(): number {
    return this.#made;
  }

  take(scenario: Scenario, clock: ScenarioClock): Vu {
    const vu = this.#idle[this.#next] === undefined ? this.#make() : this.#takeFirst();
    const { name, executor, env, tags } = scenario;
    vu.join({
      name,
      executor,
      env,
      tags,
      startedAtMs: () => clock.startedAtMs,
      progress: () => clock.fraction(),
      stage: () => clock.stage(),
    });
    return vu;
  }

  #takeFirst(): Vu {
    const vu = this.#idle[this.#next++] as Vu;
    if (this.#next * 2 > this.#idle.length) {
      this.#idle = this.#idle.slice(this.#next);
      this.#next = 0;
    }
    return vu;
  }

  giveBack(vu: Vu): void {
    vu.close();
    this.#idle.push(vu);
  }

  close(): void {
    for (const vu of this.#idle) vu.close();
  }

  /** VU numbers run on over all processes and instances. */
  #make(): Vu {
    const number = numberOf(this.#segment, this.#made++);
    const vu = new Vu(this.#engine, 1 + number);
    vu.idInInstance = 1 + shareOf(segmentOf(this.#engine.options.sequence), number);
    try {
      vu.initialise();
    } catch (error) {
      throw scriptError(this.#engine.script, error, 'the init code threw');
    }
    return vu;
  }
}

/** Arrival rates start with what they preallocate and make more when they need them. */
function preallocated(scenario: Scenario): Scenario {
  const rate = scenario.executor === 'constant-arrival-rate' || scenario.executor === 'ramping-arrival-rate';
  return rate ? { ...scenario, maxVUs: scenario.preAllocatedVUs } : scenario;
}
