const WINDOW_MS = 5000;

interface Mark {
  readonly atMs: number;
  readonly begun: number;
  readonly missed: number;
}

/** Whether arrival-rate scenarios still reach their rate: for `abortOnRateMissed`, and to find the limit of a system. */
export class RateWatch {
  readonly #allowed: number;
  readonly #marks: Mark[] = [];

  /** `allowed`: the share of iterations, from 0 to 1, that may find no free VU. */
  constructor(allowed: number) {
    this.#allowed = allowed;
  }

  /** Takes how many iterations have begun, and have not, since the start. Returns a reason when too many of the last 5 s were missed. */
  look({ atMs, begun, missed }: Mark): string | undefined {
    const marks = this.#marks;
    marks.push({ atMs, begun, missed });
    while ((marks[1]?.atMs ?? Number.POSITIVE_INFINITY) <= atMs - WINDOW_MS) marks.shift();
    const from = marks[0] as Mark;
    const spanMs = atMs - from.atMs;
    const lost = missed - from.missed;
    const asked = lost + begun - from.begun;
    if (spanMs < WINDOW_MS || lost <= asked * this.#allowed) return undefined;
    const perSecond = (count: number): string => ((count * 1000) / spanMs).toFixed(count < spanMs / 10 ? 1 : 0);
    return `the arrival rate was missed: of ${perSecond(asked)} iterations/s that were to begin in the last ${Math.round(spanMs / 1000)} s, ${perSecond(asked - lost)} found a free VU`;
  }
}
