import type { NotScaledReason } from '../../model/index.ts';

/** What one evaluation of a policy comes to: a new capacity, or why it stays as it is. */
export type PolicyDecision =
  | { readonly to: number }
  | { readonly to: undefined; readonly why: string; readonly notScaled?: NotScaledReason };
