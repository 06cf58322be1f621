export { Mismatch, convertTo } from './convert.ts';
export { LanguageError, expressionError, formatDiagnostic, syntaxError, typeError } from './diagnostic.ts';
export { expandDynamic } from './dynamic.ts';
export { parseExpressionText, parseModule, parseValuesFile } from './module.ts';
export { jsonBlocks } from './parse/json.ts';
export { quoted, renderType, renderValue } from './render.ts';
export { excerptOf, headingAbove } from './source.ts';
export { staticItems, staticPairs, staticTraversals, traversalText, type StaticTraversal } from './static.ts';
export { didYouMean } from './suggest.ts';
export { undeclared } from './traverse.ts';
export { convert, typeOfConstraint } from './typeConstraint.ts';
export * from './types.ts';
export {
  asList,
  asMap,
  asSet,
  equal,
  friendlyType,
  isKnown,
  isList,
  isRecord,
  isSensitive,
  isSet,
  mapElements,
  markSensitive,
  record,
  reveal,
  sortedKeys,
  typeOf,
} from './values.ts';
export type { AttributeType, ObjectType, Type } from './values.ts';
