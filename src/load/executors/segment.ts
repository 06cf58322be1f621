import { invalid } from '../options/fields.ts';
import { maxVusOf, type Scenario } from '../options/scenarios.ts';

/**
 * Which part of a whole run an instance or a process does. VU number k, iteration number k, arrival number k
 * (each from 0) belongs to it when `k mod period` is one of `offsets`, so that the parts add up exactly at every moment:
 *
 *     0:1/2 of 0,1/2,3/4,1       period 4      k  0 1 2 3 4 5 6 7 …
 *                                offsets 0, 2     ■ · ■ · ■ · ■ ·
 */
export interface Segment {
  /** In ascending order. */
  readonly offsets: readonly number[];
  readonly period: number;
}

/** How long the segments of a run are, in any common unit, and which of them is meant. */
export interface Sequence {
  readonly lengths: readonly number[];
  readonly own: number;
}

export const wholeSequence: Sequence = { lengths: [1], own: 0 };

/** How many of the first `total` things belong to the segment. */
export function shareOf({ offsets, period }: Segment, total: number): number {
  if (total <= 0) return 0;
  const rest = total % period;
  let share = Math.floor(total / period) * offsets.length;
  for (const offset of offsets) if (offset < rest) share++;
  return share;
}

/** The number, over the whole run, of what is number `n` (from 0) of the segment. */
export function numberOf({ offsets, period }: Segment, n: number): number {
  return Math.floor(n / offsets.length) * period + (offsets[n % offsets.length] as number);
}

export function belongsTo({ offsets, period }: Segment, number: number): boolean {
  return offsets.length === period || offsets.includes(number % period);
}

/** What part `index` of `count` equal parts of a segment is: every `count`-th of what it has. */
export function partOf(segment: Segment, index: number, count: number): Segment {
  const offsets = segment.offsets.map((_, i) => numberOf(segment, i * count + index));
  return { offsets, period: segment.period * count };
}

interface Fraction {
  readonly over: bigint;
  readonly under: bigint;
}

/** `1/3`, `0.25`, `25%`. */
function fractionOf(text: string, where: string): Fraction {
  const match = /^\s*(\d+)(?:\.(\d+))?\s*(?:\/\s*(\d+)|(%))?\s*$/.exec(text);
  const under = match ? 10n ** BigInt(match[2]?.length ?? 0) * BigInt(match[3] ?? (match[4] === undefined ? 1 : 100)) : 0n;
  if (!match || under === 0n) throw invalid(`${where}: ${JSON.stringify(text)} is no fraction such as 1/4, 0.25 or 25%`);
  const over = BigInt(`${match[1]}${match[2] ?? ''}`);
  if (over > under) throw invalid(`${where}: ${JSON.stringify(text)} is more than 1`);
  const divisor = gcd(over, under);
  return { over: over / divisor, under: under / divisor };
}

function gcd(a: bigint, b: bigint): bigint {
  return b === 0n ? a : gcd(b, a % b);
}

const isLess = (a: Fraction, b: Fraction): boolean => a.over * b.under < b.over * a.under;
const isSame = (a: Fraction, b: Fraction): boolean => a.over === b.over && a.under === b.under;

const ZERO: Fraction = { over: 0n, under: 1n };
const ONE: Fraction = { over: 1n, under: 1n };

/**
 * k6's `executionSegment` (`from:to`, or `to` alone) within its `executionSegmentSequence` (`0,1/4,1/2,1`), for instances that
 * together do one test. https://grafana.com/docs/k6/latest/using-k6/k6-options/reference/#execution-segment
 */
