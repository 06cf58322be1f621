import { PlimsollError } from '../../base/index.ts';
import { loadErrors } from '../errors.ts';
import type { Scenario } from '../options/scenarios.ts';
import type { LoadProcesses } from './processes.ts';
import { runPhases, type RunStatus } from './types.ts';

/** What can be changed from outside while a run goes on: whether it pauses and, of externally-controlled scenarios, the VUs. */
export class Steering {
  readonly #processes: LoadProcesses;
  #isPaused = false;
  readonly #resumed = Promise.withResolvers<void>();
  /** VUs that externally-controlled scenarios were last told to have, and may have. */
  #external: { vus: number; vusMax: number } | undefined;

  constructor(processes: LoadProcesses) {
    this.#processes = processes;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Undefined: no scenario is controlled from outside. */
  get external(): { readonly vus: number; readonly vusMax: number } | undefined {
    return this.#external;
  }

  plan(scenarios: readonly Scenario[]): void {
    const external = scenarios.find((scenario) => scenario.executor === 'externally-controlled');
    if (external?.executor === 'externally-controlled') this.#external = { vus: external.vus, vusMax: external.maxVUs };
  }

  pause(paused: boolean, phase: RunStatus['phase']): void {
    if (paused === this.#isPaused) return;
    if (phase >= runPhases.setup && this.#external === undefined)
      throw uncontrolled('only a test of externally-controlled scenarios can be paused and resumed after its start');
    this.#isPaused = paused;
    if (this.#external !== undefined) this.#processes.tellAll({ type: 'control', vus: undefined, paused });
    if (!paused) this.release();
  }

  scale(vus: number | undefined, vusMax: number | undefined): void {
    const external = this.#external;
    if (external === undefined)
      throw uncontrolled('an externally-controlled executor needs to be configured for live configuration updates');
    if (vusMax !== undefined && vusMax > external.vusMax)
      throw uncontrolled(
        `the maximum of ${external.vusMax} VUs was planned for at the start and cannot grow; give the scenario more maxVUs`,
      );
    const max = vusMax ?? external.vusMax;
    const asked = vus ?? external.vus;
    if (asked > max) throw uncontrolled(`${asked} VUs are more than the ${max} that the test may have`);
    this.#external = { vus: asked, vusMax: max };
    this.#processes.tellAll({ type: 'control', vus: asked, paused: undefined });
  }

  /** Who waits for the start waits no longer. */
  release(): void {
    this.#resumed.resolve();
  }

  /** Until a run that begins paused is resumed or stopped. */
  async waitForStart(): Promise<void> {
    this.#isPaused = true;
    await this.#resumed.promise;
    this.#isPaused = false;
  }

  /** Tells a process that begins what was asked for before it was there. */
  brief(index: number): void {
    if (this.#external) this.#processes.tell(index, { type: 'control', vus: this.#external.vus, paused: this.#isPaused });
  }
}

export function uncontrolled(what: string): PlimsollError {
  return new PlimsollError(loadErrors.PL_LOAD_CONTROL, { what });
}
