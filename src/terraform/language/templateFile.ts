import { evaluateExpression } from './evaluate.ts';
import { expressionOf } from './expression.ts';
import { FunctionFault } from './functions/spec.ts';
import { Cursor } from './parse/cursor.ts';
import { parseExpression } from './parse/expression.ts';
import { parseTemplateFile } from './parse/template.ts';
import type { Source } from './source.ts';
import type { Scope, Value } from './types.ts';
import { has } from './values.ts';
import type { Dictionary } from './values.ts';

/** A template file sees the names it is given and no others. */
export function renderTemplateFile(source: Source, vars: Dictionary, scope: Scope): Value {
  const node = parseTemplateFile(new Cursor(source), parseExpression);
  for (const { path, range } of expressionOf(node).references()) {
    const name = path[0] ?? '';
    if (has(vars, name)) continue;
    const place = `${range.file}:${range.line},${range.column}-${range.column + name.length}`;
    throw new FunctionFault(`vars map does not contain key ${JSON.stringify(name)}, referenced at ${place}`, 'vars');
  }
  return evaluateExpression(node, {
    folder: scope.folder,
    ...(scope.planning === true && { planning: true }),
    nowMs: () => scope.nowMs(),
    randomHex: (digits) => scope.randomHex(digits),
    root: (name) => vars[name],
  });
}
