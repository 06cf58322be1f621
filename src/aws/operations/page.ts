import { AwsError } from '../codec/error.ts';

export interface PageRequest {
  readonly token: string | undefined;
  readonly max: number | undefined;
}

export interface Page<T> {
  readonly items: T[];
  /** Opaque to clients; undefined on the last page. */
  readonly next: string | undefined;
}

/** Items in one answer of EC2 when the call names no page size; bounds what a call can cost. */
export const describedMax = 1000;

export interface PageRules {
  /** Page size when the request names none; undefined: everything. */
  readonly defaultMax?: number;
  /** The error for a token that was not given out; undefined: the page is empty. */
  readonly onBadToken?: () => AwsError | undefined;
}

export interface NamedPageRules<T> extends PageRules {
  /** What an item is known by: a token then is the name of the last item, and pages neither repeat nor skip while that one exists. */
  readonly nameOf: (item: T) => string;
}

/** One page of `items`. A token stands for a position, so pages neither repeat nor skip while nothing is deleted before it. */
export function page<T>(items: readonly T[], { token, max }: PageRequest, rules: PageRules | NamedPageRules<T> = {}): Page<T> {
  const nameOf = 'nameOf' in rules ? rules.nameOf : undefined;
  const start =
    token === undefined || token === '' ? 0 : nameOf === undefined ? position(items, token, rules) : after(items, token, rules, nameOf);
  const size = max ?? rules.defaultMax ?? items.length;
  const end = start + Math.max(1, size);
  if (end >= items.length) return { items: items.slice(start), next: undefined };
  return { items: items.slice(start, end), next: nameOf?.(items[end - 1]!) ?? String(end) };
}

function after<T>(items: readonly T[], token: string, rules: PageRules, nameOf: (item: T) => string): number {
  const index = items.findIndex((item) => nameOf(item) === token);
  return index < 0 ? refuse(items, rules) : index + 1;
}

function position<T>(items: readonly T[], token: string, rules: PageRules): number {
  return /^\d{1,9}$/.test(token) ? Number(token) : refuse(items, rules);
}

function refuse<T>(items: readonly T[], { onBadToken }: PageRules): number {
  const error = onBadToken === undefined ? new AwsError('InvalidNextToken', 'The token is not valid.') : onBadToken();
  if (error !== undefined) throw error;
  return items.length;
}
