import type protobuf from 'protobufjs';
import { fromJson, toJson, valueFromJson, valueToJson } from './protojson.ts';

/** Google's types with a JSON form of their own (https://protobuf.dev/programming-guides/json/, the table's lower half). */

type Message = Record<string, unknown>;
interface LongLike {
  toNumber(): number;
  toString(): string;
}

const wrappers = new Set(['DoubleValue', 'FloatValue', 'Int64Value', 'UInt64Value', 'Int32Value', 'UInt32Value', 'BoolValue', 'StringValue', 'BytesValue'].map((name) => `.google.protobuf.${name}`)); // prettier-ignore

/** The message of such a type, or undefined for all others. */
export function readWellKnown(type: protobuf.Type, json: unknown, where: string): Message | undefined {
  if (wrappers.has(type.fullName)) {
    if (typeof json === 'object' && json !== null) throw new TypeError(`${where}: a plain value is needed, got ${JSON.stringify(json)}`);
    return { value: valueFromJson(type.fields['value'] as protobuf.Field, json, where) };
  }
  switch (type.fullName) {
    case '.google.protobuf.Timestamp': {
      const ms = Date.parse(String(json));
      if (Number.isNaN(ms)) throw new TypeError(`${where}: a time such as 2020-01-01T00:00:00Z is needed, got ${JSON.stringify(json)}`);
      return { seconds: Math.floor(ms / 1000), nanos: nanosOf(/\.(\d+)/.exec(String(json))?.[1]) };
    }
    case '.google.protobuf.Duration': {
      const match = /^(-?)(\d+)(?:\.(\d+))?s$/.exec(String(json));
      if (!match) throw new TypeError(`${where}: a span such as "1.5s" is needed, got ${JSON.stringify(json)}`);
      const sign = match[1] === '-' ? -1 : 1;
      return { seconds: sign * Number(match[2]), nanos: sign * nanosOf(match[3]) };
    }
    case '.google.protobuf.FieldMask':
      return { paths: String(json).split(',').filter(Boolean).map((path) => path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)) }; // prettier-ignore
    case '.google.protobuf.Struct':
      return { fields: Object.fromEntries(Object.entries(json as Message).map(([key, value]) => [key, structValue(value)])) };
    case '.google.protobuf.ListValue':
      return { values: (json as unknown[]).map(structValue) };
    case '.google.protobuf.Value':
      return structValue(json);
    case '.google.protobuf.Any': {
      const { '@type': url, ...rest } = json as Message;
      const inner = type.root.lookupType(String(url).split('/').pop() ?? '');
      const isPlain = 'value' in rest && !inner.fields['value'];
      return { type_url: url, value: inner.encode(fromJson(inner, isPlain ? rest['value'] : rest, where)).finish() };
    }
    default:
      return undefined;
  }
}

/** The JSON of such a type, or undefined for all others. */
export function writeWellKnown(type: protobuf.Type, message: Message): { json: unknown } | undefined {
  if (wrappers.has(type.fullName)) {
    const field = type.fields['value'] as protobuf.Field;
    return { json: valueToJson(field, Object.hasOwn(message, 'value') ? message['value'] : field.typeDefault) };
  }
  switch (type.fullName) {
    case '.google.protobuf.Timestamp': {
      const seconds = numberOf(message['seconds']);
      return { json: `${new Date(seconds * 1000).toISOString().slice(0, 19)}${fraction(Number(message['nanos'] ?? 0))}Z` };
    }
    case '.google.protobuf.Duration': {
      const seconds = numberOf(message['seconds']);
      const nanos = Number(message['nanos'] ?? 0);
      const sign = seconds < 0 || nanos < 0 ? '-' : '';
      return { json: `${sign}${Math.abs(seconds)}${fraction(Math.abs(nanos))}s` };
    }
    case '.google.protobuf.FieldMask':
      return { json: ((message['paths'] ?? []) as string[]).map((path) => path.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())).join(',') }; // prettier-ignore
    case '.google.protobuf.Struct':
      return { json: structJson(message) };
    case '.google.protobuf.ListValue':
      return { json: ((message['values'] ?? []) as Message[]).map(valueJson) };
    case '.google.protobuf.Value':
      return { json: valueJson(message) };
    case '.google.protobuf.Any': {
      const url = (message['type_url'] as string | undefined) ?? '';
      const inner = type.root.lookupType(url.split('/').pop() ?? '');
      const json = toJson(inner, inner.decode((message['value'] ?? new Uint8Array()) as Uint8Array) as unknown as Message);
      return { json: typeof json === 'object' && json !== null ? { '@type': url, ...json } : { '@type': url, value: json } };
    }
    default:
      return undefined;
  }
}

function structValue(json: unknown): Message {
  if (json === null || json === undefined) return { nullValue: 0, null_value: 0 };
  if (typeof json === 'number') return { numberValue: json, number_value: json };
  if (typeof json === 'string') return { stringValue: json, string_value: json };
  if (typeof json === 'boolean') return { boolValue: json, bool_value: json };
  if (Array.isArray(json)) return both('list_value', { values: json.map(structValue) });
  return both('struct_value', { fields: Object.fromEntries(Object.entries(json).map(([key, value]) => [key, structValue(value)])) });
}

/** The library's bundled definitions have camelCase names, a user's own copy has those of the file. */
function both(name: string, value: unknown): Message {
  return { [name]: value, [name.replace(/_(.)/, (_, letter: string) => letter.toUpperCase())]: value };
}

function structJson(message: Message): Message {
  return Object.fromEntries(
    Object.entries((message['fields'] ?? {}) as Record<string, Message>).map(([key, value]) => [key, valueJson(value)]),
  );
}

function valueJson(message: Message): unknown {
  for (const [name, value] of Object.entries(message)) {
    if (/^struct_?value$/i.test(name)) return structJson(value as Message);
    if (/^list_?value$/i.test(name)) return (((value as Message)['values'] ?? []) as Message[]).map(valueJson);
    if (/^null_?value$/i.test(name)) return null;
    return value;
  }
  return null;
}

function numberOf(value: unknown): number {
  return typeof value === 'object' && value !== null ? (value as LongLike).toNumber() : Number(value ?? 0);
}

function nanosOf(digits: string | undefined): number {
  return digits === undefined ? 0 : Number(digits.slice(0, 9).padEnd(9, '0'));
}

/** 3, 6 or 9 digits, none when zero. */
function fraction(nanos: number): string {
  if (nanos === 0) return '';
  const digits = String(nanos).padStart(9, '0');
  return `.${digits.replace(/(?:000){1,2}$/, '')}`;
}
