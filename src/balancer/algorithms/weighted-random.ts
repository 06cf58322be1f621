import type { Random } from '../../base/index.ts';
import type { Algorithm, Candidate } from './algorithm.ts';

/** AWS mitigates anomalies in groups of at least three healthy targets. */
const TARGETS_MIN = 3;
const ANSWERS_MIN = 20;
const FAILING_RATIO = 0.05;
const WINDOW_MS = 5_000;
const FACTOR_MIN = 0.01;

/**
 * A target at random, by weight. With anomaly mitigation, a target that fails (5xx or lost connections) clearly more
 * often than the others gets half its share after each window of five seconds, and twice again when it has recovered:
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html
 */
export class WeightedRandom implements Algorithm {
  readonly hashes = false;
  readonly #random: Random;
  readonly #mitigate: boolean;
  #candidates: readonly Candidate[] = [];
  readonly #factors = new Map<string, number>();
  /** Running sums of the weights, so that a draw is one number and a search. */
  #sums: number[] = [];
  #windowEndMs = 0;

  constructor(random: Random, mitigate: boolean) {
    this.#random = random;
    this.#mitigate = mitigate;
  }

  update(candidates: readonly Candidate[]): void {
    this.#candidates = candidates;
    let sum = 0;
    this.#sums = candidates.map((candidate) => (sum += candidate.weight * (this.#factors.get(candidate.id) ?? 1)));
  }

  pick(): number {
    const sums = this.#sums;
    const draw = this.#random.float() * (sums.at(-1) as number);
    let low = 0;
    let high = sums.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] as number) > draw) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  onAnswer(candidate: Candidate, _latencyMs: number, failed: boolean): void {
    candidate.answers++;
    if (failed) candidate.failures++;
  }

  tick(nowMs: number): void {
    if (!this.#mitigate || nowMs < this.#windowEndMs) return;
    this.#windowEndMs = nowMs + WINDOW_MS;
    const answers = sum(this.#candidates, (candidate) => candidate.answers);
    const failures = sum(this.#candidates, (candidate) => candidate.failures);
    for (const candidate of this.#candidates) {
      const factor = this.#factors.get(candidate.id) ?? 1;
      const others = (failures - candidate.failures) / Math.max(1, answers - candidate.answers);
      const anomalous = this.#candidates.length >= TARGETS_MIN && isAnomalous(candidate, others);
      // Too few answers to judge, as for a target that gets next to nothing: it is given another chance.
      this.#factors.set(candidate.id, anomalous ? Math.max(FACTOR_MIN, factor / 2) : Math.min(1, factor * 2));
      candidate.answers = 0;
      candidate.failures = 0;
    }
    if (this.#candidates.length > 0) this.update(this.#candidates);
  }
}

function isAnomalous(candidate: Candidate, ratioOfOthers: number): boolean {
  if (candidate.answers < ANSWERS_MIN) return false;
  const ratio = candidate.failures / candidate.answers;
  return ratio > FAILING_RATIO && ratio > 3 * ratioOfOthers;
}

function sum(candidates: readonly Candidate[], of: (candidate: Candidate) => number): number {
  let total = 0;
  for (const candidate of candidates) total += of(candidate);
  return total;
}
