/** The name among `known` that was probably meant: at most two letters away, one if the name is short. The first such in their order, as in Terraform. */
export function suggest(name: string, known: Iterable<string>): string | undefined {
  const most = name.length < 5 ? 1 : 2;
  for (const other of known) if (Math.abs(other.length - name.length) <= most && distance(name, other) <= most) return other;
  return undefined;
}

/** ` Did you mean "x"?`, or what is said when there is nothing alike. */
export function didYouMean(name: string, known: Iterable<string>, otherwise = ''): string {
  const meant = suggest(name, known);
  return meant === undefined ? otherwise : ` Did you mean ${JSON.stringify(meant)}?`;
}

/** Levenshtein's: how many letters to insert, delete or replace. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, replaced));
    }
    row = next;
  }
  return row[b.length] as number;
}
