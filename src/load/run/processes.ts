import { getCompileCacheDir } from 'node:module';
import { entry, forkChild, monotonicMs, type Child } from '../../base/index.ts';
import { linuxFlags } from '../vu/linux.ts';
import type { FromProcess, ToProcess } from './messages.ts';

type LoadProcess = Child<ToProcess, FromProcess>;
export type Message<T extends FromProcess['type']> = FromProcess & { type: T };

interface Handlers {
  onMessage(index: number, message: FromProcess): void;
  /** What a process writes to stdout or stderr. */
  onLine(line: string): void;
  /** Of one that was not replaced. `how`: `load process 123 ended by SIGKILL`. */
  onExit(index: number, how: string): void;
}

/** The load processes of a run, by their places. */
export class LoadProcesses {
  /** Of all that have ever been there. */
  readonly pids: number[] = [];
  readonly #all: LoadProcess[] = [];
  /** When each place was last heard of, or given a new process. */
  readonly #heardAtMs: number[] = [];
  readonly #handlers: Handlers;
  /** What each place is expected to say next. */
  readonly #expected = new Map<string, (message: never) => void>();

  constructor(handlers: Handlers) {
    this.#handlers = handlers;
  }

  get count(): number {
    return this.#all.length;
  }

  add(): number {
    const index = this.#all.length;
    this.#all.push(this.#fork(index));
    return index;
  }

  /** A new process in the place of one that is gone, or has to go; what was expected of that one is expected of this. */
  replace(index: number): void {
    const old = this.#all[index];
    this.#all[index] = this.#fork(index);
    void old?.stop(0);
  }

  pidOf(index: number): number | undefined {
    return this.#all[index]?.pid;
  }

  /** For how long nothing has come from a process; while scenarios run, each reports about once a second. */
  silentMs(index: number): number {
    return monotonicMs() - (this.#heardAtMs[index] ?? 0);
  }

  ask<T extends FromProcess['type']>(index: number, message: ToProcess, type: T): Promise<Message<T>> {
    return new Promise((resolve) => {
      this.#expected.set(`${index} ${type}`, resolve);
      this.tell(index, message);
    });
  }

  isExpected(index: number, type: FromProcess['type']): boolean {
    return this.#expected.has(`${index} ${type}`);
  }

  /** Gives a message to whoever asked for it. */
  answer(index: number, message: FromProcess): void {
    const key = `${index} ${message.type}`;
    const resolve = this.#expected.get(key);
    this.#expected.delete(key);
    resolve?.(message as never);
  }

  tell(index: number, message: ToProcess): void {
    this.#all[index]?.send(message);
  }

  tellAll(message: ToProcess): void {
    for (const process of this.#all) process.send(message);
  }

  async stop(graceMs: number): Promise<void> {
    await Promise.all(this.#all.map((process) => process.stop(graceMs)));
  }

  #fork(index: number): LoadProcess {
    const child = forkChild<ToProcess, FromProcess>(entry(import.meta.url, '../process'), {
      // Little lives on from one collection to the next: several threads for it cost more than they save, and cores are the service's too.
      execArgv: ['--max-semi-space-size=4', '--no-parallel-scavenge', ...linuxFlags],
      // What this process keeps compiled, those it starts read too.
      env: { ...process.env, NODE_COMPILE_CACHE: getCompileCacheDir() },
      onLine: (line) => this.#handlers.onLine(line),
    });
    this.pids.push(child.pid);
    this.#heardAtMs[index] = monotonicMs();
    child.onMessage((message) => {
      this.#heardAtMs[index] = monotonicMs();
      this.#handlers.onMessage(index, message);
    });
    void child.exited.then(({ code, signal }) => {
      if (this.#all[index] !== child) return undefined;
      const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
      this.#handlers.onExit(index, `load process ${child.pid} ended ${how}`);
      return undefined;
    });
    return child;
  }
}
