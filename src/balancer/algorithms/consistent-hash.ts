import { Oblivious, type Candidate, type PickRequest } from './algorithm.ts';

/** No target carries more than this many times its fair share of what is in flight. */
const LOAD_FACTOR = 1.25;

/**
 * The same key to the same target, for as long as it is there: weighted rendezvous hashing. Every target draws a number
 * from key and name, and the best draw wins; so shares follow the weights exactly, and when a target leaves only its
 * own keys move. (Thaler and Ravishankar 1998; weights by -w/ln u, Schindelhauer and Schomaker 2005.) With bounded loads
 * (Mirrokni, Thorup, Zadimoghaddam 2016): a target over its bound is passed over, its key goes to the next best.
 */
export class ConsistentHash extends Oblivious {
  override readonly hashes = true;
  #seeds: number[] = [];
  #totalWeight = 0;

  override update(candidates: readonly Candidate[]): void {
    this.candidates = candidates;
    this.#seeds = candidates.map((candidate) => hashText(candidate.id));
    this.#totalWeight = 0;
    for (const candidate of candidates) this.#totalWeight += candidate.weight;
  }

  pick({ hash }: PickRequest): number {
    const { candidates } = this;
    let inFlight = 1;
    for (let i = 0; i < candidates.length; i++) inFlight += (candidates[i] as Candidate).outstanding;
    const perWeight = (LOAD_FACTOR * inFlight) / this.#totalWeight;
    let best = 0;
    let bestScore = -1;
    for (let i = 0; i < candidates.length; i++) {
      const candidate = candidates[i] as Candidate;
      if (candidate.outstanding >= Math.ceil(perWeight * candidate.weight)) continue;
      const draw = (mix(hash ^ (this.#seeds[i] as number)) + 0.5) / 0x1_0000_0000;
      const score = -candidate.weight / Math.log(draw);
      if (score > bestScore) {
        bestScore = score;
        best = i;
      }
    }
    return best;
  }
}

/** FNV-1a over UTF-16 code units, finished by `mix`. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mix(hash);
}

/** The finaliser of MurmurHash3: every bit of the input moves every bit of the output. */
export function mix(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
