import { diagnosticsOf, type Diagnostic } from '../engine/index.ts';
import type { Paint } from './paint.ts';

/** Where paragraphs are broken; lines that begin with a blank stay as they are. */
const columns = 78;

/** Errors and warnings in Terraform's form: in a box on a terminal with colours, plain otherwise. */
export function renderDiagnostics(diagnostics: readonly Diagnostic[], paint: Paint): string {
  return diagnostics.map((diagnostic) => renderDiagnostic(diagnostic, paint)).join('');
}

/** Warnings by their titles and the first of their places; those of one title together. */
export function renderCompact(warnings: readonly Diagnostic[], { bold, yellow }: Paint): string {
  const titles = Map.groupBy(warnings, ({ summary }) => summary);
  const entries = [...titles].map(([summary, [first, ...more]]) => {
    const place =
      first?.range && `  on ${first.range.file} line ${first.range.line}${more.length > 0 ? ` (and ${more.length} more)` : ''}\n`;
    return `- ${summary}\n${place ?? ''}`;
  });
  return `\n${bold(yellow('Warnings:'))}\n\n${entries.join('')}\nTo see the full warning notes, run the command without --compact-warnings.\n`;
}

export function renderError(error: unknown, paint: Paint): string {
  return renderDiagnostics(diagnosticsOf(error), paint);
}

function renderDiagnostic(diagnostic: Diagnostic, paint: Paint): string {
  const { severity, summary, detail, range, excerpt, within, address } = diagnostic;
  const color = severity === 'error' ? paint.red : paint.yellow;
  const title = `${color(paint.bold(severity === 'error' ? 'Error: ' : 'Warning: '))}${paint.bold(summary)}`;
  const lines = [title, ''];
  if (address !== undefined) lines.push(`  with ${address},`);
  if (range !== undefined) {
    lines.push(`  on ${range.file} line ${range.line}${within === undefined ? '' : `, in ${within}`}:`);
    if (excerpt !== undefined) lines.push(`${String(range.line).padStart(4)}: ${excerpt}`, ...notesOf(diagnostic));
  }
  if (address !== undefined || range !== undefined) lines.push('');
  if (detail !== '') lines.push(...wrap(detail));
  else lines.pop();
  if (!paint.colored) return `\n${lines.join('\n')}\n`;
  return [color('╷'), ...lines.map((text) => `${color('│')} ${text}`.trimEnd()), color('╵'), ''].join('\n');
}

/** Below the line of source: which function it was, and what the names in the line stand for. */
function notesOf({ calling, values = [] }: Diagnostic): string[] {
  const notes = [
    ...(calling === undefined ? [] : [`while calling ${calling}`]),
    ...values.map(({ traversal, statement }) => `${traversal} ${statement}`),
  ];
  return notes.length === 0 ? [] : ['    ├────────────────', ...notes.map((note) => `    │ ${note}`)];
}

/** Breaks what is longer than a line at its blanks. */
export function wrap(text: string, width = columns): string[] {
  return text.split('\n').flatMap((paragraph) => {
    if (paragraph.length <= width || paragraph.startsWith(' ')) return [paragraph];
    const lines: string[] = [];
    let line = '';
    for (const word of paragraph.split(' ')) {
      if (line !== '' && line.length + 1 + word.length > width) {
        lines.push(line);
        line = word;
      } else line = line === '' ? word : `${line} ${word}`;
    }
    return [...lines, line];
  });
}
