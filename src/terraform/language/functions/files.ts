import { globSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, resolve, sep } from 'node:path';
import { errorMessage, systemErrorCode } from '../../../base/index.ts';
import { Source } from '../source.ts';
import type { Scope, Value } from '../types.ts';
import { asSet, isRecord } from '../values.ts';
import { utf8 } from './encoding.ts';
import { FunctionFault, define, loose, text } from './spec.ts';
import type { CallContext, FunctionSpec } from './spec.ts';

export const fileFunctions: Record<string, FunctionSpec> = {
  abspath: define([text('path')], ([path], _, { scope }) => locate(scope, path)),
  basename: define([text('path')], ([path]) => basename(path) || (path === '' ? '.' : '/')),
  dirname: define([text('path')], ([path]) => dirname(path)),
  file: define([text('path')], ([path], _, { scope }) => readText(scope, path)),
  filebase64: define([text('path')], ([path], _, { scope }) => readBytes(scope, path).toString('base64')),
  fileexists: define([text('path')], ([path], _, { scope }) => fileExists(scope, path)),
  fileset: define([text('path'), text('pattern')], ([path, pattern], _, { scope }) => fileSet(scope, path, pattern)),
  pathexpand: define([text('path')], ([path]) => home(path)),
  templatefile: define([text('path'), loose('vars')], ([path, vars], _, context) => template(path, vars, context)),
  templatestring: define([text('template'), loose('vars')], ([source, vars], _, context) =>
    context.renderTemplate(new Source('template', source), variables(vars)),
  ),
};

function home(path: string): string {
  return path === '~' || path.startsWith('~/') ? homedir() + path.slice(1) : path;
}

export function locate(scope: Scope, path: string): string {
  return resolve(scope.folder, home(path));
}

/** @throws FunctionFault in Terraform's words when there is no such file. */
export function readBytes(scope: Scope, path: string): Buffer {
  try {
    return readFileSync(locate(scope, path));
  } catch (error) {
    if (systemErrorCode(error) === 'EISDIR') throw new FunctionFault(`${path} is a directory, not a file`, 'path');
    if (systemErrorCode(error) !== 'ENOENT' && systemErrorCode(error) !== 'ENOTDIR')
      throw new FunctionFault(`failed to read file: ${errorMessage(error)}`, 'path');
    throw new FunctionFault(
      `no file exists at ${JSON.stringify(path)}; this function works only with files that are distributed as part of the configuration source code, so if this file will be created by a resource in this configuration you must instead obtain this result from an attribute of that resource`,
      'path',
    );
  }
}

function readText(scope: Scope, path: string): string {
  const message = `contents of ${JSON.stringify(path)} are not valid UTF-8; use the filebase64 function to obtain the Base64 encoded contents or the other file functions (e.g. filemd5, filesha256) to obtain file hashing results instead`;
  return utf8(readBytes(scope, path), message, 'path');
}

function fileExists(scope: Scope, path: string): boolean {
  const found = statSync(locate(scope, path), { throwIfNoEntry: false });
  if (found?.isDirectory()) throw new FunctionFault(`${JSON.stringify(path)} is a directory, not a file`, 'path');
  return found?.isFile() ?? false;
}

/** Files, not folders, that match a pattern with `*`, `**`, `?`, `{a,b}` and `[…]`, named from `path`. */
function fileSet(scope: Scope, path: string, pattern: string): Value {
  const folder = locate(scope, path);
  const names = globSync(pattern, { cwd: folder }).filter((name) => statSync(resolve(folder, name), { throwIfNoEntry: false })?.isFile());
  return asSet(
    names.map((name) => name.split(sep).join('/')),
    'string',
  );
}

function variables(vars: Value): { readonly [key: string]: Value } {
  if (isRecord(vars)) return vars;
  throw new FunctionFault('invalid vars value: must be a map', 'vars');
}

/** Files being rendered right now, from outer to inner: a template that calls itself would never end. */
const rendering: string[] = [];

function template(path: string, vars: Value, context: CallContext): Value {
  const file = realpathOf(locate(context.scope, path));
  if (rendering.includes(file))
    throw new FunctionFault(`cannot recursively call templatefile from inside another template function`, 'path');
  rendering.push(file);
  try {
    return context.renderTemplate(new Source(path, readText(context.scope, path)), variables(vars));
  } finally {
    rendering.pop();
  }
}

function realpathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
