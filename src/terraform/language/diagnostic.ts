import { PlimsollError } from '../../base/index.ts';
import type { ErrorSpec } from '../../base/index.ts';
import { terraformErrors } from '../errors.ts';
import { excerptOf } from './source.ts';
import type { NamedValue, Range } from './types.ts';

/** What is wrong in a Terraform file, in Terraform's words. */
export class LanguageError extends PlimsollError {
  /** `Unsupported attribute`. */
  readonly summary: string;
  /** `This object does not have an attribute named "x".` */
  readonly detail: string;
  readonly range: Range | undefined;
  /** The line of source. */
  readonly excerpt: string | undefined;
  /** The function that refused its arguments, `upper(str)`. */
  calling: string | undefined;
  /** What the names in the faulty part of the expression stand for. */
  values: readonly NamedValue[] = [];

  constructor(spec: ErrorSpec, summary: string, detail: string, range?: Range) {
    const excerpt = range && excerptOf(range);
    const place = range && `${range.file} line ${range.line}${excerpt === undefined ? '' : `: ${excerpt.trim()}`}`;
    super(spec, { what: `${summary}: ${detail}`, ...(place !== undefined && { where: place }) });
    this.name = 'LanguageError';
    this.summary = summary;
    this.detail = detail;
    this.range = range;
    this.excerpt = excerpt;
  }
}

/** A name that stands for nothing. It is wrong wherever it is written: `try` and `can` do not help. */
export class UndeclaredError extends LanguageError {
  constructor(summary: string, detail: string, range: Range) {
    super(terraformErrors.PL_TERRAFORM_EXPRESSION, summary, detail, range);
  }
}

export function syntaxError(summary: string, detail: string, range: Range): LanguageError {
  return new LanguageError(terraformErrors.PL_TERRAFORM_SYNTAX, summary, detail, range);
}

export function expressionError(summary: string, detail: string, range: Range): LanguageError {
  return new LanguageError(terraformErrors.PL_TERRAFORM_EXPRESSION, summary, detail, range);
}

/** A value does not fit a type; `detail` is the phrase alone (`a number is required`), for a caller to say of what. */
export function typeError(detail: string, range?: Range, summary = 'Invalid value'): LanguageError {
  return new LanguageError(terraformErrors.PL_TERRAFORM_TYPE, summary, detail, range);
}

/**
 * Terraform's form of an error: summary, place, excerpt, detail. `within` names what the place is part of, e.g.
 * `resource "aws_lb" "main"`.
 */
export function formatDiagnostic(error: LanguageError, within?: string): string {
  const lines = [`Error: ${error.summary}`, ''];
  if (error.range) {
    const { file, line } = error.range;
    lines.push(`  on ${file} line ${line}${within === undefined ? '' : `, in ${within}`}:`);
    if (error.excerpt !== undefined) lines.push(`${String(line).padStart(4)}: ${error.excerpt}`);
    lines.push('');
  }
  lines.push(error.detail);
  return lines.join('\n');
}
