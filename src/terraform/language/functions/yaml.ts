import type { Value } from '../types.ts';
import { formatNumber, isList, isRecord, sortedKeys } from '../values.ts';
import { toJson } from './json.ts';

/** YAML in the one style that `yamlencode` has: block collections, quoted texts and keys. */
export function toYaml(value: Value): string {
  return `${block(value, '')}\n`;
}

function block(value: Value, indent: string): string {
  if (isList(value) && value.length > 0) return value.map((item) => `- ${block(item, `${indent}  `)}`).join(`\n${indent}`);
  if (isRecord(value) && Object.keys(value).length > 0) {
    return sortedKeys(value)
      .map((key) => `${toJson(key)}:${entry(value[key] as Value, indent)}`)
      .join(`\n${indent}`);
  }
  return scalar(value, indent);
}

/** Lists stand at the key's own indentation, maps deeper, everything else on the key's line. */
function entry(value: Value, indent: string): string {
  if (isList(value) && value.length > 0) return `\n${indent}${block(value, indent)}`;
  if (isRecord(value) && Object.keys(value).length > 0) return `\n${indent}  ${block(value, `${indent}  `)}`;
  return ` ${scalar(value, indent)}`;
}

function scalar(value: Value, indent: string): string {
  if (typeof value === 'number') return formatNumber(value);
  if (isList(value)) return '[]';
  if (isRecord(value)) return '{}';
  if (typeof value !== 'string' || !value.includes('\n')) return toJson(value);
  return literal(value, indent);
}

/** Text of several lines is a literal block; the mark behind `|` says how many line ends it closes with. */
function literal(value: string, indent: string): string {
  const mark = value.endsWith('\n\n') ? '+' : value.endsWith('\n') ? '' : '-';
  const body = mark === '+' ? value.slice(0, -1) : value.replace(/\n$/, '');
  const inner = `${indent}  `;
  return `|${mark}\n${body
    .split('\n')
    .map((line) => (line === '' ? '' : inner + line))
    .join('\n')}`;
}
