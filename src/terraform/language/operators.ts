import type { BinaryNode, BinaryOperator } from './ast.ts';
import { Mismatch, convertTo } from './convert.ts';
import { expressionError } from './diagnostic.ts';
import { Sensitive, Unknown, unknown } from './types.ts';
import type { Range, Value } from './types.ts';
import { equal, isSensitive, markIf } from './values.ts';

/** An operand of the wanted type, open. */
export function operand(
  given: Value,
  type: 'bool' | 'number',
  side: 'left' | 'right' | 'unary',
  at: Range,
): { value: Value; sensitive: boolean } {
  const sensitive = given instanceof Sensitive;
  const value = sensitive ? given.value : given;
  const label = side === 'unary' ? 'unary operand' : `${side} operand`;
  if (value === null) throw expressionError('Operation failed', 'Error during operation: argument must not be null.', at);
  try {
    return { value: convertTo(value, type), sensitive };
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    throw expressionError('Invalid operand', `Unsuitable value for ${label}: ${error.message}.`, at);
  }
}

export function applyBinary(node: BinaryNode, left: Value, right: Value): Value {
  const { operator } = node;
  if (operator === '==' || operator === '!=') {
    const same = equal(left, right);
    return markIf(isSensitive(left) || isSensitive(right), same instanceof Unknown ? same : same === (operator === '=='));
  }
  const type = operator === '&&' || operator === '||' ? 'bool' : 'number';
  const a = operand(left, type, 'left', node.left.at);
  const b = operand(right, type, 'right', node.right.at);
  return markIf(a.sensitive || b.sensitive, type === 'bool' ? logical(operator, a.value, b.value) : numeric(node, a.value, b.value));
}

/** An unknown operand leaves the result open unless the other settles it. */
function logical(operator: BinaryOperator, left: Value, right: Value): Value {
  const settles = operator === '||';
  if (left === settles || right === settles) return settles;
  return left instanceof Unknown || right instanceof Unknown ? unknown : !settles;
}

function numeric(node: BinaryNode, left: Value, right: Value): Value {
  if (left instanceof Unknown || right instanceof Unknown) return unknown;
  const a = left as number;
  const b = right as number;
  switch (node.operator) {
    case '+':
      return rounded(a + b);
    case '-':
      return rounded(a - b);
    case '*':
      return rounded(a * b);
    case '/':
      if (a === 0 && b === 0)
        throw expressionError(
          'Operation failed',
          "Error during operation: can't divide zero by zero or infinity by infinity.",
          node.right.at,
        );
      return rounded(a / b);
    case '%':
      return b === 0 ? a : rounded(a % b);
    case '<':
      return a < b;
    case '>':
      return a > b;
    case '<=':
      return a <= b;
    default:
      return a >= b;
  }
}

/** Terraform counts with 512 bits: `0.1 + 0.2` is 0.3. Fractions are cut to the digits that a double has for certain. */
export function rounded(value: number): number {
  return Number.isInteger(value) || !Number.isFinite(value) ? value : Number(value.toPrecision(15));
}
