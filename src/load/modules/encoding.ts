import { moduleOf } from './bound.ts';

/** The four alphabets of Go's encoding/base64, by k6's names (RFC 4648 sections 4 and 5). */
interface Alphabet {
  readonly url: boolean;
  readonly padded: boolean;
}

const standard: Alphabet = { url: false, padded: true };
const alphabets: ReadonlyMap<string, Alphabet> = new Map([
  ['std', standard],
  ['rawstd', { url: false, padded: false }],
  ['url', { url: true, padded: true }],
  ['rawurl', { url: true, padded: false }],
]);

/** https://grafana.com/docs/k6/latest/javascript-api/k6-encoding/ */
export const EncodingModule = moduleOf({
  b64encode(input: unknown, encoding?: unknown) {
    this.enter();
    const { url, padded } = alphabetOf(encoding);
    let text = bytesOf(input).toString('base64');
    if (url) text = text.replaceAll('+', '-').replaceAll('/', '_');
    return padded ? text : text.replace(/=+$/, '');
  },

  /** An ArrayBuffer, or a string when `format` is `'s'`. */
  b64decode(input: unknown, encoding?: unknown, format?: unknown) {
    this.enter();
    const bytes = decode(String(input), alphabetOf(encoding));
    return format === 's' ? bytes.toString('utf8') : arrayBufferOf(bytes);
  },
});

/** As in k6 whatever it does not know is its default. */
function alphabetOf(encoding: unknown): Alphabet {
  return (typeof encoding === 'string' && alphabets.get(encoding)) || standard;
}

/** Node decodes leniently; k6 refuses what is not of the alphabet, and missing or unwanted padding. */
function decode(text: string, { url, padded }: Alphabet): Buffer {
  const lines = text.replace(/[\r\n]/g, '');
  const illegal = (url ? /[^\w-]/ : /[^A-Za-z\d+/]/).exec(lines.replace(/={1,2}$/, padded ? '' : '$&'));
  if (illegal) throw new Error(`illegal base64 data at input byte ${illegal.index}`);
  const isWhole = padded ? lines.length % 4 === 0 : lines.length % 4 !== 1;
  if (!isWhole) throw new Error(`illegal base64 data at input byte ${lines.length - (lines.length % 4)}`);
  return Buffer.from(lines, url ? 'base64url' : 'base64');
}

/** What scripts hand over as data: a string (as UTF-8), an ArrayBuffer, a view of one, or an array of bytes. */
export function bytesOf(value: unknown): Buffer {
  if (typeof value === 'string') return Buffer.from(value, 'utf8');
  if (value instanceof ArrayBuffer) return Buffer.from(value);
  if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (Array.isArray(value) && value.every((item) => Number.isInteger(item) && item >= 0 && item < 256))
    return Buffer.from(value as number[]);
  throw new TypeError(`invalid type ${typeName(value)}: expected a string, an ArrayBuffer or an array of bytes`);
}

/** A copy of its own, never a view of Node's pool. */
export function arrayBufferOf(bytes: Buffer): ArrayBuffer {
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
}

export function typeName(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === 'object' ? (value.constructor?.name ?? 'object') : typeof value;
}
