import type { Random } from '../../base/index.ts';
import { Oblivious, type Candidate } from './algorithm.ts';

/**
 * Each target in its turn. With unequal weights the turns are spread smoothly (a, b, a instead of a, a, b):
 * every target gains its weight per turn, the richest is chosen and pays the sum of all weights.
 * Starts at a random target, so that many workers do not begin with the same.
 */
export class RoundRobin extends Oblivious {
  readonly #random: Random;
  #credit: number[] = [];
  #equal = true;
  #next = 0;

  constructor(random: Random) {
    super();
    this.#random = random;
  }

  override update(candidates: readonly Candidate[]): void {
    const credits = new Map(this.candidates.map((candidate, index) => [candidate.id, this.#credit[index] as number]));
    if (this.candidates.length !== candidates.length) this.#next = this.#random.int(candidates.length);
    this.candidates = candidates;
    this.#credit = candidates.map((candidate) => credits.get(candidate.id) ?? 0);
    this.#equal = candidates.every((candidate) => candidate.weight === candidates[0]?.weight);
  }

  pick(): number {
    if (!this.#equal) return this.#pickWeighted();
    if (this.#next >= this.candidates.length) this.#next = 0;
    return this.#next++;
  }

  #pickWeighted(): number {
    const credit = this.#credit;
    let total = 0;
    let best = 0;
    for (let i = 0; i < credit.length; i++) {
      const { weight } = this.candidates[i] as Candidate;
      total += weight;
      credit[i] = (credit[i] as number) + weight;
      if ((credit[i] as number) > (credit[best] as number)) best = i;
    }
    credit[best] = (credit[best] as number) - total;
    return best;
  }
}
