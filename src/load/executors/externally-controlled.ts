import type { Scenario } from '../options/scenarios.ts';
import { Executor } from './executor.ts';
import { shareOf } from './segment.ts';

/** One of the VUs that the scenario may have. */
interface Place {
  /** Whether its VU is to go on. */
  isWanted: boolean;
  /** A VU that is not wanted any more stays until its iteration is over. */
  isTaken: boolean;
}

/**
 * As many VUs as somebody outside asks for, at any time, up to a maximum; they can all be paused.
 * https://grafana.com/docs/k6/latest/using-k6/scenarios/executors/externally-controlled/
 */
export class ExternallyControlled extends Executor<Scenario & { executor: 'externally-controlled' }> {
  /** VUs of the whole run, as asked for last. */
  #asked: number | undefined;
  #isPaused = false;
  readonly #places: Place[] = [];
  readonly #loops = new Set<Promise<void>>();
  #resumed = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();

  fraction(): number {
    const { durationMs } = this.scenario;
    return durationMs === 0 ? 0 : Math.min(1, this.elapsedMs() / durationMs);
  }

  override control({ vus, paused }: { vus?: number | undefined; paused?: boolean | undefined }): void {
    if (paused !== undefined && paused !== this.#isPaused) {
      this.#isPaused = paused;
      if (!paused) this.#wakePaused();
    }
    if (vus !== undefined) this.#scale(vus);
  }

  protected async execute(): Promise<void> {
    const { durationMs, vus } = this.scenario;
    if (durationMs > 0) this.at(durationMs, () => this.end());
    this.#scale(this.#asked ?? vus);
    await this.#ended.promise;
    while (this.#loops.size > 0) await Promise.all(this.#loops);
  }

  protected override onEnding(): void {
    this.#wakePaused();
    this.#ended.resolve();
  }

  #wakePaused(): void {
    this.#resumed.resolve();
    this.#resumed = Promise.withResolvers<void>();
  }

  #scale(vus: number): void {
    this.#asked = vus;
    if (this.startedAt === 0 || this.isEnding) return;
    const own = shareOf(this.segment, vus);
    while (this.#places.length < own) this.#places.push({ isWanted: false, isTaken: false });
    this.#places.forEach((place, index) => {
      place.isWanted = index < own;
      if (place.isWanted && !place.isTaken) this.#take(place);
    });
    if (this.#isPaused) this.#wakePaused();
  }

  #take(place: Place): void {
    place.isTaken = true;
    const loop = this.#run(place).finally(() => this.#loops.delete(loop));
    this.#loops.add(loop);
  }

  async #run(place: Place): Promise<void> {
    const vu = this.hold();
    while (place.isWanted && !this.isEnding) {
      if (this.#isPaused) await this.#resumed.promise;
      else await this.runner.run(vu);
    }
    this.release(vu);
    place.isTaken = false;
  }
}
