/** A port that was asked for and nothing else, or the usual one and then whatever is free. */
export function portCandidates(asked: number | undefined, usual: number): readonly number[] {
  return asked === undefined ? [usual, 0] : [asked];
}
