import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { LanguageError } from './diagnostic.ts';
import { parseExpressionText, parseModule } from './module.ts';
import { renderValue } from './render.ts';
import { convert } from './typeConstraint.ts';
import { unknown } from './types.ts';
import type { Scope, Value } from './types.ts';
import { record } from './values.ts';

export const goldenFolder = fileURLToPath(new URL('golden', import.meta.url));

/** Expressions and what they give: `> 1 + 2`, and below it the value as `terraform console` prints it, or `! Summary: detail`. */
export interface Golden {
  /** Lines before the first expression. */
  readonly heading: string;
  readonly cases: readonly { readonly expression: string; readonly result: string }[];
}

export function goldenNames(): string[] {
  return readdirSync(goldenFolder).filter((name) => name.endsWith('.golden'));
}

export function readGolden(name: string): Golden {
  const [heading = '', ...parts] = `\n${readFileSync(`${goldenFolder}/${name}`, 'utf8')}`.split(/\n> /);
  const cases = parts.map((part) => {
    const [expression = '', ...result] = part.split('\n');
    return { expression, result: result.join('\n').trimEnd() };
  });
  return { heading: heading.trim(), cases };
}

export function writeGolden(name: string, { heading, cases }: Golden): void {
  const text = cases.map(({ expression, result }) => `> ${expression}\n${result}\n`).join('\n');
  writeFileSync(`${goldenFolder}/${name}`, heading === '' ? text : `${heading}\n\n${text}`);
}

/** Nothing but functions and constants, at a fixed time; names may be given. */
export function testScope(
  names: Readonly<Record<string, Value>> = { path: record([['module', '.']]) },
  folder = `${goldenFolder}/files`,
): Scope {
  return {
    folder,
    root: (name) => (Object.hasOwn(names, name) ? names[name] : undefined),
    nowMs: () => Date.UTC(2026, 0, 2, 3, 4, 5),
    randomHex: (digits) => '0123456789abcdef'.repeat(4).slice(0, digits),
  };
}

export function evaluateText(text: string, scope: Scope = testScope()): Value {
  return parseExpressionText(text, { file: 'test', line: 1, column: 1 }).evaluate(scope);
}

/** A golden result; anything but an error of the language is a defect and thrown. */
export function resultOf(work: () => Value): string {
  try {
    return renderValue(work()).trimEnd();
  } catch (error) {
    if (error instanceof LanguageError) return `! ${error.summary}: ${error.detail}`;
    throw error;
  }
}

/** The folder that a golden file's expressions are evaluated in, and what they see there. */
export function goldenPlace(name: string): { readonly folder: string; scope(): Promise<Scope> | Scope } {
  if (name === 'module.golden') return { folder: 'module', scope: goldenModuleScope };
  if (name === 'unknown.golden') return { folder: 'unknown', scope: unknownScope };
  return { folder: 'files', scope: () => testScope() };
}

/** As golden/unknown is before it is applied. */
function unknownScope(): Scope {
  return testScope({
    path: record([['module', '.']]),
    terraform: record([['workspace', 'default']]),
    var: record([['image', 'a']]),
    local: record([['name', 'x']]),
    terraform_data: record([['x', record([['id', unknown]])]]),
  });
}

/** The variables' defaults in their types, and the local values, of golden/module. */
async function goldenModuleScope(): Promise<Scope> {
  const { blocks } = await parseModule(`${goldenFolder}/module`);
  const vars = record();
  const locals = record();
  const scope = testScope({ var: vars, local: locals }, `${goldenFolder}/module`);
  for (const { type, labels, body } of blocks) {
    const [constraint, fallback] = [body.attributes.get('type'), body.attributes.get('default')];
    if (type === 'variable' && constraint && fallback) vars[labels[0] as string] = convert(fallback.evaluate(scope), constraint);
    if (type === 'locals') for (const [name, expression] of body.attributes) locals[name] = expression.evaluate(scope);
  }
  return scope;
}
