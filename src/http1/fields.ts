import { CR, HTAB, LF, SP, COLON, TOKEN, VALUE, equalsToken } from './bytes.ts';
import { fieldIdAt } from './names.ts';
import { Problem } from './problems.ts';

/** Bounds of a message head. Lengths are bytes, line ends included. */
export interface HeadLimits {
  readonly startLineMax: number;
  readonly fieldMax: number;
  readonly headMax: number;
  readonly fieldCountMax: number;
}

/** AWS's limits for an Application Load Balancer: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html */
export const requestLimits: HeadLimits = { startLineMax: 16_384, fieldMax: 16_384, headMax: 65_536, fieldCountMax: 256 };
export const responseLimits: HeadLimits = { startLineMax: 16_384, fieldMax: 16_384, headMax: 32_768, fieldCountMax: 256 };

/** `parse` needs more bytes. */
export const MORE = 0;

const SLOT = 5;

/**
 * The fields of a head, as positions in the buffer that it was parsed from: nothing is copied and no
 * string is made until somebody asks for one. Positions are relative to `base`, the first byte of the
 * head, so a head may move to another buffer (`rebase`) while it is still incomplete or in use.
 *
 *     slots:  id  nameStart  nameEnd  valueStart  valueEnd  |  id  nameStart …
 */
export class Fields {
  buffer: Buffer = empty;
  base = 0;
  count = 0;
  protected slots = new Int32Array(24 * SLOT);
  /** Where the next line begins, relative to `base`. */
  protected at = 0;
  /** Up to where no line feed was found, relative to `base`: a slow sender's bytes are looked at once. */
  protected scanned = 0;

  id(index: number): number {
    return this.slots[index * SLOT] as number;
  }

  /** Absolute position of the first byte of the field's line in `buffer`. */
  nameStart(index: number): number {
    return this.base + (this.slots[index * SLOT + 1] as number);
  }

  nameEnd(index: number): number {
    return this.base + (this.slots[index * SLOT + 2] as number);
  }

  valueStart(index: number): number {
    return this.base + (this.slots[index * SLOT + 3] as number);
  }

  valueEnd(index: number): number {
    return this.base + (this.slots[index * SLOT + 4] as number);
  }

  /** Absolute position after the last field line. */
  get fieldsEnd(): number {
    return this.base + this.at;
  }

  name(index: number): string {
    return this.buffer.toString('latin1', this.nameStart(index), this.nameEnd(index));
  }

  /** The value without surrounding white space, as Latin-1. */
  value(index: number): string {
    return this.buffer.toString('latin1', this.valueStart(index), this.valueEnd(index));
  }

  /** Index of the first field from `from` on with this id, or -1. */
  indexOfId(id: number, from = 0): number {
    for (let i = from; i < this.count; i++) if (this.slots[i * SLOT] === id) return i;
    return -1;
  }

  /** Index of the first field from `from` on with this lower-case name, or -1. */
  indexOf(lowerName: string, from = 0): number {
    for (let i = from; i < this.count; i++) {
      if (equalsToken(this.buffer, this.nameStart(i), this.nameEnd(i), lowerName)) return i;
    }
    return -1;
  }

  /** The first value of a field by its lower-case name. */
  get(lowerName: string): string | undefined {
    const index = this.indexOf(lowerName);
    return index < 0 ? undefined : this.value(index);
  }

  /** All values of a field by its lower-case name, in order. */
  getAll(lowerName: string): string[] {
    const values: string[] = [];
    for (let i = this.indexOf(lowerName); i >= 0; i = this.indexOf(lowerName, i + 1)) values.push(this.value(i));
    return values;
  }

  /** [name, value] pairs in the order and spelling of the wire. Allocates; not for hot paths. */
  entries(): [string, string][] {
    return Array.from({ length: this.count }, (_, i) => [this.name(i), this.value(i)]);
  }

