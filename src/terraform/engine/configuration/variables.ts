import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  convertTo,
  markSensitive,
  Mismatch,
  parseExpressionText,
  parseValuesFile,
  type Expression,
  type Range,
  type Value,
} from '../../language/index.ts';
import { moduleText, type ModulePath } from '../address.ts';
import { configurationError, problem, type Diagnostics } from '../diagnostics.ts';
import { valueFromJson } from '../state/json.ts';
import type { JsonObject } from '../state/state.ts';
import { evaluateConstant } from './shape.ts';
import type { VariableDeclaration, VariableSources } from './types.ts';

/** A value for a variable, and where it comes from. */
interface Given {
  /** Text is as a shell gives it; an expression comes from a file. */
  readonly value: string | Expression;
  /** `set using -var="x=1"`; undefined of a file, whose line says it. */
  readonly how?: string;
}

/**
 * The root module's variables: later sources win (environment, terraform.tfvars, *.auto.tfvars, the command line), then the default.
 * What is missing, undeclared or of the wrong type is put into `found`.
 */
export async function rootVariables(
  folder: string,
  declared: ReadonlyMap<string, VariableDeclaration>,
  { environment = {}, flags = [], settled }: VariableSources,
  found: Diagnostics,
): Promise<Map<string, Value>> {
  if (settled !== undefined) return settledVariables(declared, settled, found);
  const given = new Map<string, Given>();
  for (const [key, value] of Object.entries(environment))
    if (key.startsWith('TF_VAR_') && value !== undefined)
      given.set(key.slice(7), { value, how: `set using the ${key} environment variable` });
  const addFile = async (file: string): Promise<void> => {
    for (const [name, value] of await parseValuesFile(file)) {
      if (declared.has(name)) given.set(name, { value });
      else found.add(undeclaredInFile(name, file, value.range));
    }
  };
  for (const file of await automaticFiles(folder)) await addFile(join(folder, file));
  for (const flag of flags) {
    if ('file' in flag) await addFile(flag.file);
    else if (declared.has(flag.name)) given.set(flag.name, { value: flag.value, how: `set using -var="${flag.name}=..."` });
    else found.add(problem('error', 'Value for undeclared variable', undeclaredOnCommandLine(flag.name)));
  }
  const values = new Map<string, Value>();
  for (const variable of declared.values()) {
    const value = found.attempt(() => valueOf(variable, given.get(variable.name)));
    if (value !== undefined) values.set(variable.name, value);
  }
  return values;
}

function settledVariables(declared: ReadonlyMap<string, VariableDeclaration>, settled: JsonObject, found: Diagnostics): Map<string, Value> {
  const values = new Map<string, Value>();
  for (const variable of declared.values()) {
    const value = found.attempt(() => convertVariable(variable, valueFromJson(settled[variable.name]), variable.range));
    if (value !== undefined) values.set(variable.name, value);
  }
  return values;
}

async function automaticFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  const own = ['terraform.tfvars', 'terraform.tfvars.json'].filter((name) => names.includes(name));
  return [...own, ...names.filter((name) => /\.auto\.tfvars(\.json)?$/.test(name)).toSorted()];
}

const undeclaredOnCommandLine = (name: string): string =>
  `A variable named "${name}" was assigned on the command line, but the root module does not declare a variable of that name. To use this value, add a "variable" block to the configuration.`;

function undeclaredInFile(name: string, file: string, range: Range) {
  const detail = `The root module does not declare a variable named "${name}" but a value was found in file "${file}". If you meant to use this value, add a "variable" block to the configuration.`;
  return problem('warning', 'Value for undeclared variable', detail, range);
}

function valueOf(variable: VariableDeclaration, given: Given | undefined): Value {
  const { name, range, fallback } = variable;
  if (given === undefined) {
    if (fallback !== undefined) return marked(variable, fallback);
    throw configurationError(
      'No value for required variable',
      `The root module input variable "${name}" is not set, and has no default value. Use a --var or --var-file command line argument to provide a value for this variable.`,
      range,
    );
  }
  const value = typeof given.value === 'string' ? fromText(variable, given.value, given.how ?? '') : evaluateConstant(given.value);
  const place = typeof given.value === 'string' ? range : given.value.range;
  return convertVariable(variable, value, place, { how: given.how });
}

/** Text is what it is for variables of a primitive type, or of none, and an expression for others. */
function fromText({ name, type, typed, range }: VariableDeclaration, text: string, how: string): Value {
  if (!typed || (typeof type === 'string' && type !== 'any')) return text;
  try {
    return evaluateConstant(parseExpressionText(text, range));
  } catch (error) {
    const why = error instanceof Error ? error.message : '';
    throw configurationError(`Invalid value for variable "${name}"`, `The value ${how} is no expression: ${why}`, range);
  }
}

const marked = ({ sensitive }: VariableDeclaration, value: Value): Value => (sensitive ? markSensitive(value) : value);

/**
 * A variable's value as it is declared: converted, null replaced by the default where it may not stay, sensitive. `how` it was given,
 * and to which module, is for errors to tell.
 */
export function convertVariable(
  variable: VariableDeclaration,
  given: Value,
  range: Range,
  { how, module = [] }: { readonly how?: string | undefined; readonly module?: ModulePath } = {},
): Value {
  const { type, nullable, fallback } = variable;
  const name = `${module.length === 0 ? '' : `${moduleText(module)}.`}var.${variable.name}`;
  const value = given === null && !nullable && fallback !== undefined ? fallback : given;
  const declaredAt = `${variable.range.file}:${variable.range.line}`;
  if (value === null && !nullable)
    throw configurationError(
      'Required variable not set',
      `The given value is not suitable for ${name} defined at ${declaredAt}: required variable may not be set to null.`,
      range,
    );
  try {
    return marked(variable, convertTo(value, type));
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    const detail =
      how === undefined
        ? `The given value is not suitable for ${name} declared at ${declaredAt}: ${error.message}.`
        : `Unsuitable value for ${name} ${how}: ${error.message}.`;
    throw configurationError('Invalid value for input variable', detail, range);
  }
}
