import { evaluateExpression } from './evaluate.ts';
import { Cursor } from './parse/cursor.ts';
import { parseExpression } from './parse/expression.ts';
import { parseTemplateFile } from './parse/template.ts';
import type { Source } from './source.ts';
import type { Scope, Value } from './types.ts';
import type { Dictionary } from './values.ts';
import { has } from './values.ts';

/** A template file sees the names it is given and no others. */
export function renderTemplateFile(source: Source, vars: Dictionary, scope: Scope): Value {
  const node = parseTemplateFile(new Cursor(source), parseExpression);
  return evaluateExpression(node, {
    folder: scope.folder,
    nowMs: () => scope.nowMs(),
    randomHex: (digits) => scope.randomHex(digits),
    root: (name) => (has(vars, name) ? vars[name] : undefined),
  });
}
