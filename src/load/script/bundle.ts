import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping';
import { parse } from 'acorn';
import { build, transform, type BuildFailure, type BuildResult, type Plugin } from 'esbuild';
import { MagicString } from 'magic-string';
import { existsSync, statSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, resolve } from 'node:path';
import { PlimsollError } from '../../base/index.ts';
import { loadErrors } from '../errors.ts';
import { jslib } from '../jslib/resolve.ts';
import { importMeta, withImportMeta } from './import-meta.ts';
import { REMOTE, remoteImports } from './remote.ts';
import { childrenOf, isFunction, type AnyNode } from './syntax.ts';

/** One file with everything that the script imports but k6's own modules. */
export interface Bundle {
  readonly code: string;
  /** Source map (version 3) from `code` to the script's own files; sources are absolute paths. */
  readonly map: { version: 3; sources: (string | null)[]; mappings: string; names: string[]; sourcesContent?: (string | null)[] };
}

export interface BundleOptions {
  /** Absolute path of the script; relative imports start at its folder. */
  file: string;
  /** The script itself, when it is not to be read from `file`. */
  source?: string | undefined;
  /** Modules that exist, e.g. `k6/http`. */
  hostModules: ReadonlySet<string>;
}

export async function bundleScript(options: BundleOptions): Promise<Bundle> {
  const { file, source } = options;
  if (source === undefined) checkFile(file);
  const bundle = (supported: Record<string, boolean>): Promise<BuildResult<{ write: false }>> =>
    build({
      ...(source === undefined
        ? { entryPoints: [file] }
        : { stdin: { contents: withImportMeta(source, file), sourcefile: file, resolveDir: dirname(file), loader: 'ts' } }),
      bundle: true,
      write: false,
      platform: 'neutral',
      // As in k6 there is nothing of Node's; what packages have for browsers comes nearest.
      mainFields: ['browser', 'module', 'main'],
      conditions: ['k6', 'browser', 'import', 'default'],
      define: { 'import.meta': '{}', 'process.env.NODE_ENV': '"production"' },
      outfile: '/out/bundle.js',
      sourceRoot: '',
      plugins: [jslib(), hostModules(options.hostModules), httpLibraries, remoteImports(), importMeta()],
      ...common,
      supported,
    });
  try {
    const built = textsOf(await bundle(lowered));
    return finish(built.code, built.map);
  } catch (error) {
    if (!isTopLevelAwait(error)) throw bundleError(error, file);
  }
  try {
    const built = textsOf(await bundle({ ...lowered, ...modern }));
    const marked = markTopLevelAwaits(built.code);
    const inline = `\n//# sourceMappingURL=data:application/json;base64,${Buffer.from(built.map).toString('base64')}`;
    const result = await transform(marked + inline, { ...common, supported: lowered, sourcefile: 'bundle.js' });
    return finish(result.code, result.map);
  } catch (error) {
    throw bundleError(error, file);
  }
}

function checkFile(file: string): void {
  const what = !existsSync(file) ? 'the script does not exist' : statSync(file).isDirectory() ? 'the script is a folder' : undefined;
  if (what !== undefined) throw new PlimsollError(loadErrors.PL_LOAD_SCRIPT_MISSING, { what, where: file, fix: 'check the path' });
}

/** The name of the function that stands for `await` at the top level; no script can have it. */
export const TOP_LEVEL_AWAIT = '__topLevelAwait';

const common = {
  format: 'esm',
  sourcemap: 'external',
  charset: 'utf8',
  legalComments: 'none',
  logLevel: 'silent',
  keepNames: false,
} as const;

/**
 * `a?.b().c` cannot be awaited piece by piece, so it is spelled out first. Async functions become
 * generators, which `runAsync` drives on the VU's own loop.
 */
const lowered = {
  'optional-chain': false,
  using: false,
  decorators: false,
  'async-await': false,
  'async-generator': false,
  'for-await': false,
};
const modern = { 'async-await': true, 'async-generator': true, 'for-await': true, 'top-level-await': true };

function textsOf(result: BuildResult<{ write: false }>): { code: string; map: string } {
  const text = (suffix: string): string => result.outputFiles.find((output) => output.path.endsWith(suffix))?.text ?? '';
  return { code: text('bundle.js'), map: text('.map') };
}

function finish(code: string, mapText: string): Bundle {
  const map = JSON.parse(mapText) as Bundle['map'];
  map.sources = map.sources.map((path) =>
    path === null || isRemote(path) ? (path?.slice(REMOTE.length + 1) ?? null) : resolve('/out', path),
  );
  return { code: ownAsyncHelpers(keepDeadZones(code, map)), map };
}

/**
 * esbuild writes the `const`, `let` and `class` of a module's top level as `var`, which could be read too early without an error. Its
 * statements begin their lines, and the map knows what they were.
 */
