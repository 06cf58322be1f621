/**
 * One shape for everything a person can do something about: what happened, where, and the fix.
 * Each area keeps its registry in an `errors.ts` of its own, made by `defineErrors`; a test checks that
 * `docs/errors.md` lists every code. Exit codes are part of the command line's contract.
 */

/** Exit codes of every command but `run`, which has k6's. */
export const ExitCode = {
  ok: 0,
  /** The command ran, and what it was asked to prove or do did not hold. */
  failed: 1,
  /** Bad arguments or configuration; nothing was started. */
  usage: 2,
  /** The machine lacks something: a port, a tool, a right, memory, an address. */
  environment: 3,
  /** A child of ours died or a fault of ours stopped the work. */
  internal: 4,
  /** Ctrl-C. */
  interrupted: 130,
  /** SIGTERM. */
  terminated: 143,
} as const;

export interface ErrorSpec {
  /** Stable, e.g. `PL_PORT_BUSY`. */
  readonly code: string;
  readonly exitCode: number;
  /** When it happens, in one sentence; the text of docs/errors.md. */
  readonly when: string;
}

export interface ErrorDetails {
  /** What happened, a phrase without a final full stop. */
  what: string;
  /** File, line, flag, address … */
  where?: string;
  /** What the reader should do. */
  fix?: string;
  cause?: unknown;
}

export class PlimsollError extends Error {
  readonly code: string;
  readonly exitCode: number;
  readonly where: string | undefined;
  readonly fix: string | undefined;

  constructor(spec: ErrorSpec, details: ErrorDetails) {
    const where = details.where === undefined ? '' : ` (${details.where})`;
    const fix = details.fix === undefined ? '' : `; ${details.fix}`;
    super(`${details.what}${where}${fix}`, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'PlimsollError';
    this.code = spec.code;
    this.exitCode = spec.exitCode;
    this.where = details.where;
    this.fix = details.fix;
  }
}

/** Declares an area's errors; keys are the codes. */
export function defineErrors<Code extends string>(specs: Record<Code, Omit<ErrorSpec, 'code'>>): Record<Code, ErrorSpec> {
  const out = {} as Record<Code, ErrorSpec>;
  for (const code of Object.keys(specs) as Code[]) out[code] = { code, ...specs[code] };
  return out;
}

/** The `code` of a system error (`ECONNREFUSED`, …), or undefined for anything else. */
export function systemErrorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** For states that only a fault of ours can reach. The environment is handled; bugs are asserted. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}
