/** A span of time with a meaning, such as an alarm's. */
export interface Band {
  readonly fromMs: number;
  readonly toMs: number;
  readonly color: string;
}
