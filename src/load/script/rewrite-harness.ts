import type { Program } from 'acorn';
import { parse } from 'acorn';
import { Script } from 'node:vm';
import { isDeepStrictEqual } from 'node:util';
import { assert, PlimsollError } from '../../base/index.ts';
import { VuLoop } from '../vu/loop.ts';
import type { Engine } from '../vu/engine.ts';
import { analyse, untouched, type Analysis } from './blocking.ts';
import { bundleScript } from './bundle.ts';
import { emit } from './emit.ts';
import { COMPILED, isScriptReading } from './loaded.ts';
import { AwaitMark, createPromiseClass, runAsync, ScriptAsyncGenerator, ScriptPromise, unbox, yieldStar } from './promises.ts';
import { adaptRealm } from './realm.ts';
import { createScriptRuntime } from './runtime.ts';

/**
 * Runs one program three times: as it is, with functions of the host that answer at once (the reference); so too, but with the engine's
 * own promises and async functions, whose order of jobs ours has to keep (but in asynchronous generators, which k6 does not have); and
 * rewritten, with functions of the host that suspend. For tests.
 */

export type Outcome =
  /** The same result, the same calls in the same order. */
  | { kind: 'equal'; calls: number }
  /** Refused before it ran. */
  | { kind: 'refused'; reason: string }
  /** Found at run time that it cannot wait. */
  | { kind: 'caught'; reason: string }
  /** Its stack overflows, which happens earlier or later; or its results are too big. */
  | { kind: 'overflown' }
  /** The fault that must not be: in our promises, or in the rewriting. */
  | { kind: 'wrong'; fault: 'promises' | 'rewriting'; expected: Trace; actual: Trace; code: string };

export interface Trace {
  readonly calls: readonly string[];
  /** What the default function returned, or the message that it threw. */
  readonly result: unknown;
  readonly error: string | undefined;
  /** Reasons of rejections that nobody handled. */
  readonly unhandled: readonly string[];
}

const modules = new Set(['k6', 'k6/http']);
type HostCall = (name: string, args: readonly unknown[], answer: () => unknown) => unknown;

export async function compareRuns(source: string): Promise<Outcome> {
  // Rejections that nobody handles belong to the program.
  const listeners = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  process.on('unhandledRejection', () => undefined);
  try {
    return await compare(source);
  } catch (error) {
    // Its results are too big to be compared.
    if (error instanceof RangeError) return { kind: 'overflown' };
    throw error;
  } finally {
    await new Promise((resolve) => setImmediate(resolve));
    process.removeAllListeners('unhandledRejection');
    for (const listener of listeners) process.on('unhandledRejection', listener);
  }
}

async function compare(source: string): Promise<Outcome> {
  const bundle = await bundleScript({ file: '/tmp/program.js', source, hostModules: modules });
  const program = parse(bundle.code, { sourceType: 'module', ecmaVersion: 'latest', preserveParens: true });
  const analysis = analyse(program);
  const expected = await new Run(codeOf(bundle.code, program, untouched(analysis)), false).execute();
  if (JSON.stringify(expected).includes('"RangeError"')) return { kind: 'overflown' };
  if (!/\basync (?:function)?\*/.test(source)) {
    const native = nativeCode(source);
    const judged = await new Run(native, false).executeNatively();
    if (!isDeepStrictEqual(judged, expected)) return { kind: 'wrong', fault: 'promises', expected: judged, actual: expected, code: native };
  }
  const [refusal] = analysis.refusals;
  if (refusal) return { kind: 'refused', reason: refusal.reason };
  const code = codeOf(bundle.code, program, analysis);
  const run = new Run(code, true);
  const actual = await run.execute().catch(() => undefined);
  if (run.violation || !actual) return { kind: 'caught', reason: run.violation?.message ?? '' };
  if (isDeepStrictEqual(actual, expected)) return { kind: 'equal', calls: actual.calls.length };
  return { kind: 'wrong', fault: 'rewriting', expected, actual, code };
}

function codeOf(source: string, program: Program, analysis: Analysis): string {
  return emit(source, program, analysis).code;
}

