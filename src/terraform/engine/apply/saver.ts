import type { State } from '../state/state.ts';

/** Writes the state after each change, one write at a time: changes that come while one is being written share the next. */
export class Saver {
  readonly #state: State;
  readonly #write: (state: State) => Promise<void>;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(state: State, write: (state: State) => Promise<void> = async () => {}) {
    this.#state = state;
    this.#write = write;
  }

  /** Settles once what the state is now has been written. */
  save(): Promise<void> {
    if (this.#next) return this.#next;
    if (this.#running === undefined) return this.#begin();
    const begin = (): Promise<void> => {
      this.#next = undefined;
      return this.#begin();
    };
    this.#next = this.#running.then(begin, begin);
    return this.#next;
  }

  #begin(): Promise<void> {
    const running = this.#write(this.#state).finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }
}
