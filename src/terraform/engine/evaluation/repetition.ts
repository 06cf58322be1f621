import {
  convertTo,
  friendlyType,
  isKnown,
  isList,
  isRecord,
  isSensitive,
  isSet,
  Mismatch,
  reveal,
  sortedKeys,
  typeOf,
  Unknown,
  type Expression,
  type Scope,
  type Value,
} from '../../language/index.ts';
import type { InstanceKey } from '../address.ts';
import type { Repetition } from '../configuration/types.ts';
import { configurationError } from '../diagnostics.ts';

/** What `count.index`, or `each.key` and `each.value`, are in one instance. */
export interface Instance {
  readonly key: InstanceKey;
  /** Of `for_each`. */
  readonly value?: Value;
}

const single: readonly Instance[] = [{ key: undefined }];

/** The instances that `count` or `for_each` ask for, in their order. @throws DiagnosticsError */
export function instancesOf({ count, forEach }: Repetition, scope: Scope): readonly Instance[] {
  if (count) return Array.from({ length: countOf(count, scope) }, (_, key) => ({ key }));
  return forEach ? elementsOf(forEach, scope) : single;
}

function countOf(expression: Expression, scope: Scope): number {
  const given = reveal(expression.evaluate(scope));
  const fail = (detail: string, summary = 'Invalid count argument'): Error =>
    configurationError(summary, detail, expression.range, { values: expression.explain(scope) });
  if (given instanceof Unknown)
    throw fail(
      'The "count" value depends on resource attributes that cannot be determined until apply, so Terraform cannot predict how many instances will be created. To work around this, use the --target option to first apply only the resources that the count depends on.',
    );
  if (given === null) throw fail('The given "count" argument value is null. An integer is required.');
  const value = numberOf(given, (why) => fail(`Invalid expression value: ${why}.`, 'Incorrect value type'));
  if (value < 0) throw fail('The given "count" argument value is unsuitable: must be greater than or equal to zero.');
  if (!Number.isInteger(value))
    throw fail(
      'The given "count" argument value is unsuitable: value must be a whole number, between -9223372036854775808 and 9223372036854775807.',
    );
  return value;
}

function numberOf(value: Value, fail: (why: string) => Error): number {
  try {
    return convertTo(value, 'number') as number;
  } catch (error) {
    throw error instanceof Mismatch ? fail(error.message) : error;
  }
}

function elementsOf(expression: Expression, scope: Scope): Instance[] {
  const given = expression.evaluate(scope);
  const fail = (detail: string, summary = 'Invalid for_each argument', fault?: 'unknown' | 'sensitive'): Error =>
    configurationError(summary, detail, expression.range, { values: expression.explain(scope, fault) });
  const unsuitable = (why: string): Error =>
    fail(`The given "for_each" argument value is unsuitable: ${why}`, 'Invalid for_each set argument');
  const untold = (kind: 'map' | 'set'): Error => fail(unknownKeys(kind), undefined, 'unknown');
  if (isSensitive(given) && (isSet(reveal(given)) || isSensitive(keysAlone(given))))
    throw fail(
      'Sensitive values, or values derived from sensitive values, cannot be used as for_each arguments. If used, the sensitive value could be exposed as a resource instance key.',
      undefined,
      'sensitive',
    );
  if (given instanceof Unknown) throw untold('map');
  if (given === null)
    throw fail(
      'The given "for_each" argument value is unsuitable: the given "for_each" argument value is null. A map, or set of strings is allowed.',
    );
  if (isRecord(given)) return sortedKeys(given).map((key) => ({ key, value: given[key] as Value }));
  if (!isList(given) || !isSet(given))
    throw fail(
      `The given "for_each" argument value is unsuitable: the "for_each" argument must be a map, or set of strings, and you have provided a value of type ${friendlyType(typeOf(given))}.`,
    );
  if (!isKnown(given)) throw untold('set');
  return given.map((item) => {
    if (item === null) throw unsuitable('"for_each" sets must not contain null values.');
    if (typeof item !== 'string')
      throw unsuitable(
        `"for_each" supports maps and sets of strings, but you have provided a set containing type ${friendlyType(typeOf(item))}.`,
      );
    return { key: item, value: item };
  });
}

/** A map may hold sensitive values: only its keys name instances. */
const keysAlone = (value: Value): Value => (isRecord(value) ? Object.keys(value) : value);

function unknownKeys(kind: 'map' | 'set'): string {
  return `The "for_each" ${kind} includes ${kind === 'map' ? 'keys' : 'values'} derived from resource attributes that cannot be determined until apply, and so Terraform cannot determine the full set of keys that will identify the instances of this resource.

When working with unknown values in for_each, it's better to ${kind === 'map' ? 'define the map keys statically in your configuration and place apply-time results only in the map values' : 'use a map value where the keys are defined statically in your configuration and where only the values contain apply-time results'}.

Alternatively, you could use the --target option to first apply only the resources that the for_each value depends on, and then apply a second time to fully converge.`;
}
