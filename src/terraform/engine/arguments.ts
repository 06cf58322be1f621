import { isList, isRecord, Unknown, Sensitive, type Value } from '../language/index.ts';
import type { Attributes } from './schema.ts';

/** Reads a resource's values as the types that AWS's calls take; what is null, empty text or unknown is undefined. */
export class Arguments {
  readonly values: Attributes;

  constructor(values: Attributes) {
    this.values = values;
  }

  #value(name: string): Value | undefined {
    let value = this.values[name];
    if (value instanceof Sensitive) value = value.value;
    return value === null || value instanceof Unknown ? undefined : value;
  }

  text(name: string): string | undefined {
    const value = this.#value(name);
    return value === undefined || value === '' ? undefined : plain(value);
  }

  /** For what the schema or AWS always gives. */
  sure(name: string): string {
    return this.text(name) ?? '';
  }

  number(name: string): number | undefined {
    const value = this.#value(name);
    return value === undefined || value === '' ? undefined : Number(value);
  }

  flag(name: string): boolean | undefined {
    const value = this.#value(name);
    return value === undefined ? undefined : value === true || value === 'true';
  }

  /** Undefined when nothing or an empty list was given. */
  texts(name: string): string[] | undefined {
    const value = this.#value(name);
    if (value === undefined || !isList(value) || value.length === 0) return undefined;
    return value.filter((item) => item !== null).map((item) => plain(item));
  }

  map(name: string): Record<string, string> {
    const value = this.#value(name);
    if (value === undefined || !isRecord(value)) return {};
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  }

  blocks(name: string): Arguments[] {
    const value = this.#value(name);
    if (value === undefined || !isList(value)) return [];
    return value.filter(isRecord).map((item) => new Arguments(item));
  }

  block(name: string): Arguments | undefined {
    return this.blocks(name)[0];
  }
}

/** A primitive as text; anything else as JSON. */
export function plain(value: Value): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
