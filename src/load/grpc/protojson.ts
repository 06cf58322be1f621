import protobuf from 'protobufjs';
import { readWellKnown, writeWellKnown } from './well-known.ts';

/**
 * Messages as JSON (https://protobuf.dev/programming-guides/json/): lowerCamelCase names, 64-bit integers as strings,
 * enums by name, bytes in base64. Unset fields are written too, as k6 does, those of a oneof excepted.
 */

type Message = Record<string, unknown>;

/** The library's 64-bit integers, whose type it does not tell. */
const Long = protobuf.util.Long as unknown as { fromString(text: string, unsigned: boolean): unknown };

const longs = new Set(['int64', 'uint64', 'sint64', 'fixed64', 'sfixed64']);
const floats = new Set(['float', 'double']);

/** A message for `type.encode`; throws with the path of what does not fit. */
export function fromJson(type: protobuf.Type, json: unknown, where = type.name): Message {
  const known = readWellKnown(type, json, where);
  if (known) return known;
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new TypeError(`${where}: an object is needed, got ${JSON.stringify(json)}`);
  const message: Message = {};
  for (const [key, value] of Object.entries(json)) {
    const field = fieldOf(type, key);
    if (!field) throw new TypeError(`${where}: unknown field "${key}"`);
    if (value === null || value === undefined) continue;
    const rival = field.partOf?.fieldsArray.find(({ name }) => Object.hasOwn(message, name));
    if (rival) throw new TypeError(`${where}.${key}: the oneof ${field.partOf?.name} is already set, by "${rival.name}"`);
    message[field.name] = fieldFromJson(field, value, `${where}.${key}`);
  }
  return message;
}

function fieldOf(type: protobuf.Type, key: string): protobuf.Field | undefined {
  return type.fields[key] ?? type.fieldsArray.find((field) => jsonName(field) === key);
}

function fieldFromJson(field: protobuf.Field, value: unknown, where: string): unknown {
  if (field instanceof protobuf.MapField) {
    if (typeof value !== 'object' || value === null) throw new TypeError(`${where}: an object is needed`);
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, valueFromJson(field, item, `${where}.${key}`)]));
  }
  if (!field.repeated) return valueFromJson(field, value, where);
  if (!Array.isArray(value)) throw new TypeError(`${where}: an array is needed`);
  return value.map((item, i) => valueFromJson(field, item, `${where}[${i}]`));
}

/** One value of a field: an item of a list, a value of a map. */
export function valueFromJson(field: protobuf.Field, value: unknown, where: string): unknown {
  const { resolvedType: type } = field;
  if (type instanceof protobuf.Type) return fromJson(type, value, where);
  if (type instanceof protobuf.Enum) {
    if (typeof value === 'number') return value;
    const number = type.values[String(value)];
    if (number === undefined)
      throw new TypeError(`${where}: ${JSON.stringify(value)} is not one of ${Object.keys(type.values).join(', ')}`);
    return number;
  }
  if (field.type === 'string') {
    if (typeof value !== 'string') throw new TypeError(`${where}: a string is needed, got ${JSON.stringify(value)}`);
    return value;
  }
  if (field.type === 'bool') {
    if (typeof value !== 'boolean') throw new TypeError(`${where}: true or false is needed, got ${JSON.stringify(value)}`);
    return value;
  }
  if (field.type === 'bytes') return bytesFromJson(value, where);
  if (longs.has(field.type)) {
    if (!/^-?\d+$/.test(String(value))) throw new TypeError(`${where}: a whole number is needed, got ${JSON.stringify(value)}`);
    return Long.fromString(String(value), /^u|^fixed/.test(field.type));
  }
  const number = typeof value === 'string' ? Number(value) : value;
  const fits = typeof number === 'number' && (floats.has(field.type) ? !Number.isNaN(number) || value === 'NaN' : Number.isInteger(number));
  if (!fits && !(typeof number === 'number' && Number.isNaN(number) && floats.has(field.type)))
    throw new TypeError(`${where}: a number is needed, got ${JSON.stringify(value)}`);
  const limits = ranges.get(field.type);
  if (limits && (number < limits[0] || number > limits[1])) throw new TypeError(`${where}: ${JSON.stringify(value)} is no ${field.type}`);
  return number;
}

const signed = [-(2 ** 31), 2 ** 31 - 1] as const;
const unsigned = [0, 2 ** 32 - 1] as const;
const ranges: ReadonlyMap<string, readonly [number, number]> = new Map([
  ['int32', signed],
  ['sint32', signed],
  ['sfixed32', signed],
  ['uint32', unsigned],
  ['fixed32', unsigned],
]);

function bytesFromJson(value: unknown, where: string): Buffer {
  if (typeof value !== 'string' || !/^[\w+/-]*={0,2}$/.test(value))
    throw new TypeError(`${where}: base64 is needed, got ${JSON.stringify(value)}`);
  return Buffer.from(value, 'base64');
}

/** The JSON of a decoded message. */
export function toJson(type: protobuf.Type, message: Message): unknown {
  const known = writeWellKnown(type, message);
  if (known) return known.json;
  const json: Message = {};
  for (const field of type.fieldsArray) {
    const isSet = Object.hasOwn(message, field.name);
    if (!isSet && field.partOf) continue;
    json[jsonName(field)] = fieldToJson(field, message[field.name], isSet);
  }
  return json;
}

function fieldToJson(field: protobuf.Field, value: unknown, isSet: boolean): unknown {
  if (field instanceof protobuf.MapField)
    return Object.fromEntries(Object.entries((value ?? {}) as Message).map(([key, item]) => [key, valueToJson(field, item)]));
  if (field.repeated) return ((value ?? []) as unknown[]).map((item) => valueToJson(field, item));
  if (!isSet && field.resolvedType instanceof protobuf.Type) return null;
  return valueToJson(field, isSet ? value : field.typeDefault);
}

export function valueToJson(field: protobuf.Field, value: unknown): unknown {
  const { resolvedType: type } = field;
  if (type instanceof protobuf.Type) return toJson(type, value as Message);
  if (type instanceof protobuf.Enum) return type.valuesById[Number(value)] ?? value;
  if (field.type === 'bytes') return Buffer.from(value as Uint8Array).toString('base64');
  if (longs.has(field.type)) return String(value);
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return field.type === 'float' ? shortest(value as number) : value;
}

/** The shortest decimal that is the same number of 32 bits. */
function shortest(value: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === value) return rounded;
  }
  return value;
}

export function jsonName(field: protobuf.Field): string {
  const given = field.options?.['json_name'] as unknown;
  return typeof given === 'string' ? given : field.name.replace(/_+(.)/g, (_, letter: string) => letter.toUpperCase());
}
