/** An element of two sequences side by side: of the first, of the second, or of both. */
export interface Pair<Item> {
  readonly before: Item | undefined;
  readonly after: Item | undefined;
}

/**
 * Two sequences aligned on what they have in common: a longest common subsequence. Where both have something else between
 * two common elements and `paired` says that these can be compared, they stand side by side.
 */
export function align<Item>(
  before: readonly Item[],
  after: readonly Item[],
  same: (a: Item, b: Item) => boolean,
  paired: (a: Item, b: Item) => boolean = () => false,
): Pair<Item>[] {
  const pairs: Pair<Item>[] = [];
  let [i, j] = [0, 0];
  const gap = (endI: number, endJ: number): void => {
    while (i < endI) {
      const [a, b] = [before[i++] as Item, after[j] as Item];
      const together = j < endJ && paired(a, b);
      pairs.push({ before: a, after: together ? b : undefined });
      if (together) j++;
    }
    while (j < endJ) pairs.push({ before: undefined, after: after[j++] });
  };
  for (const [endI, endJ] of [...common(before, after, same), [before.length, after.length] as const]) {
    gap(endI, endJ);
    if (endI < before.length && endJ < after.length) pairs.push({ before: before[i++], after: after[j++] });
  }
  return pairs;
}

/** The places of a longest common subsequence in both. What both begin and end with is not searched: most changes are small. */
function common<Item>(before: readonly Item[], after: readonly Item[], same: (a: Item, b: Item) => boolean): (readonly [number, number])[] {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && same(before[start] as Item, after[start] as Item)) start++;
  let tail = 0;
  while (tail < shorter - start && same(before[before.length - 1 - tail] as Item, after[after.length - 1 - tail] as Item)) tail++;
  const [rows, columns] = [before.length - start - tail, after.length - start - tail];
  const found: [number, number][] = Array.from({ length: start }, (_, at) => [at, at]);
  // lengths[i][j]: how long it is from i and j on.
  const lengths = Array.from({ length: rows + 1 }, () => new Uint32Array(columns + 1));
  const match = (i: number, j: number): boolean => same(before[start + i] as Item, after[start + j] as Item);
  const length = (i: number, j: number): number => lengths[i]?.[j] ?? 0;
  for (let i = rows - 1; i >= 0; i--)
    for (let j = columns - 1; j >= 0; j--)
      (lengths[i] as Uint32Array)[j] = match(i, j) ? length(i + 1, j + 1) + 1 : Math.max(length(i + 1, j), length(i, j + 1));
  for (let i = 0, j = 0; i < rows && j < columns;) {
    if (match(i, j)) found.push([start + i++, start + j++]);
    else if (length(i + 1, j) >= length(i, j + 1)) i++;
    else j++;
  }
  for (let at = tail; at > 0; at--) found.push([before.length - at, after.length - at]);
  return found;
}
