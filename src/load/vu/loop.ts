import { Call } from './wheel.ts';
import type { Engine } from './engine.ts';

/** What the loop runs; a native promise means that the job blocks, and the next one waits for it. */
export type Job = () => unknown;

/**
 * The event loop of one VU, for promise callbacks and timers of the script. As in k6, nothing of a VU runs
 * while its script is busy or blocked: jobs wait until the iteration's function has returned, then run one
 * after the other. The iteration is over when no job, timer or other operation is left.
 */
export class VuLoop {
  readonly #engine: Engine;
  /** Of promises: all of them run before the next task, as the engine's own would. */
  #jobs: Job[] = [];
  /** Timers, answers and events that are due. */
  #tasks: Job[] = [];
  readonly #timers = new Map<number, { readonly call: Call; readonly name: string }>();
  #timerIds = 0;
  /** Operations that will add a job later: timers, requests that nobody blocks on. */
  #operations = 0;
  #wake: (() => void) | undefined;
  /** Promises that were rejected and have no handler yet. */
  readonly #unhandled = new Set<object>();
  #epoch = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Adds a job of a promise. */
  enqueue(job: Job): void {
    this.#jobs.push(job);
    this.#awake();
  }

  /** Adds what comes from outside: it waits until no promise has anything to do. */
  post(task: Job): void {
    this.#tasks.push(task);
    this.#awake();
  }

  #awake(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /** Announces a job that comes later; call the result, once, with the job. */
  begin(): (job: Job) => void {
    const epoch = this.#epoch;
    this.#operations++;
    return (job) => {
      // The iteration it was begun in may have been interrupted.
      if (epoch !== this.#epoch) return;
      this.#operations--;
      this.post(job);
    };
  }

  onRejected(promise: object): void {
    this.#unhandled.add(promise);
  }

  onHandled(promise: object): void {
    this.#unhandled.delete(promise);
  }

  /** Runs jobs and tasks until nothing is left to wait for. Returns the promises whose rejection nobody handled. */
  async drain(): Promise<object[]> {
    for (;;) {
      await this.runJobs();
      const task = this.#tasks.shift();
      if (task) {
        const result = task();
        if (result instanceof Promise) await result;
        continue;
      }
      if (this.#operations === 0 || this.#unhandled.size > 0) break;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const unhandled = [...this.#unhandled];
    this.reset();
    return unhandled;
  }

  /** Runs the promises' jobs that are there, and those that they add. */
  async runJobs(): Promise<void> {
    for (let job = this.#jobs.shift(); job; job = this.#jobs.shift()) {
      const result = job();
      if (result instanceof Promise) await result;
    }
  }

  /** Runs what is ready, for init code, which waits for nothing that comes later. */
  runReady(): void {
    for (let job = this.#jobs.shift(); job; job = this.#jobs.shift()) job();
  }

  /** Forgets everything: the iteration is over, threw or was interrupted, which ends its timers. */
  reset(): void {
    this.#epoch++;
    this.#operations = 0;
    this.#jobs = [];
    this.#tasks = [];
    this.#wake = undefined;
    this.#unhandled.clear();
    for (const [id, { call, name }] of this.#timers) {
      this.#engine.wheel.cancel(call);
      this.#engine.log('warning', `${name} ${id} was stopped because the VU iteration was interrupted`, 'timers');
    }
    this.#timers.clear();
    this.#cleared.clear();
  }

  setTimer(callback: () => unknown, delayMs: number, repeats: boolean): number {
    const id = ++this.#timerIds;
    const wait = Math.max(repeats ? 1 : 0, delayMs || 0);
    const start = (): void => {
      const ready = this.begin();
      const call = new Call(() => {
        this.#timers.delete(id);
        ready(() => {
          const result = callback();
          if (!repeats || this.#cleared.delete(id)) return result;
          if (result instanceof Promise) return result.then(start);
          start();
          return result;
        });
      });
      this.#timers.set(id, { call, name: repeats ? 'setInterval' : 'setTimeout' });
      this.#engine.wheel.start(call, wait);
    };
    start();
    return id;
  }

  readonly #cleared = new Set<number>();

  clearTimer(id: unknown): void {
    const timer = this.#timers.get(Number(id));
    if (!timer) {
      // Cleared from its own callback.
      this.#cleared.add(Number(id));
      return;
    }
    this.#engine.wheel.cancel(timer.call);
    this.#timers.delete(Number(id));
    this.#operations--;
    this.enqueue(() => undefined);
  }
}
