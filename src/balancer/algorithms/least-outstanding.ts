import type { Random } from '../../base/index.ts';
import { Oblivious, type Candidate } from './algorithm.ts';

/**
 * The target with the fewest requests in flight; chance decides among equals.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
 * Weighted (ours): the fewest per unit of weight, the one to come included.
 */
export class LeastOutstanding extends Oblivious {
  readonly #random: Random;
  readonly #weighted: boolean;

  constructor(random: Random, weighted: boolean) {
    super();
    this.#random = random;
    this.#weighted = weighted;
  }

  // One pass; the k-th of k equals replaces the choice with probability 1/k, which makes all equally likely.
  pick(): number {
    const { candidates } = this;
    let best = 0;
    let fewest = Number.POSITIVE_INFINITY;
    let equals = 0;
    for (let i = 0; i < candidates.length; i++) {
      const candidate = candidates[i] as Candidate;
      const load = this.#weighted ? (candidate.outstanding + 1) / candidate.weight : candidate.outstanding;
      if (load > fewest) continue;
      if (load < fewest) {
        fewest = load;
        best = i;
        equals = 1;
      } else if (this.#random.int(++equals) === 0) best = i;
    }
    return best;
  }
}
