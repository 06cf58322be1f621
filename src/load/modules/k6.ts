import { monotonicMs } from '../../base/index.ts';
import type { TagLookup } from '../metrics/registry.ts';
import type { GroupNode } from '../vu/groups.ts';
import type { Vu } from '../vu/vu.ts';
import { ScriptPromise } from '../script/promises.ts';
import { moduleOf } from './bound.ts';

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

  check(value: unknown, checks: Readonly<Record<string, unknown>>, tags?: Record<string, string>) {
    this.enter();
    if (typeof checks !== 'object' || checks === null) throw new TypeError('check() needs an object of named conditions');
    return runChecks(this, value, checks, Object.keys(checks), tags);
  },

  group(name: unknown, body: () => unknown) {
    this.enter();
    if (String(name).includes('::')) throw new Error("group and check names may not contain '::'");
    if (typeof body !== 'function') throw new TypeError('group() needs a function');
    return runGroup(this, this.group.group(String(name)), body);
  },

  fail(message?: string) {
    this.enter();
    throw new FailError(message ?? '');
  },

  randomSeed(seed: unknown) {
    this.enter();
    this.seedRandom(Number(seed));
  },
});

/** A predicate may block: then the rest waits for it. */
function runChecks(
  vu: Vu,
  value: unknown,
  checks: Readonly<Record<string, unknown>>,
  names: readonly string[],
  tags: Record<string, string> | undefined,
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
  checks: Readonly<Record<string, unknown>>,
  [name, ...others]: readonly string[],
  pending: Promise<unknown>,
  allBefore: boolean,
  tags: Record<string, string> | undefined,
): Promise<boolean> {
  const passed = record(vu, name as string, await pending, tags);
  const rest = await runChecks(vu, value, checks, others, tags);
  return allBefore && passed && rest;
}

/** A predicate that throws fails its check, and the iteration with it, as in k6. */
function evaluate(vu: Vu, name: string, predicate: Predicate, value: unknown, tags: Record<string, string> | undefined): unknown {
  try {
    return predicate(value);
  } catch (error) {
    record(vu, name, false, tags);
    throw error;
  }
}

class CheckTags implements TagLookup {
  readonly #vu: Vu;
  readonly #name: string;
  readonly #own: Record<string, string> | undefined;

  constructor(vu: Vu, name: string, own: Record<string, string> | undefined) {
    this.#vu = vu;
    this.#name = name;
    this.#own = own;
  }

  tag(name: string): string | undefined {
    return name === 'check' ? this.#name : (this.#own?.[name] ?? this.#vu.tag(name));
  }

  addNames(names: Set<string>): void {
    for (const name of Object.keys(this.#own ?? {})) names.add(name);
    this.#vu.addNames(names);
  }
}

function record(vu: Vu, name: string, outcome: unknown, tags: Record<string, string> | undefined): boolean {
  const passed = Boolean(outcome);
  const count = vu.group.check(name);
  if (passed) count.passes++;
  else count.fails++;
  vu.engine.checks.add(passed ? 1 : 0, vu.engine.checks.needsTags ? new CheckTags(vu, name, tags) : vu);
  return passed;
}

function runGroup(vu: Vu, group: GroupNode, body: () => unknown): unknown {
  const outer = vu.group;
  const startedAt = monotonicMs();
  const leave = (): void => {
    vu.engine.groupDuration.add(monotonicMs() - startedAt, vu);
    vu.group = outer;
  };
  vu.group = group;
  let result: unknown;
  try {
    result = body();
  } catch (error) {
    leave();
    throw error;
  }
  if (result instanceof Promise) return result.finally(leave);
  leave();
  if (result instanceof ScriptPromise) throw new TypeError('group() does not support async functions as arguments');
  return result;
}
