import type { Random } from '../../base/index.ts';

/** What an algorithm may know of a target. */
export interface Candidate {
  readonly id: string;
  /** Share of the traffic; 1 unless configured, 0 takes none. Already reduced while the target starts slowly. */
  weight: number;
  /** Requests sent and not yet answered in full. */
  outstanding: number;
}

/**
 * Chooses a target for a request. One instance per target group and worker, made with its source of
 * chance, so that a seed replays its choices.
 */
export interface Algorithm {
  /** The targets to choose from changed: never empty, weights never all zero. */
  update(candidates: readonly Candidate[]): void;
  /** Index into the candidates of the last `update`. */
  pick(): number;
}

export type AlgorithmFactory = (random: Random) => Algorithm;
