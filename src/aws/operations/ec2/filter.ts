import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import { wildcard } from '../wildcard.ts';
import { tagsOf } from './tagSets.ts';

export interface Filter {
  readonly Name?: string | undefined;
  readonly Values?: readonly string[] | undefined;
}

type Found = string | number | boolean | undefined;

/** What a resource holds under each filter name; several values match when any does. */
export type FilterFields<T> = Readonly<Record<string, (value: T, at: Place) => Found | readonly Found[]>>;

/**
 * EC2's filters: all must match, any value of one suffices, `*` and `?` are wildcards, and `tag:Key`,
 * `tag-key`, `tag-value` work on every resource with an id.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html
 */
export function applyFilters<T>(
  at: Place,
  items: readonly T[],
  filters: readonly Filter[] | undefined,
  id: (value: T) => string | undefined,
  fields: FilterFields<T>,
): T[] {
  if (filters === undefined || filters.length === 0) return [...items];
  const tests = filters.map((filter) => compile(at, filter, id, fields));
  return items.filter((item) => tests.every((test) => test(item)));
}

function compile<T>(at: Place, filter: Filter, id: (value: T) => string | undefined, fields: FilterFields<T>): (item: T) => boolean {
  const name = filter.Name ?? '';
  const matches = matcher(filter.Values ?? []);
  if (name.startsWith('tag:')) {
    const key = name.slice(4);
    return (item) => tagsOf(at, id(item)).some((tag) => tag.Key === key && matches(tag.Value ?? ''));
  }
  if (name === 'tag-key') return (item) => tagsOf(at, id(item)).some((tag) => matches(tag.Key ?? ''));
  if (name === 'tag-value') return (item) => tagsOf(at, id(item)).some((tag) => matches(tag.Value ?? ''));
  const field = fields[name];
  if (field === undefined) throw new AwsError('InvalidParameterValue', `The filter '${name.slice(0, 100)}' is invalid`);
  return (item) => {
    const found = field(item, at);
    if (Array.isArray(found)) return (found as Found[]).some((one) => one !== undefined && matches(String(one)));
    return found !== undefined && matches(String(found));
  };
}

/** True for a text that equals or matches one of the patterns. */
export function matcher(patterns: readonly string[]): (text: string) => boolean {
  const exact = new Set<string>();
  const wild: ((text: string) => boolean)[] = [];
  for (const pattern of patterns) {
    if (/[*?\\]/.test(pattern)) wild.push(wildcard(pattern));
    else exact.add(pattern);
  }
  return (text) => exact.has(text) || wild.some((matches) => matches(text));
}
