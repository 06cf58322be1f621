import { AwsError } from './error.ts';
import type { Shape, StructShape } from './shape.ts';

/** Refuses bytes that are no UTF-8, where a decoder of the usual kind would put other text in their place. */
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Deeper than any request of these services; it bounds what a hostile body can cost where a shape holds itself. */
const depthMax = 64;

/** AWS JSON 1.0 and 1.1: https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html. */
export function decodeJson(shape: StructShape | undefined, body: Buffer): Record<string, unknown> {
  if (body.length === 0) return {};
  let parsed: unknown;
  try {
    parsed = JSON.parse(utf8.decode(body));
  } catch {
    throw new AwsError('SerializationException', 'The request body is not valid JSON.');
  }
  return shape === undefined ? {} : (readValue(shape, parsed, '', jsonScalar) as Record<string, unknown>);
}

export function encodeJson(shape: StructShape, value: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(write(shape, value));
}

export type ReadScalar = (kind: 'timestamp' | 'blob', value: unknown, path: string) => unknown;

/**
 * Checks a decoded document against its shape and keeps the members that the shape knows; shared by JSON
 * and CBOR, which differ in how they carry times and bytes.
 */
export function readValue(shape: Shape, value: unknown, path: string, readScalar: ReadScalar, depth = 0): unknown {
  if (depth > depthMax) throw new AwsError('SerializationException', `The request is nested more than ${depthMax} deep.`);
  if (value === undefined || value === null) {
    if (path === '') throw mistyped('STRUCTURE_VALUE', path);
    return undefined;
  }
  switch (shape.kind) {
    case 'struct': {
      if (!isRecord(value)) throw mistyped('STRUCTURE_VALUE', path);
      const out: Record<string, unknown> = {};
      for (const member of shape.members) {
        const held = Object.hasOwn(value, member.name)
          ? readValue(member.shape, value[member.name], `${path}.${member.name}`, readScalar, depth + 1)
          : undefined;
        if (held !== undefined) out[member.name] = held;
      }
      return out;
    }
    case 'list':
      if (!Array.isArray(value)) throw mistyped('COLLECTION_VALUE', path);
      return value
        .map((item, index) => readValue(shape.item, item, `${path}[${index}]`, readScalar, depth + 1))
        .filter((item) => item !== undefined);
    case 'map': {
      if (!isRecord(value)) throw mistyped('MAP_VALUE', path);
      const out = Object.create(null) as Record<string, unknown>;
      for (const [key, held] of Object.entries(value)) out[key] = readValue(shape.value, held, `${path}.${key}`, readScalar, depth + 1);
      return out;
    }
    case 'timestamp':
    case 'blob':
      return readScalar(shape.kind, value, path);
    case 'document':
      return value;
    case 'number': {
      const number = typeof value === 'bigint' ? Number(value) : value;
      if (typeof number === 'number' || number === 'NaN' || number === 'Infinity' || number === '-Infinity') return Number(number);
      throw mistyped('NUMBER_VALUE', path);
    }
    default:
      if (typeof value !== shape.kind) throw mistyped(shape.kind === 'string' ? 'STRING_VALUE' : 'BOOLEAN_VALUE', path);
      return value;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

export function mistyped(expected: string, path: string): AwsError {
  return new AwsError(
    'SerializationException',
    `The value at ${path === '' ? 'the document' : path.replace(/^\./, '')} is not a ${expected}.`,
  );
}

const jsonScalar: ReadScalar = (kind, value, path) => {
  if (kind === 'blob') {
    if (typeof value !== 'string') throw mistyped('STRING_VALUE', path);
    return new Uint8Array(Buffer.from(value, 'base64'));
  }
  const ms = typeof value === 'number' ? value * 1000 : typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (!Number.isFinite(ms)) throw mistyped('TIMESTAMP_VALUE', path);
  return ms;
};

function write(shape: Shape, value: unknown): unknown {
  if (value === undefined || value === null) return undefined;
  switch (shape.kind) {
    case 'struct': {
      const out: Record<string, unknown> = {};
      for (const member of shape.members) out[member.name] = write(member.shape, (value as Record<string, unknown>)[member.name]);
      return out;
    }
    case 'list':
      return (value as unknown[]).map((item) => write(shape.item, item));
    case 'map':
      return Object.fromEntries(Object.entries(value).map(([key, held]) => [key, write(shape.value, held)]));
    case 'timestamp': {
      const date = new Date(value as number | Date);
      return shape.format === 'date-time' ? date.toISOString() : date.getTime() / 1000;
    }
    case 'blob':
      return typeof value === 'string' ? value : Buffer.from(value as Uint8Array).toString('base64');
    case 'number':
      return Number.isFinite(value) ? value : `${value as number}`;
    default:
      return value;
  }
}
