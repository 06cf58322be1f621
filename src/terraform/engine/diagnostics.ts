import { PlimsollError, errorMessage } from '../../base/index.ts';
import { terraformErrors } from '../errors.ts';
import { excerptOf, LanguageError, type NamedValue, type Range } from '../language/index.ts';

/** Something to tell of a configuration, a plan or an apply, in Terraform's parts. */
export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  /** `Unsupported argument`. */
  readonly summary: string;
  /** One or more sentences; may have several lines. Empty when the summary says all. */
  readonly detail: string;
  readonly range?: Range | undefined;
  /** The line of source that `range` is on. */
  readonly excerpt?: string | undefined;
  /** The function that refused its arguments: `upper(str)`. */
  readonly calling?: string | undefined;
  /** What the names in the faulty expression stand for. */
  readonly values?: readonly NamedValue[] | undefined;
  /** What the line is part of: `resource "aws_lb" "main"`. */
  readonly within?: string | undefined;
  /** The instance that it is about: `aws_lb.main[0]`. */
  readonly address?: string | undefined;
}

/** Everything that is wrong, found in one go. */
export class DiagnosticsError extends PlimsollError {
  /** Errors, and the warnings that came with them. */
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[], cause?: unknown) {
    const errors = diagnostics.filter(({ severity }) => severity === 'error');
    const [first] = errors;
    const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
    super(specOf(cause), {
      what: `${first?.summary ?? 'Error'}${first?.detail ? `: ${first.detail}` : ''}${more}`,
      ...(first?.range && { where: `${first.range.file} line ${first.range.line}` }),
      cause,
    });
    this.name = 'DiagnosticsError';
    this.diagnostics = diagnostics;
  }
}

const specOf = (cause: unknown) =>
  Object.values(terraformErrors).find(({ code }) => cause instanceof PlimsollError && cause.code === code) ??
  terraformErrors.PL_TERRAFORM_CONFIGURATION;

/** Where a diagnostic belongs, as far as that is known. */
export interface Place {
  readonly within?: string | undefined;
  readonly address?: string | undefined;
  /** Used when the error has no place of its own. */
  readonly range?: Range | undefined;
  readonly values?: Diagnostic['values'];
}

/** Any error as diagnostics: those of the language and the engine keep their parts. */
export function diagnosticsOf(error: unknown, place: Place = {}): Diagnostic[] {
  if (error instanceof DiagnosticsError) return error.diagnostics.map((item) => placed(item, place));
  const { within, address } = place;
  if (error instanceof LanguageError) {
    const { summary, detail, calling, values } = error;
    // An expression's own place says more than the instance that it was evaluated for, which Terraform does not tell either.
    if (error.range !== undefined) return [{ ...problem('error', summary, detail, error.range), within, calling, values }];
    return [{ ...problem('error', summary, detail, place.range), within, address }];
  }
  return [{ ...problem('error', errorMessage(error), '', place.range), within, address }];
}

/** What has no place of its own is where it came up. The others stay the very same. */
function placed(item: Diagnostic, { address, range, within }: Place): Diagnostic {
  if (item.range !== undefined || item.address !== undefined || (address === undefined && range === undefined)) return item;
  return { ...item, address, within, ...(range && { range, excerpt: excerptOf(range) }) };
}

export function problem(severity: Diagnostic['severity'], summary: string, detail: string, range?: Range): Diagnostic {
  return { severity, summary, detail, ...(range && { range, excerpt: excerptOf(range) }) };
}

/** An error of the configuration: one diagnostic, to be thrown. */
export function configurationError(summary: string, detail: string, range?: Range, place: Place = {}): DiagnosticsError {
  return new DiagnosticsError([
    { ...problem('error', summary, detail, range ?? place.range), within: place.within, address: place.address, values: place.values },
  ]);
}

/** Gathers what several pieces of work find wrong, so that one run tells all. */
export class Diagnostics {
  readonly #found = new Set<Diagnostic>();
  #cause: unknown;

  get all(): readonly Diagnostic[] {
    return [...this.#found];
  }

  get failed(): boolean {
    return this.all.some(({ severity }) => severity === 'error');
  }

  /** What was added before, the very same, is left out: an error of a local value comes from all who use it. */
  add(...found: readonly Diagnostic[]): void {
    for (const item of found) this.#found.add(item);
  }

  fail(error: unknown, place?: Place): void {
    this.#cause ??= error;
    this.add(...diagnosticsOf(error, place));
  }

  /** Gives what `work` gives; undefined when it failed, and then its error is kept. */
  attempt<Result>(work: () => Result, place?: Place): Result | undefined {
    try {
      return work();
    } catch (error) {
      this.fail(error, place);
      return undefined;
    }
  }

  /** @throws DiagnosticsError when there was an error. */
  throwIfFailed(): void {
    if (this.failed) throw new DiagnosticsError(this.all, this.#cause);
  }
}
