import { hashText, mix } from '../algorithms/consistent-hash.ts';

/** Something that flows are spread over. */
export interface Weighted {
  readonly id: string;
  /** Share, above 0. */
  readonly weight: number;
}

/** Where a flow comes from and goes to. */
export interface Ends {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
}

/** The hash of a flow by protocol and both ends. */
export function flowHash(protocol: 'tcp' | 'udp', ends: Ends): number {
  return hashText(`${protocol} ${ends.remoteAddress} ${ends.remotePort} ${ends.localAddress} ${ends.localPort}`);
}

/** The hash of a client whose flows stay together. */
export function sourceHash(address: string): number {
  return hashText(address);
}

/**
 * Spreads flows by weighted rendezvous hashing: the same hash to the same choice in every worker and after every restart, without
 * a table; when one leaves only its own flows move. Unlike `consistent_hash` of requests it knows no bound of
 * load, for a flow's place must follow from its ends alone.
 * (Thaler and Ravishankar 1998; weights by -w/ln u, Schindelhauer and Schomaker 2005.)
 */
export class FlowHash<T extends Weighted> {
  readonly #choices: readonly T[];
  readonly #seeds: readonly number[];

  constructor(choices: readonly T[]) {
    this.#choices = choices;
    this.#seeds = choices.map(({ id }) => hashText(id));
  }

  /** The choice when there is but one: what it would be hashed by need not be looked up. */
  get only(): T | undefined {
    return this.#choices.length === 1 ? this.#choices[0] : undefined;
  }

  /** The best choice for a hash, or the best that has not been tried; undefined when none is left. */
  pick(hash: number, tried: readonly T[] = []): T | undefined {
    const choices = this.#choices;
    let best: T | undefined;
    let bestScore = -1;
    for (let i = 0; i < choices.length; i++) {
      const choice = choices[i] as T;
      const draw = (mix(hash ^ (this.#seeds[i] as number)) + 0.5) / 0x1_0000_0000;
      const score = -choice.weight / Math.log(draw);
      if (score <= bestScore || tried.includes(choice)) continue;
      bestScore = score;
      best = choice;
    }
    return best;
  }
}
