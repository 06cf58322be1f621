import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';

/** Then the file begins anew, and what was before is kept beside it until the next time. */
const fileBytesMax = 4 << 20;

/** The log of a server as a file of bounded length: `FILE`, and before it `FILE.1`. What the disk refuses is lost. */
export class LogFile {
  readonly #path: string;
  readonly #bytesMax: number;
  /** Undefined while no file can be opened. */
  #open: number | undefined;
  #bytes = 0;

  constructor(path: string, bytesMax = fileBytesMax) {
    this.#path = path;
    this.#bytesMax = bytesMax;
    this.#begin();
  }

  add(line: string): void {
    if (this.#open === undefined) return;
    const text = `${line}\n`;
    this.#bytes += Buffer.byteLength(text);
    try {
      if (this.#bytes > this.#bytesMax) this.#turn();
      if (this.#open !== undefined) writeSync(this.#open, text);
    } catch {
      // A full disk costs lines, not the server.
    }
  }

  close(): void {
    if (this.#open !== undefined) closeSync(this.#open);
    this.#open = undefined;
  }

  #begin(): void {
    try {
      this.#open = openSync(this.#path, 'a', 0o600);
      this.#bytes = fstatSync(this.#open).size;
    } catch {
      this.#open = undefined;
    }
  }

  #turn(): void {
    this.close();
    renameSync(this.#path, `${this.#path}.1`);
    this.#begin();
  }
}
