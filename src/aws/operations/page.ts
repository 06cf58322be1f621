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

export interface PageRules {
  /** Page size when the request names none; undefined: everything. */
  readonly defaultMax?: number;
  readonly onBadToken?: () => AwsError;
}

/** One page of `items`. A token stands for a position, so pages neither repeat nor skip while nothing is deleted before it. */
export function page<T>(items: readonly T[], { token, max }: PageRequest, rules: PageRules = {}): Page<T> {
  const start = token === undefined || token === '' ? 0 : position(token, rules);
  const size = max ?? rules.defaultMax ?? items.length;
  const end = start + Math.max(1, size);
  return { items: items.slice(start, end), next: end < items.length ? Buffer.from(`at:${end}`).toString('base64url') : undefined };
}

function position(token: string, rules: PageRules): number {
  const match = /^at:(\d{1,9})$/.exec(Buffer.from(token, 'base64url').toString('utf8'));
  if (match === null) throw rules.onBadToken?.() ?? new AwsError('InvalidNextToken', 'The token is not valid.');
  return Number(match[1]);
}
