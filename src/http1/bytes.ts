/**
 * Byte classes of HTTP/1.1 (RFC 9110 section 5.6.2, RFC 9112) as lookup tables, and the few loops over
 * bytes that the rest of the codec shares. Tables are indexed by the byte itself.
 */
export const CR = 13;
export const LF = 10;
export const SP = 32;
export const HTAB = 9;
export const COLON = 58;
export const COMMA = 44;
export const SEMICOLON = 59;

function table(accept: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (accept(byte) ? 1 : 0));
}

function alphanumeric(byte: number): boolean {
  return (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122);
}

const among = (characters: string) => (byte: number) => byte < 128 && characters.includes(String.fromCharCode(byte));
const tokenMark = among("!#$%&'*+-.^_`|~");
const hostMark = among("-._~%!$&'()*+;=");

/** RFC 9110 `token`: methods and field names. */
export const TOKEN = table((byte) => alphanumeric(byte) || tokenMark(byte));

/** What a field value may hold: visible ASCII, space, tab, and obs-text. No other control character. */
export const VALUE = table((byte) => byte === HTAB || (byte >= 32 && byte !== 127));

/** What a request target may hold: visible ASCII but `#`, and bytes above 127, which many clients send unescaped. */
export const TARGET = table((byte) => byte > 32 && byte !== 127 && byte !== 35);

/** RFC 3986 `reg-name`, without the comma: two Host lines folded into one must not pass for a name. */
export const HOST = table((byte) => alphanumeric(byte) || hostMark(byte));

/** Value of a hexadecimal digit, 255 for any other byte. */
export const HEX = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : 255;
});

/** True when the bytes [start, end) spell `lower`, a lower-case ASCII token, in any case. */
export function equalsToken(buffer: Buffer, start: number, end: number, lower: string): boolean {
  if (end - start !== lower.length) return false;
  for (let i = 0; i < lower.length; i++) {
    const byte = buffer[start + i] as number;
    if ((byte >= 65 && byte <= 90 ? byte | 32 : byte) !== lower.charCodeAt(i)) return false;
  }
  return true;
}

/** The number spelt by [start, end) in plain decimal digits; -1 for anything else or above 2^53 - 1. */
export function parseDecimal(buffer: Buffer, start: number, end: number): number {
  if (end <= start || end - start > 16) return -1;
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = (buffer[i] as number) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value <= Number.MAX_SAFE_INTEGER ? value : -1;
}
