import { Sensitive, Unknown } from './types.ts';
import type { Value } from './types.ts';
import { collectionOf, formatNumber, isList, sortedKeys } from './values.ts';
import type { Dictionary, Type } from './values.ts';

/** A value as `terraform console` and `terraform output` print it. */
export function renderValue(value: Value, indent = ''): string {
  if (value === null) return 'null';
  if (value instanceof Unknown) return '(known after apply)';
  if (value instanceof Sensitive) return '(sensitive value)';
  if (typeof value === 'string') return renderText(value, indent);
  if (typeof value === 'number') return formatNumber(value);
  if (typeof value === 'boolean') return String(value);
  const inner = `${indent}  `;
  const kind = collectionOf(value)?.kind;
  const bare = isList(value) ? renderList(value, indent, inner) : renderRecord(value, indent, inner);
  return kind === undefined ? bare : `to${kind}(${bare})`;
}

function renderList(items: readonly Value[], indent: string, inner: string): string {
  if (items.length === 0) return '[]';
  return `[\n${items.map((item) => `${inner}${renderValue(item, inner)},\n`).join('')}${indent}]`;
}

function renderRecord(value: Dictionary, indent: string, inner: string): string {
  const keys = sortedKeys(value);
  if (keys.length === 0) return '{}';
  return `{\n${keys.map((key) => `${inner}${plainQuoted(key)} = ${renderValue(value[key] as Value, inner)}\n`).join('')}${indent}}`;
}

/** Text of several lines is a heredoc, whose lines are indented like what is around it. */
function renderText(value: string, indent: string): string {
  if (!value.includes('\n')) return plainQuoted(value);
  const marker = value.split('\n').some((line) => line.trim() === 'EOT') ? 'EOF' : 'EOT';
  const lines = value.split('\n').map((line) => `${indent}${line}`);
  return `<<${indent === '' ? '' : '-'}${marker}\n${lines.join('\n')}\n${indent}${marker}`;
}

/** As it is printed, sequences unescaped. */
function plainQuoted(value: string): string {
  return JSON.stringify(value).replace(/\\\\|\\u00(\w\w)/g, (all, hex?: string) => (hex === undefined ? all : `\\x${hex}`));
}

/** A quoted string as it is written in HCL, which knows fewer escapes than JSON. */
export function quoted(value: string): string {
  return JSON.stringify(value)
    .replace(/\\\\|\\b|\\f/g, (all) => (all === '\\b' ? '\\u0008' : all === '\\f' ? '\\u000c' : all))
    .replace(/\$\{/g, '$$${')
    .replace(/%\{/g, '%%{');
}

/** A type as constraints are written. */
export function renderType(type: Type, indent = ''): string {
  if (type === 'any') return 'dynamic';
  if (typeof type === 'string') return type;
  const inner = `${indent}    `;
  if (type.kind === 'tuple')
    return type.of.length === 0
      ? 'tuple([])'
      : `tuple([\n${type.of.map((item) => `${inner}${renderType(item, inner)},\n`).join('')}${indent}])`;
  if (type.kind !== 'object') return `${type.kind}(${renderType(type.of, indent)})`;
  if (type.attributes.size === 0) return 'object({})';
  const lines = [...type.attributes]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, attribute]) => `${inner}${name}: ${renderType(attribute.type, inner)},\n`);
  return `object({\n${lines.join('')}${indent}})`;
}
