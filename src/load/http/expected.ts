/** `http.expectedStatuses(200, { min: 300, max: 399 })`: which answers count as what was to be expected. */
export class ExpectedStatuses {
  readonly #ranges: readonly (readonly [min: number, max: number])[];

  constructor(ranges: readonly (readonly [number, number])[]) {
    this.#ranges = ranges;
  }

  static match(expected: ExpectedStatuses, status: number): boolean {
    for (const [min, max] of expected.#ranges) if (status >= min && status <= max) return true;
    return false;
  }
}

/** Without a callback: 200 to 399. */
export const expectedByDefault = new ExpectedStatuses([[200, 399]]);

/** Throws a TypeError, as k6 does, for what is neither an integer nor an object with two. */
export function expectedStatuses(statuses: readonly unknown[]): ExpectedStatuses {
  if (statuses.length === 0) throw new TypeError('no arguments');
  return new ExpectedStatuses(
    statuses.map((status, i) => {
      if (Number.isInteger(status)) return [status as number, status as number] as const;
      const { min, max } = (status ?? {}) as { min?: unknown; max?: unknown };
      if (min === undefined || max === undefined)
        throw new TypeError(`argument number ${i + 1} to expectedStatuses was neither an integer nor an object like {min:100, max:329}`);
      if (!Number.isInteger(min) || !Number.isInteger(max))
        throw new TypeError(`both min and max need to be integers for argument number ${i + 1}`);
      return [min as number, max as number] as const;
    }),
  );
}
