import { headerText, progressLines, type LoadPlan, type LoadProgress } from '../../load/index.ts';

/** The header and, once a second, how far the run is: rewritten in place on a terminal, one block after the other elsewhere. */
export class ProgressView {
  readonly #isQuiet: boolean;
  readonly #isTerminal = process.stdout.isTTY;
  #plan: LoadPlan | undefined;
  #last: LoadProgress | undefined;
  #linesShown = 0;

  constructor(isQuiet: boolean) {
    this.#isQuiet = isQuiet;
  }

  begin(plan: LoadPlan, script: string): void {
    this.#plan = plan;
    if (!this.#isQuiet) process.stdout.write(headerText(plan, script, plan.outputs));
  }

  show(progress: LoadProgress): void {
    this.#last = progress;
    if (this.#isQuiet || !this.#plan) return;
    const lines = progressLines(progress, this.#plan, this.#isTerminal ? process.stdout.columns : undefined);
    this.#erase();
    process.stdout.write(`${this.#isTerminal ? '' : '\n'}${lines.join('\n')}\n`);
    this.#linesShown = lines.length;
  }

  /** Writes something else without breaking the block. */
  above(write: () => void): void {
    const wasShown = this.#linesShown > 0;
    this.#erase();
    write();
    if (this.#isTerminal && wasShown && this.#last) this.show(this.#last);
  }

  end(): void {
    this.#linesShown = 0;
  }

  #erase(): void {
    if (this.#isTerminal && this.#linesShown > 0) process.stdout.write(`\u001b[${this.#linesShown}A\u001b[0J`);
    this.#linesShown = 0;
  }
}
