import { cbor, dateToTag } from '@smithy/core/cbor';
import { AwsError } from './error.ts';
import { mistyped, readValue, type ReadScalar } from './json.ts';
import type { Shape, StructShape } from './shape.ts';

/** Smithy RPC v2 CBOR: https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html. */
export function decodeCbor(shape: StructShape | undefined, body: Buffer): Record<string, unknown> {
  if (body.length === 0) return {};
  let parsed: unknown;
  try {
    parsed = cbor.deserialize(body);
  } catch {
    // Truncated, malformed, or nested so deeply that the parser's stack ran out.
    throw new AwsError('SerializationException', 'The request body is not valid CBOR.');
  }
  return shape === undefined ? {} : (readValue(shape, parsed, '', cborScalar) as Record<string, unknown>);
}

export function encodeCbor(shape: StructShape, value: Readonly<Record<string, unknown>>): Uint8Array {
  return cbor.serialize(write(shape, value));
}

/** Tag 1 of RFC 8949 section 3.4.2: epoch-based date/time, in seconds. */
const cborScalar: ReadScalar = (kind, value, path) => {
  if (kind === 'blob') {
    if (value instanceof Uint8Array) return new Uint8Array(value);
    throw mistyped('BLOB_VALUE', path);
  }
  if (value instanceof Date) return value.getTime();
  const seconds = typeof value === 'object' && value !== null && 'tag' in value && 'value' in value ? value.value : value;
  const ms = typeof seconds === 'number' || typeof seconds === 'bigint' ? Number(seconds) * 1000 : Number.NaN;
  if (!Number.isFinite(ms)) throw mistyped('TIMESTAMP_VALUE', path);
  return ms;
};

function write(shape: Shape, value: unknown): unknown {
  switch (shape.kind) {
    case 'struct': {
      const out: Record<string, unknown> = {};
      for (const member of shape.members) {
        const held = (value as Record<string, unknown>)[member.name];
        if (held !== undefined && held !== null) out[member.name] = write(member.shape, held);
      }
      return out;
    }
    case 'list':
      return (value as unknown[]).filter((item) => item !== undefined && item !== null).map((item) => write(shape.item, item));
    case 'map':
      return Object.fromEntries(Object.entries(value as object).map(([key, held]) => [key, write(shape.value, held)]));
    case 'timestamp':
      return dateToTag(new Date(value as number | Date));
    case 'blob':
      return typeof value === 'string' ? new Uint8Array(Buffer.from(value, 'base64')) : value;
    default:
      return value;
  }
}
