import type { Random } from '../../base/index.ts';
import { Oblivious, type Candidate } from './algorithm.ts';

/** Two different indices at random, by weight, without a list of who was drawn. */
export function drawTwo(candidates: readonly Candidate[], random: Random): readonly [number, number] {
  const first = draw(candidates, random, -1);
  return [first, candidates.length === 1 ? first : draw(candidates, random, first)];
}

function draw(candidates: readonly Candidate[], random: Random, without: number): number {
  let total = 0;
  for (let i = 0; i < candidates.length; i++) if (i !== without) total += (candidates[i] as Candidate).weight;
  let left = random.float() * total;
  let last = 0;
  for (let i = 0; i < candidates.length; i++) {
    if (i === without) continue;
    last = i;
    left -= (candidates[i] as Candidate).weight;
    if (left < 0) break;
  }
  return last;
}

/**
 * The less loaded of two targets drawn at random: nearly as even as looking at all, without the herd that runs to
 * whoever looks idle. (Mitzenmacher 2001.)
 */
export class RandomTwoChoices extends Oblivious {
  readonly #random: Random;

  constructor(random: Random) {
    super();
    this.#random = random;
  }

  pick(): number {
    const [a, b] = drawTwo(this.candidates, this.#random);
    const first = this.candidates[a] as Candidate;
    const second = this.candidates[b] as Candidate;
    return (first.outstanding + 1) / first.weight <= (second.outstanding + 1) / second.weight ? a : b;
  }
}
