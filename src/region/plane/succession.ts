/** How often one data plane may follow another before the region gives up. */
export interface Succession {
  readonly startedAtMs: number;
  /** In a row. */
  readonly failures: number;
}

/** One that ran so long did not fail by being started. */
const steadyMs = 60_000;
const pausesMs = [0, 250, 500, 1000, 2000, 4000];

/** The last of them is given up on. */
export const planesMax = pausesMs.length + 1;

export const firstPlane = (nowMs: number): Succession => ({ startedAtMs: nowMs, failures: 0 });

/** A data plane has ended, or could not be started: how long to wait before the next; undefined when it is of no use. */
export function afterEnd({ startedAtMs, failures }: Succession, nowMs: number): (Succession & { readonly pauseMs: number }) | undefined {
  const inRow = nowMs - startedAtMs >= steadyMs ? 0 : failures;
  const pauseMs = pausesMs[inRow];
  return pauseMs === undefined ? undefined : { startedAtMs: nowMs + pauseMs, failures: inRow + 1, pauseMs };
}
