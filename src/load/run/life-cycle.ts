import { PlimsollError } from '../../base/index.ts';
import { loadErrors } from '../errors.ts';
import type { ErrorMessage, SummaryOutputs } from './messages.ts';
import type { LoadProcesses } from './processes.ts';

/** setup() and teardown(), which the first process runs: at their times, and whenever somebody asks for them from outside. */
export class LifeCycle {
  readonly #processes: LoadProcesses;
  #exports: readonly string[] = [];
  #data: string | undefined;
  /** One at a time. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(processes: LoadProcesses) {
    this.#processes = processes;
  }

  /** What setup() returned, as JSON. */
  get json(): string | undefined {
    return this.#data;
  }

  get data(): unknown {
    return this.#data === undefined ? undefined : (JSON.parse(this.#data) as unknown);
  }

  set data(data: unknown) {
    this.#data = data === undefined ? undefined : JSON.stringify(data);
  }

  has(name: string): boolean {
    return this.#exports.includes(name);
  }

  /** The script has been read: what it exports. */
  know(exports: readonly string[]): void {
    this.#exports = exports;
  }

  setup(): Promise<void> {
    return this.#inTurn(async () => {
      if (!this.has('setup')) return;
      const { setupData, error } = await this.#processes.ask(0, { type: 'setup' }, 'setup-done');
      if (error) throw fromMessage(error);
      this.#data = setupData;
    });
  }

  teardown(): Promise<void> {
    return this.#inTurn(async () => {
      if (!this.has('teardown')) return;
      const { error } = await this.#processes.ask(0, { type: 'teardown', setupData: this.#data }, 'teardown-done');
      if (error) throw fromMessage(error);
    });
  }

  /** What handleSummary() makes of the results; undefined when it made nothing. */
  async summary(data: string): Promise<SummaryOutputs | undefined> {
    return (await this.#processes.ask(0, { type: 'summary', data }, 'summary-done')).outputs;
  }

  #inTurn(run: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(run);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}

export function fromMessage({ code, message, stack }: ErrorMessage): PlimsollError {
  const spec = loadErrors[code as keyof typeof loadErrors] ?? loadErrors.PL_LOAD_PROCESS_DIED;
  const error = new PlimsollError(spec, { what: message });
  if (stack !== undefined) error.stack = stack;
  return error;
}
