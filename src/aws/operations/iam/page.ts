import { AwsError } from '../../codec/error.ts';
import { page } from '../page.ts';

interface ListInput {
  readonly Marker?: string | undefined;
  readonly MaxItems?: number | undefined;
}

/** IAM's paging: Marker in and out, IsTruncated, 100 items unless asked. */
export function iamPage<T>(
  items: readonly T[],
  { Marker, MaxItems }: ListInput,
): { items: T[]; tail: { IsTruncated: boolean; Marker?: string } } {
  const found = page(
    items,
    { token: Marker, max: MaxItems },
    { defaultMax: 100, onBadToken: () => new AwsError('ValidationError', 'Invalid Marker.') },
  );
  return { items: found.items, tail: found.next === undefined ? { IsTruncated: false } : { IsTruncated: true, Marker: found.next } };
}
