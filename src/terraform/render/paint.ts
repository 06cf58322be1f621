/** Colours as escape sequences, or none. */
export interface Paint {
  readonly bold: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly cyan: (text: string) => string;
  readonly dim: (text: string) => string;
  /** Whether there are any: errors stand in a box then, as Terraform has it. */
  readonly colored: boolean;
}

export function paint(colored: boolean): Paint {
  const with_ =
    (code: number) =>
    (text: string): string =>
      colored && text !== '' ? `\x1b[${code}m${text}\x1b[0m` : text;
  return { bold: with_(1), red: with_(31), green: with_(32), yellow: with_(33), cyan: with_(36), dim: with_(90), colored };
}
