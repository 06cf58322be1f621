import type { Random } from '../../base/index.ts';
import type { Algorithm, Candidate, PickRequest } from './algorithm.ts';
import { drawTwo } from './two-choices.ts';

/** How fast a good past is forgotten. */
const DECAY_MS = 10_000;
/** A failure counts as an answer this slow, or a quick failure would attract traffic. */
const FAILURE_MS = 1_000;

/**
 * Of two targets drawn at random the one expected to be done sooner: latency × (requests in flight + 1). The latency
 * is an average that jumps up to every new peak at once and comes down slowly, so a target that turns slow is
 * avoided after one answer. (The idea is Finagle's.)
 */
export class PeakEwma implements Algorithm {
  readonly hashes = false;
  readonly #random: Random;
  #candidates: readonly Candidate[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  update(candidates: readonly Candidate[]): void {
    this.#candidates = candidates;
  }

  pick({ nowMs }: PickRequest): number {
    const [a, b] = drawTwo(this.#candidates, this.#random);
    const first = this.#candidates[a] as Candidate;
    const second = this.#candidates[b] as Candidate;
    // Nothing known of one of them: compare by load alone, which lets the unknown one prove itself.
    const known = first.latencyMs > 0 && second.latencyMs > 0;
    return cost(first, known, nowMs) <= cost(second, known, nowMs) ? a : b;
  }

  onAnswer(candidate: Candidate, latencyMs: number, failed: boolean, nowMs: number): void {
    const observed = Math.max(0.001, failed ? Math.max(latencyMs, FAILURE_MS) : latencyMs);
    if (candidate.latencyMs === 0 || observed >= candidate.latencyMs) candidate.latencyMs = observed;
    else {
      const keep = Math.exp((candidate.latencyAtMs - nowMs) / DECAY_MS);
      candidate.latencyMs = candidate.latencyMs * keep + observed * (1 - keep);
    }
    candidate.latencyAtMs = nowMs;
  }

  tick(): void {
    // `cost` looks at the time itself.
  }
}

// What was seen long ago counts less, or a target once slow would never be tried again.
function cost(candidate: Candidate, known: boolean, nowMs: number): number {
  const load = (candidate.outstanding + 1) / candidate.weight;
  return known ? load * candidate.latencyMs * Math.exp((candidate.latencyAtMs - nowMs) / DECAY_MS) : load;
}
