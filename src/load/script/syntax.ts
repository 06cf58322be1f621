import type {
  AnyNode,
  ArrowFunctionExpression,
  CallExpression,
  FunctionDeclaration,
  FunctionExpression,
  NewExpression,
  Pattern,
  TaggedTemplateExpression,
} from 'acorn';

/** Small helpers over acorn's tree (ESTree with `ParenthesizedExpression`). */

export type FunctionNode = FunctionDeclaration | FunctionExpression | ArrowFunctionExpression;
export type { AnyNode, Pattern };
export type CallNode = CallExpression | NewExpression | TaggedTemplateExpression;

/** The direct child nodes in source order of their properties. */
export function* childrenOf(node: AnyNode): Generator<AnyNode> {
  for (const value of Object.values(node) as unknown[]) {
    if (Array.isArray(value)) {
      for (const item of value) if (isNode(item)) yield item;
    } else if (isNode(value)) yield value;
  }
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
}

/** The node without the parentheses around it. */
export function bare(node: AnyNode): AnyNode {
  let inner = node;
  while (inner.type === 'ParenthesizedExpression' || inner.type === 'ChainExpression') inner = inner.expression;
  return inner;
}

export function isFunction(node: AnyNode): node is FunctionNode {
  return node.type === 'FunctionDeclaration' || node.type === 'FunctionExpression' || node.type === 'ArrowFunctionExpression';
}

/** The identifiers that a pattern binds. */
export function boundNames(pattern: AnyNode | null | undefined, out: string[] = []): string[] {
  if (!pattern) return out;
  switch (pattern.type) {
    case 'Identifier':
      out.push(pattern.name);
      break;
    case 'AssignmentPattern':
      boundNames(pattern.left, out);
      break;
    case 'RestElement':
      boundNames(pattern.argument, out);
      break;
    case 'ArrayPattern':
      for (const element of pattern.elements) boundNames(element, out);
      break;
    case 'ObjectPattern':
      for (const property of pattern.properties) boundNames(property.type === 'Property' ? property.value : property, out);
      break;
    default:
      break;
  }
  return out;
}

/** Whether the body of a function declares one of its parameters again, which only `var` and `function` may. */
export function redeclares(body: AnyNode, names: readonly string[]): boolean {
  const isVar = (node: AnyNode): boolean =>
    node.type === 'VariableDeclaration' &&
    node.kind === 'var' &&
    node.declarations.some(({ id }) => boundNames(id).some((name) => names.includes(name)));
  const anyIn = (node: AnyNode): boolean => !isFunction(node) && (isVar(node) || [...childrenOf(node)].some(anyIn));
  if (body.type !== 'BlockStatement') return false;
  return body.body.some((node) => anyIn(node) || (node.type === 'FunctionDeclaration' && names.includes(node.id.name)));
}

/** Everything that is stored in any property or element. */
export const ANY = '[]';
/** What is stored under a name that is only known at run time, and may be read by any name. */
export const COMPUTED = '[computed]';

/** The flow variable of a property: by name, whatever the object; `[]` when the name is computed. */
export function propertyKey(key: AnyNode, computed: boolean): string {
  // Elements come and go by push and pop, so an index is no name.
  if (computed) return key.type === 'Literal' && typeof key.value === 'string' ? `.${key.value}` : ANY;
  if (key.type === 'Identifier') return `.${key.name}`;
  if (key.type === 'PrivateIdentifier') return `.#${key.name}`;
  return key.type === 'Literal' ? `.${String(key.value)}` : ANY;
}

/** The module that `require` is asked for; esbuild turns that of an external module into a call of its `__require`. */
export function requiredBy(node: AnyNode): string | undefined {
  if (node.type !== 'CallExpression' || node.callee.type !== 'Identifier' || !/^(?:__)?require\d*$/.test(node.callee.name))
    return undefined;
  const [name] = node.arguments;
  return name?.type === 'Literal' ? String(name.value) : undefined;
}

/** `exports.default = …` and the like, which only the run calls. */
export function isEntryPoint({ object, property }: AnyNode & { type: 'MemberExpression' }): boolean {
  const isExports =
    object.type === 'MemberExpression'
      ? object.object.type === 'Identifier' &&
        object.object.name === 'module' &&
        propertyKey(object.property, object.computed) === '.exports'
      : object.type === 'Identifier' && object.name === 'exports';
  return isExports && property.type === 'Identifier' && /^(?:default|setup|teardown|handleSummary)$/.test(property.name);
}
