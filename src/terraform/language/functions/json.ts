import type { Value } from '../types.ts';
import { formatNumber, isList, isRecord, record, sortedKeys } from '../values.ts';

/** JSON as Go's encoder writes it: keys sorted, no blanks, and `<`, `>`, `&` escaped. */
export function toJson(value: Value): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return textJson(value);
  if (typeof value === 'number') return formatNumber(value);
  if (typeof value === 'boolean') return String(value);
  if (isList(value)) return `[${value.map(toJson).join(',')}]`;
  if (!isRecord(value)) return 'null';
  return `{${sortedKeys(value)
    .map((key) => `${textJson(key)}:${toJson(value[key] as Value)}`)
    .join(',')}}`;
}

const escaped = /[<>&\u2028\u2029]/g;

function textJson(value: string): string {
  return JSON.stringify(value).replace(escaped, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** What `JSON.parse` gives as a value of the language. */
export function fromJson(value: unknown): Value {
  if (Array.isArray(value)) return value.map(fromJson);
  if (typeof value === 'object' && value !== null) return record(Object.entries(value).map(([key, item]) => [key, fromJson(item)]));
  return value as Value;
}
