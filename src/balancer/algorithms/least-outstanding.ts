import type { Random } from '../../base/index.ts';
import type { Algorithm, Candidate } from './algorithm.ts';

/**
 * The target with the fewest requests in flight; chance decides among equals.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
 */
export class LeastOutstanding implements Algorithm {
  readonly #random: Random;
  #candidates: readonly Candidate[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  update(candidates: readonly Candidate[]): void {
    this.#candidates = candidates;
  }

  // One pass; the k-th of k equals replaces the choice with probability 1/k, which makes all equally likely.
  pick(): number {
    const candidates = this.#candidates;
    let best = -1;
    let fewest = Number.POSITIVE_INFINITY;
    let equals = 0;
    for (let i = 0; i < candidates.length; i++) {
      const candidate = candidates[i] as Candidate;
      if (candidate.weight <= 0 || candidate.outstanding > fewest) continue;
      if (candidate.outstanding < fewest) {
        fewest = candidate.outstanding;
        best = i;
        equals = 1;
      } else if (this.#random.int(++equals) === 0) best = i;
    }
    return best;
  }
}
