import type { Value } from '../types.ts';
import { Mismatch, convertTo } from '../convert.ts';
import { formatNumber } from '../values.ts';
import type { Type } from '../values.ts';
import { characters } from './characters.ts';
import { toJson } from './json.ts';
import { FunctionFault } from './spec.ts';

const directive = /%(?:%|([-+# 0]*)(?:(\d+|\*)?(?:\.(\d*))?)?(?:\[(\d+)\])?([a-zA-Z]))/g;

/** `format`: Go's verbs as Terraform has them (https://developer.hashicorp.com/terraform/language/functions/format). */
export function formatText(format: string, args: readonly Value[]): string {
  let next = 0;
  let most = 0;
  let behind = 0;
  let out = '';
  for (const match of format.matchAll(directive)) {
    out += plain(format.slice(behind, match.index));
    behind = match.index + match[0].length;
    if (match[0] === '%%') {
      out += '%';
      continue;
    }
    const [all, flags = '', width, precision, position, verb = ''] = match;
    if (position !== undefined) next = Number(position) - 1;
    if (next >= args.length || next < 0) {
      throw new FunctionFault(`not enough arguments for "${all}" at ${match.index}: need index ${next + 1} but have ${args.length} total`);
    }
    out += pad(verbText(verb, args[next] as Value, flags, precision, all, match.index), flags, Number(width ?? 0), verb);
    next++;
    most = Math.max(most, next);
  }
  out += plain(format.slice(behind));
  if (args.length > most && behind >= 0 && most < args.length && !/%\[/.test(format)) {
    throw new FunctionFault(
      most === 0 ? 'too many arguments; no verbs in format string' : `too many arguments; only ${most} used by format string`,
      'args',
    );
  }
  return out;
}

/** Text between verbs, in which a lone percent sign is a mistake. */
function plain(text: string): string {
  const at = text.indexOf('%');
  if (at < 0) return text;
  throw new FunctionFault(`unrecognized format character ${JSON.stringify(text.charAt(at + 1))} at offset ${at + 1}`, 'format');
}

function verbText(verb: string, value: Value, flags: string, precision: string | undefined, all: string, offset: number): string {
  const as = (type: Type): Value => {
    if (value === null) throw new FunctionFault(`unsupported value for "${all}" at ${offset}: null value cannot be formatted`);
    try {
      return convertTo(value, type);
    } catch (error) {
      if (error instanceof Mismatch) throw new FunctionFault(`unsupported value for "${all}" at ${offset}: ${error.message}`);
      throw error;
    }
  };
  const digits = precision === undefined ? undefined : Number(precision);
  switch (verb) {
    case 'v':
      return flags.includes('#') || (typeof value === 'object' && value !== null)
        ? toJson(value)
        : value === null
          ? 'null'
          : (as('string') as string);
    case 's': {
      const text = as('string') as string;
      return digits === undefined ? text : characters(text).slice(0, digits).join('');
    }
    case 'q':
      return JSON.stringify(as('string'));
    case 't':
      return as('bool') === true ? 'true' : 'false';
    case 'd':
      return signed(formatNumber(integer(as('number') as number, all, offset)), flags);
    case 'f':
    case 'F':
      return signed((as('number') as number).toFixed(digits ?? 6), flags);
    case 'e':
    case 'E':
      return caseOf(verb, signed(exponent((as('number') as number).toExponential(digits ?? 6)), flags));
    case 'g':
    case 'G':
      return caseOf(verb, signed(shortest(as('number') as number, digits), flags));
    case 'b':
    case 'o':
    case 'x':
    case 'X':
      return caseOf(verb, based(as(typeof value === 'string' && verb.toLowerCase() === 'x' ? 'string' : 'number'), verb, all, offset));
    default:
      throw new FunctionFault(`unsupported format verb '${verb}' in "${all}" at offset ${offset}`);
  }
}

function caseOf(verb: string, text: string): string {
  return verb === verb.toUpperCase() ? text.toUpperCase() : text;
}

function integer(value: number, all: string, offset: number): number {
  if (Number.isInteger(value)) return value;
  throw new FunctionFault(`unsupported value for "${all}" at ${offset}: an integer is required`);
}

function based(value: Value, verb: string, all: string, offset: number): string {
  if (typeof value === 'string') return Buffer.from(value).toString('hex');
  return integer(value as number, all, offset).toString({ b: 2, o: 8 }[verb] ?? 16);
}

function signed(text: string, flags: string): string {
  if (text.startsWith('-')) return text;
  return flags.includes('+') ? `+${text}` : flags.includes(' ') ? ` ${text}` : text;
}

/** Go writes two digits of exponent at least. */
function exponent(text: string): string {
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}

function shortest(value: number, digits: number | undefined): string {
  const size = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)));
  if (size < -4 || size >= (digits ?? 21)) {
    return exponent(digits === undefined ? value.toExponential() : value.toExponential(Math.max(0, digits - 1)));
  }
  return formatNumber(digits === undefined ? value : Number(value.toPrecision(Math.max(1, digits))));
}

function pad(text: string, flags: string, width: number, verb: string): string {
  const missing = width - characters(text).length;
  if (missing <= 0) return text;
  if (flags.includes('-')) return text + ' '.repeat(missing);
  if (!flags.includes('0')) return ' '.repeat(missing) + text;
  const sign = /^[+-]/.exec(text)?.[0] ?? '';
  return verb === 's' || verb === 'q' ? '0'.repeat(missing) + text : sign + '0'.repeat(missing) + text.slice(sign.length);
}
