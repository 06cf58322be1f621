/**
 * Field names that the codec or its users treat specially. The parser tags each field with one of these
 * ids, so that "is this hop-by-hop" or "where is Host" is an integer comparison and never a string.
 */
const known = [
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'upgrade',
  'expect',
  'http2-settings',
  'proxy-authenticate',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-amzn-trace-id',
  'x-amzn-tls-version',
  'x-amzn-tls-cipher-suite',
  'max-forwards',
  'cookie',
  'set-cookie',
  'authorization',
  'server',
  'date',
  'user-agent',
  'content-type',
  'location',
  'retry-after',
] as const;

export type KnownName = (typeof known)[number];

/** `FieldId.host` … by lower-case name; 0 is any other name. */
export const FieldId = Object.fromEntries(known.map((name, index) => [name, index + 1])) as Record<KnownName, number>;

interface Entry {
  readonly id: number;
  readonly name: string;
}

const byLength: readonly (readonly Entry[])[] = Array.from({ length: 24 }, (_, length) =>
  known.flatMap((name, index) => (name.length === length ? [{ id: index + 1, name }] : [])),
);

/** The id of the token [start, end), which must be a valid field name; 0 when it is not one of the known. */
export function fieldIdAt(buffer: Buffer, start: number, end: number): number {
  const entries = byLength[end - start];
  if (entries === undefined) return 0;
  const first = (buffer[start] as number) | 32;
  for (const entry of entries) {
    if (entry.name.charCodeAt(0) === first && sameName(buffer, start, entry.name)) return entry.id;
  }
  return 0;
}

// Setting bit 5 lower-cases letters; among token characters no other byte can turn into a letter, digit or `-` by it.
function sameName(buffer: Buffer, start: number, name: string): boolean {
  for (let i = 1; i < name.length; i++) {
    if (((buffer[start + i] as number) | 32) !== name.charCodeAt(i)) return false;
  }
  return true;
}

/** Hop-by-hop fields (RFC 9110 section 7.6.1) that an intermediary removes whether Connection names them or not. Indexed by id. */
export const HOP_BY_HOP: Uint8Array = new Uint8Array(known.length + 1);
for (const name of [
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
] as const) {
  HOP_BY_HOP[FieldId[name]] = 1;
}
