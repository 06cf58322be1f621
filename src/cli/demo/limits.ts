import { Histogram, type HistogramData } from '../../base/index.ts';

/** What is called carried: 95 of 100 answers within this time, and fewer than this share of them failed. */
export const p95MaxMs = 500;
export const failedShareMax = 0.01;

/** Half a second of the load test, with what the service had to meet it. */
export interface Sample {
  readonly atMs: number;
  readonly users: number;
  readonly spanMs: number;
  readonly requests: number;
  readonly failed: number;
  readonly durationMs: HistogramData;
  /** Tasks that took traffic through the whole sample. */
  readonly healthyTasks: number;
  /** Percent of what each part may use: the tasks' vCPUs (average), one core for a process, all cores for the machine. */
  readonly busy: Readonly<Record<string, number>>;
}

export interface CarriedLimit {
  readonly tasks: number;
  /** The most users and requests/s that were carried in any two seconds in a row. */
  readonly users: number;
  readonly rps: number;
  readonly p95Ms: number;
  /** True when more users were tried and not carried; false when the test ended before the limit. */
  readonly reached: boolean;
  /** The part that was most busy beyond the limit, or at the most users carried. */
  readonly busiest: { readonly part: string; readonly percent: number };
  /** All parts there. */
  readonly busy: Readonly<Record<string, number>>;
}

/** Two seconds. */
const windowSamples = 4;

/** The part of `busy` that is the sum of all others. */
export const wholeMachine = 'CPU of the machine';

/** What `tasks` healthy tasks carried: the best two seconds, and whether a worse one with more users followed. */
export function carriedWith(samples: readonly Sample[], tasks: number): CarriedLimit | undefined {
  let best: Window | undefined;
  const notCarried: Window[] = [];
  for (let end = windowSamples; end <= samples.length; end++) {
    const part = samples.slice(end - windowSamples, end);
    if (part.some((sample) => sample.healthyTasks !== tasks)) continue;
    const window = summarize(part);
    if (window.rps === 0) continue;
    if (carried(window)) {
      if (!best || window.users > best.users || (window.users === best.users && window.rps > best.rps)) best = window;
    } else notCarried.push(window);
  }
  if (!best) return undefined;
  const { users, rps, p95Ms } = best;
  const beyond = notCarried.filter((window) => window.users > users);
  const reached = beyond.length > 0;
  const busy = reached ? averages(beyond) : best.busy;
  return { tasks, users, rps, p95Ms, reached, busiest: busiest(busy), busy };
}

interface Window {
  users: number;
  rps: number;
  p95Ms: number;
  failedShare: number;
  busy: Record<string, number>;
}

function carried(window: Window): boolean {
  return window.p95Ms < p95MaxMs && window.failedShare < failedShareMax;
}

function summarize(samples: readonly Sample[]): Window {
  const durations = new Histogram();
  let requests = 0;
  let failed = 0;
  let spanMs = 0;
  const busy: Record<string, number> = {};
  for (const sample of samples) {
    durations.merge(sample.durationMs);
    requests += sample.requests;
    failed += sample.failed;
    spanMs += sample.spanMs;
    for (const [part, percent] of Object.entries(sample.busy)) busy[part] = (busy[part] ?? 0) + percent / samples.length;
  }
  return {
    users: Math.min(...samples.map((sample) => sample.users)),
    rps: spanMs === 0 ? 0 : (requests * 1000) / spanMs,
    p95Ms: durations.quantile(0.95),
    failedShare: requests === 0 ? 0 : failed / requests,
    busy,
  };
}

/** A part this busy is taken for the cause. */
const saturatedPercent = 85;

/** The busiest part; the machine, which is the sum of them all, only where none of the others stands out. */
function busiest(busy: Readonly<Record<string, number>>): CarriedLimit['busiest'] {
  const parts = Object.entries(busy)
    .map(([part, percent]) => ({ part, percent }))
    .toSorted((a, b) => b.percent - a.percent);
  const standsOut = parts.find(({ part, percent }) => part !== wholeMachine && percent >= saturatedPercent);
  return standsOut ?? parts[0] ?? { part: 'nothing', percent: 0 };
}

function averages(windows: readonly Window[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { busy } of windows) {
    for (const [part, percent] of Object.entries(busy)) sums[part] = (sums[part] ?? 0) + percent / windows.length;
  }
  return sums;
}
