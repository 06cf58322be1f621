import { monotonicMs } from '../../base/index.ts';
import type { GroupNode } from '../vu/groups.ts';
import type { Vu } from '../vu/vu.ts';
import { ScriptPromise, unbox } from '../script/promises.ts';
import { moduleOf, textOf } from './bound.ts';
import { OwnTags, readTags } from './tags.ts';

/** `fail()`: ends the iteration. */
export class FailError extends Error {
  override name = 'Error';
}

type Predicate = (value: unknown) => unknown;

/** https://grafana.com/docs/k6/latest/javascript-api/k6/ */
export const K6Module = moduleOf({
  sleep(seconds: unknown) {
    return this.sleep(Number(seconds));
  },

  check(value: unknown, checks: unknown, tags?: unknown) {
    this.enter();
    if (!this.isInitialised) throw new Error('Using check() in the init context is not supported');
    if (checks === undefined) throw new Error('no checks provided to `check`');
    if (checks === null) throw new TypeError('Cannot convert undefined or null to object');
    return runChecks(this, value, checks as Conditions, Object.keys(checks), readTags(tags));
  },

  group(name: unknown, body: () => unknown) {
    this.enter();
    if (!this.isInitialised) throw new Error('Using group() in the init context is not supported');
    if (typeof body !== 'function') throw new Error('group() requires a callback as a second argument');
    if (isAsync(this, body)) throw new Error('group() does not support async functions as arguments');
    return runGroup(this, this.group.group(textOf(name)), body);
  },

  fail(message?: unknown) {
    this.enter();
    throw new FailError(textOf(message));
  },

  randomSeed(seed: unknown) {
    this.enter();
    this.seedRandom(Number(seed));
  },
});

type Conditions = Readonly<Record<string, unknown>>;

/** The bundler has made generators of the script's async functions, and each of them a call of its driver. */
const asyncBody = /^[^{]*?(?:=>\s*|\{\s*return )[$\w.(= ]*__async\(/;

function isAsync({ loop }: Vu, fn: object): boolean {
  return loop !== undefined && asyncBody.test(Function.prototype.toString.call(fn));
}

/** A predicate may block: then the rest waits for it. */
function runChecks(
  vu: Vu,
  value: unknown,
  checks: Conditions,
  names: readonly string[],
  tags: Readonly<Record<string, string>> | undefined,
): boolean | Promise<boolean> {
  let allPassed = true;
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    const condition = checks[name];
    const outcome = typeof condition === 'function' ? evaluate(vu, name, condition as Predicate, value, tags) : condition;
    if (outcome instanceof Promise) return finishChecks(vu, value, checks, names.slice(i), outcome, allPassed, tags);
    if (!record(vu, name, outcome, tags)) allPassed = false;
  }
  return allPassed;
}

async function finishChecks(
  vu: Vu,
  value: unknown,
  checks: Conditions,
  [name, ...others]: readonly string[],
  pending: Promise<unknown>,
  allBefore: boolean,
  tags: Readonly<Record<string, string>> | undefined,
): Promise<boolean> {
  const predicate = checks[name as string] as Predicate;
  let outcome: unknown;
  try {
    outcome = unbox(await pending);
  } catch (error) {
    record(vu, name as string, false, tags);
    throw error;
  }
  refuseAsync(vu, predicate, outcome);
  const passed = record(vu, name as string, outcome, tags);
  const rest = await runChecks(vu, value, checks, others, tags);
  return allBefore && passed && rest;
}

/** A predicate that throws fails its check, and the iteration with it, as in k6. */
function evaluate(vu: Vu, name: string, predicate: Predicate, value: unknown, tags: Readonly<Record<string, string>> | undefined): unknown {
  let outcome: unknown;
  try {
    outcome = predicate(value);
  } catch (error) {
    record(vu, name, false, tags);
    throw error;
  }
  refuseAsync(vu, predicate, outcome);
  return outcome;
}

function refuseAsync(vu: Vu, predicate: Predicate, outcome: unknown): void {
  if (outcome instanceof ScriptPromise && isAsync(vu, predicate))
    throw new Error("the built-in check() does not support async functions: use the check() of jslib's k6-utils, and await it");
}

class CheckTags extends OwnTags {
  readonly #name: string;

  constructor(vu: Vu, name: string, own: Readonly<Record<string, string>>) {
    super(vu, own);
    this.#name = name;
  }

  override tag(name: string): string | undefined {
    return name === 'check' ? this.#name : super.tag(name);
  }
}

const noTags: Readonly<Record<string, string>> = {};

function record(vu: Vu, name: string, outcome: unknown, tags: Readonly<Record<string, string>> | undefined): boolean {
  const passed = Boolean(outcome);
  const count = vu.group.check(name);
  if (passed) count.passes++;
  else count.fails++;
  vu.engine.checks.add(passed ? 1 : 0, vu.engine.checks.needsTags ? new CheckTags(vu, name, tags ?? noTags) : vu);
  return passed;
}

function runGroup(vu: Vu, group: GroupNode, body: () => unknown): unknown {
  const outer = vu.group;
  const tag = vu.tags?.['group'];
  const startedAt = monotonicMs();
  const leave = (): void => {
    vu.engine.groupDuration.add(monotonicMs() - startedAt, vu);
    vu.group = outer;
    if (tag !== undefined && vu.tags) vu.tags['group'] = tag;
  };
  vu.group = group;
  // A tag of the script's own hides the group, but not those within.
  if (tag !== undefined) delete vu.tags?.['group'];
  let result: unknown;
  try {
    result = body();
  } catch (error) {
    leave();
    throw error;
  }
  if (result instanceof Promise) return result.finally(leave);
  leave();
  return result;
}
