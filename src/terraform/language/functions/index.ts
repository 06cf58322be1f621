import { collectionFunctions } from './collections.ts';
import { conversionFunctions } from './conversion.ts';
import { dateFunctions } from './dates.ts';
import { encodingFunctions } from './encoding.ts';
import { fileFunctions } from './files.ts';
import { hashFunctions } from './hashes.ts';
import { ipFunctions } from './ip.ts';
import { listFunctions } from './lists.ts';
import { numberFunctions } from './numbers.ts';
import type { FunctionSpec } from './spec.ts';
import { stringFunctions } from './strings.ts';

/** Terraform's functions by name; `try` and `can` are the evaluator's, since they evaluate their arguments themselves. */
export const functions: ReadonlyMap<string, FunctionSpec> = new Map(
  Object.entries({
    ...stringFunctions,
    ...collectionFunctions,
    ...listFunctions,
    ...encodingFunctions,
    ...fileFunctions,
    ...dateFunctions,
    ...hashFunctions,
    ...ipFunctions,
    ...numberFunctions,
    ...conversionFunctions,
  }),
);
