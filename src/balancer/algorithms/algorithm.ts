/** What an algorithm may know of a target. The last three are its own notes, kept with the target for speed. */
export interface Candidate {
  readonly id: string;
  /** Share of the traffic, above 0; already reduced while the target starts slowly. */
  weight: number;
  /** Requests sent and not yet answered in full. */
  outstanding: number;
  /** What it is expected to take, milliseconds; 0 while nothing is known. */
  latencyMs: number;
  latencyAtMs: number;
  /** Answers and failures (5xx, lost connections) since they were last looked at. */
  answers: number;
  failures: number;
}

/** What an algorithm may know of a request. */
export interface PickRequest {
  /** Hash of the configured key; only `consistent_hash` asks for it. */
  hash: number;
  /** Monotonic. */
  nowMs: number;
}

/**
 * Chooses a target for a request. One instance per target group and worker, made with its source of
 * chance, so that a seed replays its choices.
 */
export interface Algorithm {
  /** Whether `PickRequest.hash` is wanted. */
  readonly hashes: boolean;
  /** The targets to choose from, or their weights, changed: never empty, all weights above 0. */
  update(candidates: readonly Candidate[]): void;
  /** Index into the candidates of the last `update`. */
  pick(request: PickRequest): number;
  /** A request is done: how long the target took to begin its answer, and whether it failed. */
  onAnswer(candidate: Candidate, latencyMs: number, failed: boolean, nowMs: number): void;
  /** About every second. */
  tick(nowMs: number): void;
}

/** What algorithms that learn nothing from answers have in common. */
export abstract class Oblivious implements Algorithm {
  readonly hashes: boolean = false;
  protected candidates: readonly Candidate[] = [];

  update(candidates: readonly Candidate[]): void {
    this.candidates = candidates;
  }

  abstract pick(request: PickRequest): number;

  onAnswer(): void {
    // Nothing is learnt.
  }

  tick(): void {
    // Nothing changes with time.
  }
}
