import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PlimsollError, errorMessage, systemErrorCode } from '../../base/index.ts';
import { terraformErrors } from '../errors.ts';
import { syntaxError } from './diagnostic.ts';
import { mergeOverrides } from './override.ts';
import { parseFile, parseWholeExpression } from './parse/body.ts';
import { parseJsonFile } from './parse/json.ts';
import { Source } from './source.ts';
import type { Block, Body, Expression, ModuleSource, Range } from './types.ts';

/**
 * A folder's configuration: its `.tf` and `.tf.json` files in order of name, with `override.tf` and `*_override.tf` merged in.
 * @throws PlimsollError PL_TERRAFORM_SYNTAX
 */
export async function parseModule(folder: string): Promise<ModuleSource> {
  const names = (await namesIn(folder)).filter((name) => /\.tf(\.json)?$/.test(name) && !/^[.#]|~$/.test(name));
  if (names.length === 0) {
    throw new PlimsollError(terraformErrors.PL_TERRAFORM_SYNTAX, {
      what: 'No configuration files: there are no .tf or .tf.json files',
      where: folder,
    });
  }
  const isOverride = (name: string): boolean => /^(.*_)?override\.tf(\.json)?$/.test(name);
  const blocksOf = async (wanted: boolean): Promise<Block[]> => {
    const files = await Promise.all(
      names.filter((name) => isOverride(name) === wanted).map((name) => parseConfiguration(join(folder, name))),
    );
    return files.flat();
  };
  return { folder, blocks: mergeOverrides(await blocksOf(false), await blocksOf(true)) };
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder, { withFileTypes: true }))
      .filter((entry) => !entry.isDirectory())
      .map((entry) => entry.name)
      .sort();
  } catch (error) {
    const what = systemErrorCode(error) === 'ENOENT' ? 'No such folder' : `Cannot read the folder: ${errorMessage(error)}`;
    throw new PlimsollError(terraformErrors.PL_TERRAFORM_SYNTAX, { what, where: folder, cause: error });
  }
}

async function parseConfiguration(file: string): Promise<readonly Block[]> {
  const { attributes, blocks } = await parseBodyOf(file, true);
  const [stray] = attributes;
  if (stray) throw syntaxError('Unsupported argument', `An argument named "${stray[0]}" is not expected here.`, stray[1].range);
  return blocks;
}

async function parseBodyOf(file: string, configuration: boolean): Promise<Body> {
  const source = new Source(file, await textOf(file));
  return file.endsWith('.json') ? parseJsonFile(source, configuration) : parseFile(source);
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const what = systemErrorCode(error) === 'ENOENT' ? 'Failed to read file: no such file' : `Failed to read file: ${errorMessage(error)}`;
    throw new PlimsollError(terraformErrors.PL_TERRAFORM_SYNTAX, { what, where: file, cause: error });
  }
}

/**
 * The values of a `terraform.tfvars`, `*.auto.tfvars` or `--var-file`, in HCL or, by the name's end, JSON.
 * @throws PlimsollError PL_TERRAFORM_SYNTAX
 */
export async function parseValuesFile(file: string): Promise<Map<string, Expression>> {
  const { attributes, blocks } = await parseBodyOf(file, false);
  const [block] = blocks;
  if (block)
    throw syntaxError(
      'Unexpected block',
      `Blocks are not allowed here: "${block.type}" should be an argument, set with an equals sign.`,
      block.range,
    );
  return new Map(attributes);
}

/**
 * One expression, as `--var` and `TF_VAR_…` give values of complex types.
 * Errors name `range` as their place.
 * @throws PlimsollError PL_TERRAFORM_SYNTAX
 */
export function parseExpressionText(text: string, range: Range): Expression {
  return parseWholeExpression(new Source(range.file, text, range));
}
