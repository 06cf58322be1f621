import { page } from '../page.ts';

/** RDS pages by Marker, 100 records unless asked. */
export function rdsPage<T>(
  items: readonly T[],
  { Marker, MaxRecords }: { Marker?: string | undefined; MaxRecords?: number | undefined },
): { items: T[]; Marker?: string } {
  const { items: found, next } = page(items, { token: Marker, max: MaxRecords }, { defaultMax: 100 });
  return next === undefined ? { items: found } : { items: found, Marker: next };
}
