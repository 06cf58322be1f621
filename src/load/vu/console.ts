import { Response } from '../http/response.ts';
import { ScriptPromise } from '../script/promises.ts';
import type { LogLevel } from './engine.ts';
import type { Vu } from './vu.ts';

/** k6's console: `log` and `info` are level info; objects are printed as k6 does since 1.5: `{ a: 1, b: "x", c: [ 1, null ] }`. */
export function createConsole(vu: Vu): Record<string, (...values: unknown[]) => void> {
  const at =
    (level: LogLevel) =>
    (...values: unknown[]): void =>
      vu.engine.log(level, values.map((value) => (typeof value === 'string' ? value : topLevel(value))).join(' '), 'console');
  return { log: at('info'), info: at('info'), warn: at('warning'), error: at('error'), debug: at('debug') };
}

function topLevel(value: unknown): string {
  if (value === undefined) return 'undefined';
  return typeof value === 'symbol' ? (value.description ?? '') : show(value, []);
}

/** A value within others; `around` are those that it stands in. */
function show(value: unknown, around: readonly unknown[]): string {
  switch (typeof value) {
    case 'string':
      return `"${value}"`;
    case 'symbol':
      return `"${value.description ?? ''}"`;
    case 'undefined':
      return 'null';
    case 'function':
      return '[object Function]';
    case 'object':
      return value === null ? 'null' : showObject(value, around);
    default:
      return String(value);
  }
}

function showObject(value: object, around: readonly unknown[]): string {
  if (around.includes(value)) return '[Circular]';
  const inner = [...around, value];
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'null' : `"${value.toISOString()}"`;
  if (value instanceof ScriptPromise) return '{}';
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (Array.isArray(value)) return list(Array.from(value, (item) => show(item, inner)));
  if (value instanceof ArrayBuffer) return `ArrayBuffer { [Uint8Contents]: <${hex(value)}>, byteLength: ${value.byteLength} }`;
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    const items = Array.from(value as unknown as Iterable<unknown>, String);
    return `${value.constructor.name}(${items.length}) ${list(items)}`;
  }
  const fields = Object.entries(value instanceof Response ? value.toJSON() : value);
  if (fields.length === 0) return '{}';
  return `{ ${fields.map(([name, field]) => `${name}: ${show(field, inner)}`).join(', ')} }`;
}

function list(items: readonly string[]): string {
  return items.length === 0 ? '[]' : `[ ${items.join(', ')} ]`;
}

function hex(buffer: ArrayBuffer): string {
  return Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}
