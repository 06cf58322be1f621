import { FunctionFault, define, number, whole } from './spec.ts';
import type { FunctionSpec } from './spec.ts';
import { convertTo } from '../convert.ts';
import { formatNumber } from '../values.ts';

export const numberFunctions: Record<string, FunctionSpec> = {
  abs: define([number('num')], ([num]) => Math.abs(num)),
  ceil: define([number('num')], ([num]) => Math.ceil(num) + 0),
  floor: define([number('num')], ([num]) => Math.floor(num)),
  log: define([number('num'), number('base')], ([num, base]) => Math.log(num) / Math.log(base)),
  max: define([], (_, numbers: number[]) => least(numbers, Math.max), { rest: number('numbers') }),
  min: define([], (_, numbers: number[]) => least(numbers, Math.min), { rest: number('numbers') }),
  parseint: define([whole('number'), number('base')], ([given, base]) => parseInteger(convertTo(given, 'string') as string, base)),
  pow: define([number('num'), number('power')], ([num, power]) => num ** power),
  signum: define([number('num')], ([num]) => Math.sign(num)),
};

function least(numbers: readonly number[], choose: (...numbers: number[]) => number): number {
  if (numbers.length === 0) throw new FunctionFault('must pass at least one number');
  return numbers.reduce((a, b) => choose(a, b));
}

const digits = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** Up to base 36 upper and lower case are one; above, upper case counts on from lower case. */
function parseInteger(text: string, base: number): number {
  if (base < 2 || base > 62 || !Number.isInteger(base))
    throw new FunctionFault('base must be a whole number between 2 and 62 inclusive', 'base');
  const [, sign = '', body = ''] = /^([+-]?)(.*)$/s.exec(base <= 36 ? text.toLowerCase() : text) ?? [];
  let total = body === '' ? Number.NaN : 0;
  for (const char of body) {
    const digit = digits.indexOf(char);
    total = digit >= 0 && digit < base ? total * base + digit : Number.NaN;
  }
  if (Number.isNaN(total)) throw new FunctionFault(`cannot parse "${text}" as a base ${formatNumber(base)} integer`, 'number');
  return sign === '-' ? -total : total;
}