function keepDeadZones(code: string, map: Bundle['map']): string {
  const trace = new TraceMap(map);
  const linesOf = new Map<string, string[]>();
  const wasLexical = (line: number): boolean => {
    const place = originalPositionFor(trace, { line, column: 0 });
    if (place.source === null) return false;
    let lines = linesOf.get(place.source);
    if (!lines) linesOf.set(place.source, (lines = map.sourcesContent?.[map.sources.indexOf(place.source)]?.split('\n') ?? []));
    return /^(?:export\s+)?(?:default\b|const\b|let\b|(?:abstract\s+)?class\b)/.test(lines[place.line - 1]?.slice(place.column) ?? '');
  };
  return code
    .split('\n')
    .map((line, i) => (line.startsWith('var ') && wasLexical(i + 1) ? `let${line.slice('var'.length)}` : line))
    .join('\n');
}

/** esbuild spells out async functions, but not what awaits outside of them. */
function isTopLevelAwait(error: unknown): boolean {
  return (error as Partial<BuildFailure>).errors?.some(({ text }) => text.startsWith('Top-level await is not available')) === true;
}

/** `await x` → `__topLevelAwait(x)`, so that esbuild takes it for a call; lines stay as they are. */
function markTopLevelAwaits(code: string): string {
  const out = new MagicString(code);
  const visit = (node: AnyNode): void => {
    if (isFunction(node)) return;
    if (node.type === 'ForOfStatement' && node.await)
      throw new PlimsollError(loadErrors.PL_LOAD_SCRIPT_INVALID, { what: 'for await at the top level is not supported' });
    if (node.type === 'AwaitExpression')
      out.overwrite(node.start, node.start + 'await'.length, `${TOP_LEVEL_AWAIT}(`).appendLeft(node.end, ')');
    for (const child of childrenOf(node)) visit(child);
  };
  visit(parse(code, { sourceType: 'module', ecmaVersion: 'latest' }));
  return out.toString();
}

function isRemote(path: string): boolean {
  return path.startsWith(`${REMOTE}:`);
}

/** Puts our drivers of async functions and generators in the place of esbuild's, leaving every other character where it was. */
function ownAsyncHelpers(code: string): string {
  return code.replace(/^var __(async|asyncGenerator|await|yieldStar) = [^]*?\n\};$/gm, (helper, name: string) => {
    const own = `var __${name} = $pl_${name};`;
    return own + helper.slice(own.length).replace(/[^\n]/g, ' ');
  });
}

/** Leaves imports of k6's modules alone and explains those that cannot be had. */
function hostModules(known: ReadonlySet<string>): Plugin {
  return {
    name: 'k6-modules',
    setup(build) {
      build.onResolve({ filter: /^k6(?:$|\/)/ }, ({ path }) =>
        known.has(path) ? { path, external: true, sideEffects: true } : { errors: [{ text: unsupportedModule(path) }] },
      );
    },
  };
}

/** They would make requests that are neither measured nor waited for. */
const httpLibraries: Plugin = {
  name: 'http-libraries',
  setup(build) {
    build.onResolve({ filter: /^(?:axios|got|ky|needle|node-fetch|request|superagent|undici)$/ }, ({ path }) => ({
      errors: [{ text: `unknown module "${path}": it makes requests of its own, which a script cannot; use k6/http` }],
    }));
  },
};

function unsupportedModule(path: string): string {
  if (path.startsWith('k6/browser') || path.startsWith('k6/experimental/browser'))
    return `unknown module "${path}": Plimsoll drives no browser; use Playwright for browser tests and k6/http for load`;
  if (path.startsWith('k6/x/'))
    return `unknown module "${path}": k6's Go extensions cannot be loaded; use an npm package or k6/http instead`;
  return `unknown module "${path}"`;
}

function bundleError(error: unknown, file: string): unknown {
  const [first] = (error as Partial<BuildFailure>).errors ?? [];
  if (!first) return error;
  const where = first.location
    ? `${first.location.file === '<stdin>' ? file : isRemote(first.location.file) ? first.location.file.slice(REMOTE.length + 1) : resolve(first.location.file)}:${first.location.line}:${first.location.column + 1}`
    : file;
  const isModule = first.text.startsWith('unknown module') || first.text.startsWith('Could not resolve');
  return new PlimsollError(isModule ? loadErrors.PL_LOAD_MODULE_UNSUPPORTED : loadErrors.PL_LOAD_SCRIPT_INVALID, {
    what:
      first.text.replace(/^Could not resolve/, 'could not resolve') +
      (isOfNode(first.text) ? ': there is nothing of Node here, as in k6' : ''),
    where,
    cause: error,
  });
}

/** A module of Node's own is not found. */
function isOfNode(text: string): boolean {
  const [, name = ''] = /^Could not resolve "(.+)"/.exec(text) ?? [];
  return isBuiltin(name);
}
