/**
 * Draws frames in place on a terminal, in the alternate screen, so that what stood there before comes
 * back when it ends. Without a terminal nothing is drawn; the caller prints lines instead.
 */
export class Screen {
  readonly #out: NodeJS.WriteStream;
  #open = false;

  constructor(out: NodeJS.WriteStream = process.stdout) {
    this.#out = out;
  }

  get live(): boolean {
    return this.#out.isTTY && process.env['TERM'] !== 'dumb';
  }

  /** Colours unless NO_COLOR is set (https://no-color.org). */
  get color(): boolean {
    return this.live && (process.env['NO_COLOR'] ?? '') === '';
  }

  get columns(): number {
    return this.#out.columns ?? 80;
  }

  draw(lines: readonly string[]): void {
    if (!this.live) return;
    if (!this.#open) this.#out.write('\x1b[?1049h\x1b[?25l');
    this.#open = true;
    const rows = this.#out.rows ?? 24;
    const shown = lines.slice(0, rows - 1);
    this.#out.write(`\x1b[H${shown.map((line) => `${line}\x1b[K`).join('\n')}\n\x1b[J`);
  }

  close(): void {
    if (this.#open) this.#out.write('\x1b[?25h\x1b[?1049l');
    this.#open = false;
  }
}
