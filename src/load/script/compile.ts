import { originalPositionFor, TraceMap, type SourceMapInput } from '@jridgewell/trace-mapping';
import { getLineInfo, parse } from 'acorn';
import { relative } from 'node:path';
import { Script } from 'node:vm';
import { PlimsollError } from '../../base/index.ts';
import { loadErrors } from '../errors.ts';
import { analyse } from './blocking.ts';
import { bundleScript, type BundleOptions } from './bundle.ts';
import { emit, usesPromises } from './emit.ts';
import { cannotSuspend } from './runtime.ts';

/** What one instance of the script exports. */
export type ScriptExports = Record<string, unknown>;

export type Factory = (...args: readonly unknown[]) => ScriptExports;

export interface CompiledScript {
  /** The k6 modules that it names. */
  readonly hostModules: ReadonlySet<string>;
  /** Called once per VU with `FACTORY_PARAMETERS`; runs the init code. */
  readonly factory: Factory;
  /** It may have promises or timers of its own, so that each VU needs an event loop. */
  readonly needsLoop: boolean;
  /** It may call `randomSeed`. */
  readonly seedsRandom: boolean;
  /** `file:line` of a guarded call. */
  place(site: number): string;
  /** The stack of an error with the script's own files and lines; frames of ours are left out. */
  stackOf(error: unknown): string;
}

/** The name that the compiled script has in raw stack traces. */
const COMPILED = 'plimsoll-script.js';

export async function compileScript(options: BundleOptions): Promise<CompiledScript> {
  const bundle = await bundleScript(options);
  const program = parse(bundle.code, { sourceType: 'module', ecmaVersion: 'latest', preserveParens: true });
  const analysis = analyse(program);
  const toSource = new TraceMap(bundle.map);
  const place = (offset: number): string => {
    const { line, column } = getLineInfo(bundle.code, offset);
    const original = originalPositionFor(toSource, { line, column });
    return original.source === null ? options.file : `${shortPath(original.source)}:${original.line}`;
  };
  const [refusal] = analysis.refusals;
  if (refusal) throw cannotSuspend(refusal.reason, place(refusal.node.start));
  const emitted = emit(bundle.code, program, analysis);
  const toBundle = new TraceMap(emitted.map as unknown as SourceMapInput);
  return {
    hostModules: hostModulesOf(bundle.code),
    factory: new Script(emitted.code, { filename: COMPILED }).runInThisContext() as Factory,
    needsLoop:
      usesPromises(bundle.code) ||
      /\bset(?:Timeout|Interval)\b|\bwebsockets\b|\bsubtle\b|k6\/(?:net\/grpc|experimental\/grpc|secrets)/.test(bundle.code),
    seedsRandom: bundle.code.includes('randomSeed'),
    place: (site) => place(emitted.guardedAt[site] as number),
    stackOf: (error) =>
      mapStack(error, (line, column) => {
        const middle = originalPositionFor(toBundle, { line, column });
        if (middle.line === null) return undefined;
        const original = originalPositionFor(toSource, { line: middle.line, column: middle.column });
        return original.source === null ? undefined : `${original.source}:${original.line}:${original.column + 1}`;
      }),
  };
}

function hostModulesOf(code: string): Set<string> {
  const names = new Set(Array.from(code.matchAll(/["'](k6(?:\/[\w/-]+)?|plimsoll:[\w-]+)["']/g), ([, name]) => name as string));
  // Responses read pages with it.
  if (/\b(?:html|submitForm|clickLink)\b/.test(code)) names.add('k6/html');
  return names;
}

/** Relative to the working directory when it is below it. */
function shortPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith('..') ? path : short;
}

type Locate = (line: number, column: number) => string | undefined;

function mapStack(error: unknown, locate: Locate): string {
  if (!(error instanceof Error)) return typeof error === 'string' ? error : String(error);
  const head = `${error.name}: ${error.message}`;
  const lines = (error.stack ?? '').split('\n').filter((line) => line.includes(`${COMPILED}:`));
  const frames = lines.map((line) => {
    const match = /^\s*at (?:async )?(?:(.*?) \()?plimsoll-script\.js:(\d+):(\d+)\)?$/.exec(line);
    const where = match && locate(Number(match[2]), Number(match[3]) - 1);
    return where ? `\tat ${nameOf(match[1])} (file://${where})` : undefined;
  });
  return [head, ...frames.filter((frame) => frame !== undefined)].join('\n');
}

/** `Object.script_default [as default]` → `default`. */
function nameOf(frame: string | undefined): string {
  return /\[as (\w+)\]/.exec(frame ?? '')?.[1] ?? frame ?? '<anonymous>';
}

/** An exception of the script's init code, setup or teardown, as an error with its place. */
export function scriptError(script: CompiledScript | undefined, error: unknown, during: string): PlimsollError {
  if (error instanceof PlimsollError) return error;
  const stack = script?.stackOf(error) ?? String(error);
  return new PlimsollError(loadErrors.PL_LOAD_SCRIPT_INVALID, { what: `${during}: ${stack}`, cause: error });
}
