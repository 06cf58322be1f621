import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping';
import { relative } from 'node:path';
import { Script } from 'node:vm';
import { PlimsollError } from '../../base/index.ts';
import { loadErrors } from '../errors.ts';
import type { Bundle } from './bundle.ts';

/** What one instance of the script exports. */
export type ScriptExports = Record<string, unknown>;

export type Factory = (...args: readonly unknown[]) => ScriptExports;

export interface CompiledScript {
  readonly source: ScriptSource;
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

/** A compiled script as text and tables, which can be handed to a thread. */
export interface ScriptSource {
  readonly file: string;
  /** Before and after the rewriting, each with the map to what it was made from. */
  readonly bundle: Bundle;
  readonly code: string;
  readonly map: string;
  readonly guardedAt: readonly number[];
  /** The factory is a generator: the init code awaits. */
  readonly awaits: boolean;
  /**
   * Why the script cannot be rewritten: a blocking call where nothing can be awaited. Then `code` is
   * not rewritten either, and only threads that really block can run it.
   */
  readonly refusal: { readonly reason: string; readonly where: string } | undefined;
}

/** The name that the compiled script has in raw stack traces. */
export const COMPILED = 'plimsoll-script.js';

/** Whether the code that reads a property of a pending operation is the script's, or a function of the engine that this called. */
export function isScriptReading(): boolean {
  const frames = (new Error('here').stack ?? '').split('\n').filter((line) => !line.includes('(<anonymous>)'));
  // The trap that asks is in realm.ts.
  return frames[frames.findLastIndex((line) => line.includes('/script/realm.')) + 1]?.includes(`${COMPILED}:`) === true;
}

/** An error that crossed from another thread, with its stack already in the script's own lines. */
export class ScriptThreadError extends Error {
  readonly scriptStack: string;

  constructor(message: string, scriptStack: string) {
    super(message);
    this.scriptStack = scriptStack;
  }
}

export function loadScript(source: ScriptSource): CompiledScript {
  const { bundle, file } = source;
  const toSource = new TraceMap(bundle.map);
  const toBundle = new TraceMap(source.map);
  return {
    source,
    hostModules: hostModulesOf(bundle.code),
    factory: new Script(source.code, { filename: COMPILED }).runInThisContext() as Factory,
    needsLoop:
      source.awaits ||
      usesPromises(bundle.code) ||
      /\bset(?:Timeout|Interval)\b|\bwebsockets\b|\bsubtle\b|\bEventSource\b|\bwaitForEventAsync\b|k6\/(?:experimental|x)\/redis|k6\/(?:net\/grpc|experimental\/grpc|experimental\/fs|experimental\/csv|experimental\/streams|secrets)|["']stream["']/.test(
        bundle.code,
      ),
    seedsRandom: bundle.code.includes('randomSeed'),
    place: (site) => placeIn(bundle, toSource, source.guardedAt[site] as number, file),
    stackOf: (error) =>
      mapStack(error, (line, column) => {
        const middle = originalPositionFor(toBundle, { line, column });
        if (middle.line === null) return undefined;
        const original = originalPositionFor(toSource, { line: middle.line, column: middle.column });
        return original.source === null ? undefined : `${original.source}:${original.line}:${original.column + 1}`;
      }),
  };
}

/** `file:line` of an offset in the bundle. */
export function placeIn(bundle: Bundle, toSource: TraceMap, offset: number, file: string): string {
  const before = bundle.code.slice(0, offset);
  const original = originalPositionFor(toSource, { line: before.split('\n').length, column: offset - 1 - before.lastIndexOf('\n') });
  return original.source === null ? file : `${shortPath(original.source)}:${original.line}`;
}

function hostModulesOf(code: string): Set<string> {
  const names = new Set(Array.from(code.matchAll(/["'](k6(?:\/[\w/-]+)?|plimsoll:[\w-]+)["']/g), ([, name]) => name as string));
  // Responses read pages with it.
  if (/\b(?:html|submitForm|clickLink)\b/.test(code)) names.add('k6/html');
  return names;
}

/** Relative to the working directory when it is below it. */
function shortPath(path: string): string {
  if (/^https?:/.test(path)) return path;
  const short = relative(process.cwd(), path);
  return short.startsWith('..') ? path : short;
}

type Locate = (line: number, column: number) => string | undefined;

function mapStack(error: unknown, locate: Locate): string {
  if (error instanceof ScriptThreadError) return error.scriptStack;
  if (!(error instanceof Error)) return typeof error === 'string' ? error : String(error);
  const head = `${error.name}: ${error.message}`;
  const lines = (error.stack ?? '').split('\n').filter((line) => line.includes(`${COMPILED}:`));
  const frames = lines.map((line) => {
    const match = /^\s*at (?:async )?(?:(.*?) \()?plimsoll-script\.js:(\d+):(\d+)\)?$/.exec(line);
    const where = match && locate(Number(match[2]), Number(match[3]) - 1);
    return where ? `\tat ${nameOf(match[1])} (${/^https?:/.test(where) ? '' : 'file://'}${where})` : undefined;
  });
  return [head, ...frames.filter((frame) => frame !== undefined)].join('\n');
}

/** `Object.script_default [as default]` → `default`. */
function nameOf(frame: string | undefined): string {
  return /\[as (\w+)\]/.exec(frame ?? '')?.[1] ?? frame?.replace(/^Object\./, '') ?? '<anonymous>';
}

/** An exception of the script's init code, setup or teardown, as an error with its place. */
export function scriptError(script: CompiledScript | undefined, error: unknown, during: string): PlimsollError {
  if (error instanceof PlimsollError) return error;
  const stack = script?.stackOf(error) ?? String(error);
  return new PlimsollError(loadErrors.PL_LOAD_SCRIPT_INVALID, { what: `${during}: ${stack}`, cause: error });
}

/** Whether the script has promises of its own, or proxies, which may have any method; most have none and need no boxes. */
export function usesPromises(source: string): boolean {
  return /\bPromise\b|\b__async\b|\basyncRequest\b|\bthen\b|\bProxy\b/.test(source);
}