  /** The head's bytes now begin at `base` of `buffer`. */
  rebase(buffer: Buffer, base: number): void {
    this.buffer = buffer;
    this.base = base;
  }

  protected clearFields(): void {
    this.count = 0;
    this.at = 0;
    this.scanned = 0;
  }

  /** Looks for the end of the line that begins at `at`; true when it is there. Only called after a first attempt came up short. */
  protected lineArrived(end: number): boolean {
    const found = this.buffer.indexOf(LF, this.base + this.scanned);
    this.scanned = end - this.base;
    return found >= 0 && found < end;
  }

  /**
   * Parses field lines up to and including the empty line. Returns MORE, a negative problem, or the
   * absolute position after the head. `at` moves only past whole lines, so a call may be repeated.
   */
  protected parseFields(end: number, limits: HeadLimits): number {
    const buffer = this.buffer;
    const base = this.base;
    for (;;) {
      const start = base + this.at;
      if (start >= end) return this.short(end, limits);
      let i = start;
      let byte = buffer[i] as number;
      if (byte === CR) {
        if (i + 1 >= end) return this.short(end, limits);
        return buffer[i + 1] === LF ? i + 2 : -Problem.lineEnd;
      }
      if (byte === SP || byte === HTAB) return -Problem.fold;
      while (i < end && TOKEN[(byte = buffer[i] as number)] === 1) i++;
      if (i >= end) return this.short(end, limits);
      if (byte !== COLON || i === start) return -(byte === LF ? Problem.lineEnd : Problem.fieldName);
      const nameEnd = i++;
      while (i < end && ((byte = buffer[i] as number) === SP || byte === HTAB)) i++;
      const valueStart = i;
      while (i < end && VALUE[(byte = buffer[i] as number)] === 1) i++;
      if (i + 1 >= end) return i < end && byte !== CR ? this.#badEnd(byte) : this.short(end, limits);
      if (byte !== CR) return this.#badEnd(byte);
      if (buffer[i + 1] !== LF) return -Problem.fieldValue;
      let valueEnd = i;
      while (valueEnd > valueStart && ((byte = buffer[valueEnd - 1] as number) === SP || byte === HTAB)) valueEnd--;
      i += 2;
      if (i - start > limits.fieldMax) return -Problem.fieldTooLong;
      if (i - base > limits.headMax) return -Problem.headTooLong;
      if (this.count >= limits.fieldCountMax) return -Problem.tooManyFields;
      const id = fieldIdAt(buffer, start, nameEnd);
      this.#push(id, start - base, nameEnd - base, valueStart - base, valueEnd - base);
      this.at = i - base;
      const problem = id === 0 ? 0 : this.onField(id, valueStart, valueEnd);
      if (problem !== 0) return -problem;
    }
  }

  /** Called for each field with a known id; a problem other than 0 ends the parse. Overridden by heads. */
  protected onField(_id: number, _start: number, _end: number): number {
    return 0;
  }

  /** MORE, unless what came so far is already longer than it may be. */
  protected short(end: number, limits: HeadLimits): number {
    this.scanned = end - this.base;
    if (this.scanned - this.at > limits.fieldMax) return -Problem.fieldTooLong;
    return this.scanned > limits.headMax ? -Problem.headTooLong : MORE;
  }

  #badEnd(byte: number): number {
    return -(byte === LF ? Problem.lineEnd : Problem.fieldValue);
  }

  #push(id: number, nameStart: number, nameEnd: number, valueStart: number, valueEnd: number): void {
    const at = this.count++ * SLOT;
    if (at + SLOT > this.slots.length) {
      const grown = new Int32Array(this.slots.length * 2);
      grown.set(this.slots);
      this.slots = grown;
    }
    const slots = this.slots;
    slots[at] = id;
    slots[at + 1] = nameStart;
    slots[at + 2] = nameEnd;
    slots[at + 3] = valueStart;
    slots[at + 4] = valueEnd;
  }
}

const empty = Buffer.alloc(0);