export function parseSequence(text: string, sequence: string): Sequence {
  if (text === '' && sequence === '') return wholeSequence;
  const [first = '', second] = text === '' ? ['0', '1'] : text.split(':');
  const from = second === undefined ? ZERO : fractionOf(first, 'executionSegment');
  const to = fractionOf(second ?? first, 'executionSegment');
  if (!isLess(from, to)) throw invalid(`executionSegment: "${text}" is empty`);
  const marks =
    sequence === ''
      ? [ZERO, from, to, ONE].filter((mark, i, all) => i === 0 || !isSame(mark, all[i - 1] as Fraction))
      : sequence.split(',').map((part) => fractionOf(part, 'executionSegmentSequence'));
  if (
    !isSame(marks[0] as Fraction, ZERO) ||
    !isSame(marks.at(-1) as Fraction, ONE) ||
    marks.some((mark, i) => i > 0 && !isLess(marks[i - 1] as Fraction, mark))
  )
    throw invalid(`executionSegmentSequence: "${sequence}" does not go up from 0 to 1`);
  const own = marks.findIndex((mark, i) => isSame(mark, from) && i + 1 < marks.length && isSame(marks[i + 1] as Fraction, to));
  if (own < 0) throw invalid(`executionSegment: "${text}" is none of the segments of executionSegmentSequence "${sequence}"`);
  const period = marks.reduce((all, { under }) => (all * under) / gcd(all, under), 1n);
  if (period > 1_000_000n) throw invalid('executionSegmentSequence: its fractions have no common denominator below a million');
  const at = marks.map(({ over, under }) => Number((over * period) / under));
  return { lengths: at.slice(1).map((end, i) => end - (at[i] as number)), own };
}

/** The part of VUs that one segment of a sequence has. */
export function segmentOf({ lengths, own }: Sequence): Segment {
  return stripesOf(lengths, own);
}

/**
 * The part of iterations that it has. Where VUs take iterations from a common store, k6 gives each instance as large
 * a part of them as it has of the VUs, which are whole.
 */
export function iterationsOf(sequence: Sequence, scenario: Scenario): Segment {
  const vus =
    scenario.executor === 'shared-iterations' ? scenario.vus : scenario.executor.endsWith('-arrival-rate') ? maxVusOf(scenario) : 0;
  if (vus === 0) return segmentOf(sequence);
  const shares = sequence.lengths.map((_, own) => shareOf(stripesOf(sequence.lengths, own), vus));
  return stripesOf(shares, sequence.own);
}

/**
 * Shares the numbers 0 … period − 1 out as k6 does: each goes to the first segment, larger ones before smaller ones, that has
 * not yet got the share which is due to it by then.
 */
function stripesOf(lengths: readonly number[], own: number): Segment {
  const divisor = lengths.reduce((a, b) => Number(gcd(BigInt(a), BigInt(b))), 0);
  const period = lengths.reduce((sum, length) => sum + length, 0) / divisor;
  const segments = lengths
    .map((length, index) => ({ index, stripes: length / divisor, taken: 0 }))
    .filter(({ stripes }) => stripes > 0)
    .sort((a, b) => b.stripes - a.stripes);
  const offsets: number[] = [];
  for (let number = 0; number < period; number++) {
    const next = segments.find(({ stripes, taken }) => number * stripes >= taken * period);
    if (!next) continue;
    next.taken++;
    if (next.index === own) offsets.push(number);
  }
  return { offsets, period };
}

/** What a scenario is in one segment of the run, to be shown and planned for. */
export function scaled(scenario: Scenario, sequence: Sequence): Scenario {
  if (sequence.lengths.length === 1) return scenario;
  const segment = segmentOf(sequence);
  const iterations = iterationsOf(sequence, scenario);
  const share = (total: number): number => shareOf(segment, total);
  const part = iterations.offsets.length / iterations.period;
  switch (scenario.executor) {
    case 'shared-iterations':
      return { ...scenario, vus: share(scenario.vus), iterations: shareOf(iterations, scenario.iterations) };
    case 'per-vu-iterations':
    case 'constant-vus':
      return { ...scenario, vus: share(scenario.vus) };
    case 'ramping-vus':
      return {
        ...scenario,
        startVUs: share(scenario.startVUs),
        stages: scenario.stages.map((stage) => ({ ...stage, target: share(stage.target) })),
      };
    case 'constant-arrival-rate': {
      const { rate, preAllocatedVUs, maxVUs } = scenario;
      return { ...scenario, rate: rate * part, preAllocatedVUs: share(preAllocatedVUs), maxVUs: share(maxVUs) };
    }
    case 'ramping-arrival-rate': {
      const { startRate, preAllocatedVUs, maxVUs } = scenario;
      const stages = scenario.stages.map((stage) => ({ ...stage, target: stage.target * part }));
      return { ...scenario, startRate: startRate * part, stages, preAllocatedVUs: share(preAllocatedVUs), maxVUs: share(maxVUs) };
    }
    default:
      return { ...scenario, vus: share(scenario.vus), maxVUs: share(scenario.maxVUs) };
  }
}