/** The source with its async functions, which leaves its default function in `globalThis.main`. */
function nativeCode(source: string): string {
  const text = source.replace('export default ', 'globalThis.main = ');
  const program = parse(text, { sourceType: 'module', ecmaVersion: 'latest', preserveParens: true });
  return emit(text, program, untouched(analyse(program))).code;
}

type Main = (data: unknown) => unknown;

class Run {
  violation: PlimsollError | undefined;
  readonly #calls: string[] = [];
  readonly #suspends: boolean;
  readonly #code: string;
  #isSuspended = false;
  readonly #violated = Promise.withResolvers<never>();
  // Programs here have no timers, so the loop never asks its engine for anything.
  readonly #loop = new VuLoop(undefined as unknown as Engine);

  constructor(code: string, suspends: boolean) {
    this.#code = code;
    this.#suspends = suspends;
  }

  async execute(): Promise<Trace> {
    this.#violated.promise.catch(() => undefined);
    const promiseClass = createPromiseClass(this.#loop, () => this.#violate('executor'));
    const runtime = createScriptRuntime(
      (site) => `site ${site}`,
      (error) => this.#stop(error),
    );
    adaptRealm(
      (isAsked) => (isAsked || isScriptReading() ? 'here' : undefined),
      (error) => this.#stop(error),
    );
    const factory = new Script(this.#code, { filename: COMPILED }).runInThisContext() as (...args: unknown[]) => {
      default: (data: unknown) => unknown;
    };
    let result: unknown;
    let error: string | undefined;
    let unhandled: string[] = [];
    let hasDrained = false;
    try {
      const exports = factory(
        { id: 1, iteration: 0, env: {} },
        runtime,
        Promise,
        (name: string) => this.#module(name),
        {},
        {},
        {},
        undefined,
        undefined,
        Math,
        undefined,
        promiseClass,
        (self: unknown, args: ArrayLike<unknown> | null, make: (...args: unknown[]) => Iterator<unknown>) =>
          runAsync(promiseClass, () => make.apply(self, Array.from(args ?? []))),
        (self: unknown, args: ArrayLike<unknown> | null, make: (...args: unknown[]) => Iterator<unknown>) =>
          new ScriptAsyncGenerator(promiseClass, make.apply(self, Array.from(args ?? []))),
        AwaitMark,
        yieldStar,
      );
      let value = exports.default({});
      if (value instanceof Promise) value = unbox(await Promise.race([value, this.#violated.promise]));
      if (value instanceof ScriptPromise) value.react({ onFulfilled: undefined, onRejected: undefined, derived: undefined });
      if (this.#isSuspended || this.violation) this.#violate('iteration end');
      hasDrained = true;
      unhandled = await this.#drain();
      if (value instanceof ScriptPromise) {
        if (value.state === 'rejected') throw value.value;
        result = value.value;
      } else result = value;
    } catch (thrown) {
      error = text(thrown);
      // After a violation it may never end.
      if (!this.violation && !hasDrained) unhandled = await this.#drain().catch(() => []);
    }
    return { calls: this.#calls, result: plain(result), error, unhandled };
  }

  /** With the engine's own promises. */
  async executeNatively(): Promise<Trace> {
    let result: unknown;
    let error: string | undefined;
    const unhandled: string[] = [];
    adaptRealm(() => undefined, () => undefined); // prettier-ignore
    const onUnhandled = (reason: unknown): unknown => unhandled.push(text(reason));
    process.on('unhandledRejection', onUnhandled);
    try {
      const globals: { main?: Main } = {};
      const factory = new Script(this.#code, { filename: COMPILED }).runInThisContext() as (...args: unknown[]) => void;
      factory({ id: 1, iteration: 0, env: {} }, undefined, undefined, (name: string) => this.#module(name), globals, globals, {}, undefined, undefined, Math, undefined, Promise); // prettier-ignore
      const value = (globals.main as Main)({});
      if (!(value instanceof Promise)) result = value;
      else
        value.then(
          (inner: unknown) => (result = inner),
          (reason: unknown) => (error = text(reason)),
        );
    } catch (thrown) {
      error = text(thrown);
    }
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', onUnhandled);
    return { calls: this.#calls, result: plain(result), error, unhandled };
  }

  async #drain(): Promise<string[]> {
    const rejected = await Promise.race([this.#loop.drain(), this.#violated.promise]);
    return rejected.map((promise) => text((promise as ScriptPromise).value));
  }

  /** Nothing that the program still does counts. */
  #stop(error: PlimsollError): PlimsollError {
    this.violation ??= error;
    this.#violated.reject(this.violation);
    return this.violation;
  }

  #violate(where: string): never {
    throw this.#stop(notWaited(where));
  }

  readonly #call: HostCall = (name, args, answer) => {
    if (this.#isSuspended) this.#stop(notWaited(name));
    if (this.violation) return NEVER;
    this.#calls.push(`${name}(${args.map((arg) => (typeof arg === 'function' ? 'fn' : JSON.stringify(arg))).join()})`);
    if (!this.#suspends) return answer();
    this.#isSuspended = true;
    return new Promise((resolve) => {
      setImmediate(() => {
        this.#isSuspended = false;
        if (!this.violation) resolve(answer());
      });
    });
  };

  #module(name: string): Record<string, unknown> {
    if (name === 'k6/http') {
      const answerTo = (url: unknown): unknown => ({ status: 200, url: String(url), json: () => ({ url: String(url) }) });
      const methods = ['get', 'post', 'put', 'patch', 'del', 'head', 'options'];
      const http: Record<string, unknown> = {};
      for (const method of methods) http[method] = (...args: unknown[]) => this.#call(method, args, () => answerTo(args[0]));
      http['request'] = (...args: unknown[]) => this.#call('request', args, () => answerTo(args[1]));
      http['batch'] = (...args: unknown[]) => this.#call('batch', args, () => (args[0] as unknown[]).map(answerTo));
      http['default'] = http;
      return http;
    }
    assert(name === 'k6', name);
    const k6: Record<string, unknown> = {
      sleep: (...args: unknown[]) => this.#call('sleep', args, () => undefined),
      group: (title: string, body: () => unknown) => {
        if (this.#isSuspended) this.#violate('group');
        this.#calls.push(`group ${title}`);
        const end = (): unknown => this.#calls.push(`end ${title}`);
        let result: unknown;
        try {
          result = body();
        } catch (error) {
          end();
          throw error;
        }
        if (this.#suspends && result instanceof Promise) return result.finally(end);
        end();
        return result;
      },
      check: (value: unknown, conditions: Record<string, unknown>) => this.#check(value, Object.entries(conditions)),
    };
    k6['default'] = k6;
    return k6;
  }

  #check(value: unknown, conditions: [string, unknown][]): boolean | Promise<boolean> {
    if (this.#isSuspended) this.#violate('check');
    const note = (name: string, outcome: unknown): boolean => {
      this.#calls.push(`check ${name} ${Boolean(outcome)}`);
      return Boolean(outcome);
    };
    const [first, ...rest] = conditions;
    if (!first) return true;
    const outcome = typeof first[1] === 'function' ? (first[1] as (value: unknown) => unknown)(value) : first[1];
    if (!this.#suspends || !(outcome instanceof Promise)) {
      const passed = note(first[0], outcome);
      const others = this.#check(value, rest);
      return others instanceof Promise ? others.then((all) => passed && all) : passed && others;
    }
    return outcome.then(async (inner: unknown) => {
      const passed = note(first[0], inner);
      return (await this.#check(value, rest)) && passed;
    });
  }
}

/** After a violation the script never goes on. */
const NEVER = new Promise(() => undefined);

function notWaited(where: string): PlimsollError {
  return new PlimsollError({ code: 'TEST', exitCode: 1, when: '' }, { what: `not waited for: ${where}` });
}

/** The engine words its own errors by how the code is written. */
function text(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  return thrown.name === 'Error' ? thrown.message : thrown.name;
}

/** Functions and classes cannot be compared between two instances; their kind can. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, item: unknown) => (typeof item === 'function' ? 'function' : item === undefined ? 'undefined' : item)) ??
      'null',
  );
}
