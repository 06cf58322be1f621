import { Mismatch, convertTo } from '../convert.ts';
import { renderType } from '../render.ts';
import { Sensitive, Unknown, unknown } from '../types.ts';
import type { Value } from '../types.ts';
import { friendlyType, isSensitive, markSensitive, reveal, typeOf } from '../values.ts';
import type { Type } from '../values.ts';
import { FunctionFault, anything, define, raw } from './spec.ts';
import type { FunctionSpec } from './spec.ts';

/** `tostring` and its kin hand null on. */
const converter = (type: Type): FunctionSpec => define([anything('v')], ([value]) => converted(value, type));

function converted(value: Value, type: Type): Value {
  try {
    return convertTo(value, type);
  } catch (error) {
    if (error instanceof Mismatch) throw new FunctionFault(`cannot convert ${whyNot(value, type)}`, 'v');
    throw error;
  }
}

function whyNot(value: Value, type: Type): string {
  if (typeof value === 'string' && type === 'number')
    return `${JSON.stringify(value)} to number; given string must be a decimal representation of a number`;
  if (typeof value === 'string' && type === 'bool')
    return `${JSON.stringify(value)} to bool; only the strings "true" or "false" are allowed`;
  return `${friendlyType(typeOf(value))} to ${typeof type === 'string' ? type : `${type.kind} of any single type`}`;
}

export const conversionFunctions: Record<string, FunctionSpec> = {
  ephemeralasnull: define([raw('value')], ([value]) => value),
  issensitive: define([raw('value')], ([value]) => (value instanceof Unknown ? unknown : value instanceof Sensitive)),
  nonsensitive: define([raw('value')], ([value]) => open(value)),
  sensitive: define([raw('value')], ([value]) => markSensitive(isSensitive(value) ? reveal(value) : value)),
  tobool: converter('bool'),
  tolist: converter({ kind: 'list', of: 'any' }),
  tomap: converter({ kind: 'map', of: 'any' }),
  tonumber: converter('number'),
  toset: converter({ kind: 'set', of: 'any' }),
  tostring: converter('string'),
  type: define([raw('value')], ([value]) => renderType(typeOf(value))),
};

function open(value: Value): Value {
  return value instanceof Sensitive ? value.value : value;
}
