import { monotonicMs, PlimsollError } from '../../base/index.ts';
import { loadErrors } from '../errors.ts';
import { numberOf, shareOf, type Segment } from '../executors/segment.ts';
import type { Metric } from '../metrics/registry.ts';
import { cannotSuspend } from '../script/runtime.ts';
import type { Engine } from './engine.ts';
import { Call } from './wheel.ts';
import { UncaughtRejection, type Vu } from './vu.ts';

/** Longest stretch of script code without a look at sockets and timers. */
const TURN_MS = 10;

/** Which iterations of the whole test are this instance's, and which of them this process's. */
export interface IterationSegments {
  readonly instance: Segment;
  readonly process: Segment;
}

/** Runs iterations of one scenario and counts them. */
export class IterationRunner {
  complete = 0;
  interrupted = 0;
  /** Under way. */
  active = 0;
  readonly #engine: Engine;
  readonly #exec: string;
  readonly #iterations: Metric;
  readonly #duration: Metric;
  /** What setup returned, as JSON: each VU gets its own copy. */
  readonly #setupData: string | undefined;
  readonly #dataOf = new WeakMap<Vu, unknown>();

  /** Iterations begun in this process. */
  #begun = 0;
  readonly #segments: IterationSegments;

  constructor(engine: Engine, exec: string, setupData: string | undefined, segments: IterationSegments) {
    this.#segments = segments;
    this.#engine = engine;
    this.#exec = exec;
    this.#setupData = setupData;
    this.#iterations = engine.metrics.builtIn('iterations');
    this.#duration = engine.metrics.builtIn('iteration_duration');
  }

  /** Takes over from a process that is gone, which had begun and ended so many. */
  goOn({ complete, interrupted }: { readonly complete: number; readonly interrupted: number }): void {
    this.complete = complete;
    this.interrupted = interrupted;
    this.#begun = complete + interrupted;
  }

  /** Runs one iteration; never rejects. False when it was interrupted. */
  run(vu: Vu): Promise<boolean> {
    return new Promise((resolve) => {
      const startedAt = monotonicMs();
      this.active++;
      vu.place.inTest = numberOf(this.#segments.process, this.#begun++);
      vu.place.inInstance = shareOf(this.#segments.instance, vu.place.inTest);
      vu.onInterrupt = () => {
        vu.onInterrupt = undefined;
        this.interrupted++;
        this.#leave(vu);
        resolve(false);
      };
      const settle = (isWhole = true): void => {
        if (vu.onInterrupt === undefined) return;
        vu.onInterrupt = undefined;
        this.#finish(vu, startedAt, isWhole, resolve);
      };
      const fail = (error: unknown): void => {
        settle(vu.onInterrupt === undefined || this.#tell(error));
      };
      try {
        const result = vu.call(this.#exec, this.#data(vu));
        if (result instanceof Promise) result.then(() => settle(), fail);
        else settle();
      } catch (error) {
        fail(error);
      }
    });
  }

  /** False for what ends the whole test. */
  #tell(error: unknown): boolean {
    const [prefix, thrown] = error instanceof UncaughtRejection ? ['Uncaught (in promise) ', error.reason] : ['', error];
    // Who ends the test with test.abort() is told once, by the run.
    if (isAbort(thrown)) return false;
    this.#engine.log('error', prefix + this.#engine.script.stackOf(thrown), 'stacktrace');
    return true;
  }

  #finish(vu: Vu, startedAt: number, isWhole: boolean, resolve: (complete: boolean) => void): void {
    const engine = this.#engine;
    if (vu.suspension) {
      vu.suspension.drop();
      engine.onAbort(
        cannotSuspend(
          'an iteration ended before one of its blocking calls: the JavaScript engine itself made the call and cannot wait',
          engine.scriptFile,
        ),
      );
    }
    const endedAt = monotonicMs();
    // An iteration that ends the whole test is not whole either.
    if (isWhole) this.complete++;
    else this.interrupted++;
    this.#iterations.add(1, vu);
    this.#duration.add(endedAt - startedAt, vu);
    this.#leave(vu);
    vu.iteration++;
    vu.place.inScenario++;
    const restMs = engine.options.minIterationDurationMs - (endedAt - startedAt);
    if (restMs > 0) this.#rest(vu, restMs, resolve);
    else if (endedAt - engine.turnStartedAt > TURN_MS) engine.nextTurn(() => resolve(true));
    else resolve(true);
    engine.starts.check(endedAt);
  }

  /** The rest of minIterationDuration still belongs to the iteration: interrupted, it is not complete. */
  #rest(vu: Vu, restMs: number, resolve: (complete: boolean) => void): void {
    const { wheel } = this.#engine;
    const call = new Call(() => {
      vu.onInterrupt = undefined;
      resolve(true);
    });
    vu.onInterrupt = () => {
      vu.onInterrupt = undefined;
      wheel.cancel(call);
      this.complete--;
      this.interrupted++;
      resolve(false);
    };
    wheel.start(call, restMs);
  }

  #leave(vu: Vu): void {
    this.active--;
    leaveIteration(vu);
    if (this.#engine.options.noVUConnectionReuse) vu.close();
  }

  #data(vu: Vu): unknown {
    if (this.#setupData === undefined) return undefined;
    let data = this.#dataOf.get(vu);
    if (data === undefined) {
      data = JSON.parse(this.#setupData);
      if (typeof data === 'object' && data !== null) this.#dataOf.set(vu, data);
    }
    return data;
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof PlimsollError && error.code === loadErrors.PL_LOAD_TEST_ABORTED.code;
}

/** Forgets what belongs to one iteration only. */
export function leaveIteration(vu: Vu): void {
  vu.suspension = undefined;
  vu.loop?.reset();
  if (vu.streams) vu.dropStreams();
  vu.group = vu.engine.rootGroup;
  if (vu.cookies && !vu.engine.options.noCookiesReset) vu.cookies = undefined;
}
