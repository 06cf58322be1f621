import { monotonicMs, PlimsollError, systemClock } from '../../base/index.ts';
import { loadErrors } from '../errors.ts';
import { consolidatedOptions } from '../options/consolidated.ts';
import type { Vu } from '../vu/vu.ts';
import { isAbsent, moduleOf, textOf } from './bound.ts';
import { deepFreeze } from './data.ts';
import { tagText } from './tags.ts';

/**
 * https://grafana.com/docs/k6/latest/javascript-api/k6-execution/: where an iteration stands in the run. Values are read afresh each time,
 * and none can be overwritten but tags and metadata.
 */
export const ExecutionModule = moduleOf({}, { default: executionOf, instance: instanceOf, scenario: scenarioOf, test: testOf, vu: vuOf });

type Getters = Readonly<Record<string, () => unknown>>;

function live(getters: Getters): object {
  const object = {};
  for (const [name, get] of Object.entries(getters)) Object.defineProperty(object, name, { get, enumerable: true });
  return object;
}

/** The parts are made when they are first asked for. */
function executionOf(vu: Vu): object {
  const made = new Map<string, object>();
  const part = (name: string, make: (vu: Vu) => object, initMessage?: string): (() => object) => {
    return () => {
      if (!vu.isInitialised && initMessage !== undefined) throw new Error(initMessage);
      let object = made.get(name);
      if (!object) made.set(name, (object = make(vu)));
      return object;
    };
  };
  return live({
    instance: part('instance', instanceOf, 'getting instance information in the init context is not supported'),
    scenario: part('scenario', scenarioOf, outsideOfScenario),
    test: part('test', testOf),
    vu: part('vu', vuOf, 'getting VU information in the init context is not supported'),
  });
}

const outsideOfScenario = 'getting scenario information outside of the VU context is not supported';

function scenarioOf(vu: Vu): object {
  const current = (): NonNullable<Vu['scenario']> => {
    if (!vu.scenario) throw new Error(outsideOfScenario);
    return vu.scenario;
  };
  return live({
    name: () => current().name,
    executor: () => current().executor,
    startTime: () => Math.round(systemClock.nowMs() - (monotonicMs() - current().startedAtMs())),
    progress: () => current().progress(),
    iterationInInstance: () => (current(), vu.place.inInstance),
    iterationInTest: () => (current(), vu.place.inTest),
  });
}

function instanceOf(vu: Vu): object {
  const { instance } = vu.engine;
  return live({
    currentTestRunDuration: () => (instance.startedAtMs === 0 ? 0 : monotonicMs() - instance.startedAtMs),
    iterationsCompleted: () => instance.iterationsCompleted(),
    iterationsInterrupted: () => instance.iterationsInterrupted(),
    vusActive: () => instance.vusActive(),
    vusInitialized: () => instance.vusInitialized(),
  });
}

function testOf(vu: Vu): object {
  const abort = (reason?: unknown): never => {
    const error = new PlimsollError(loadErrors.PL_LOAD_TEST_ABORTED, {
      what: `test aborted${isAbsent(reason) ? '' : `: ${String(reason)}`}`,
      where: vu.engine.placeNow(),
    });
    vu.engine.onAbort(error);
    throw error;
  };
  const fail = (reason?: unknown): void => {
    if (!vu.isInitialised) throw new Error('execution.test.fail() called outside of VU context');
    vu.engine.onFail(textOf(reason));
  };
  let options: object | undefined;
  return live({
    abort: () => abort,
    fail: () => fail,
    options: () => {
      if (!vu.isInitialised) throw new Error('getting test options in the init context is not supported');
      return (options ??= deepFreeze(consolidatedOptions(vu.engine.rawOptions)));
    },
  });
}

function vuOf(vu: Vu): object {
  const tags = textsOf('tag', {
    get: (name) => vu.tag(name),
    names: () => tagNames(vu),
    set: (name, text) => ((vu.tags ??= {})[name] = text),
    delete: (name) => ((vu.tags ??= {})[name] = null),
  });
  const metadata = textsOf('metadata', {
    get: (name) => vu.ownMetadata?.[name],
    names: () => Object.keys(vu.ownMetadata ?? {}),
    set: (name, text) => ((vu.ownMetadata ??= {})[name] = text),
    delete: (name) => delete vu.ownMetadata?.[name],
  });
  const metrics = live({ tags: () => tags, metadata: () => metadata });
  return live({
    iterationInInstance: () => vu.iteration,
    iterationInScenario: () => vu.place.inScenario,
    idInInstance: () => vu.idInInstance,
    idInTest: () => vu.id,
    tags: () => tags,
    metrics: () => metrics,
  });
}

/** What further samples of this VU will have: the system's tags that it knows already, and all of the script's. */
function tagNames(vu: Vu): string[] {
  const names = new Set(['group', 'scenario']);
  vu.addNames(names);
  return [...names].filter((name) => vu.tag(name) !== undefined);
}

interface Texts {
  get(name: string): string | undefined;
  names(): string[];
  set(name: string, text: string): void;
  delete(name: string): void;
}

/** An object of names and texts as scripts see it; what is written has to be a string, a number or a boolean. */
function textsOf(kind: 'tag' | 'metadata', texts: Texts): object {
  return new Proxy(
    {},
    {
      get: (_target, name) => (typeof name === 'string' ? texts.get(name) : undefined),
      has: (_target, name) => typeof name === 'string' && texts.get(name) !== undefined,
      set(_target, name, value: unknown) {
        texts.set(String(name), tagText(kind, String(name), value));
        return true;
      },
      deleteProperty(_target, name) {
        texts.delete(String(name));
        return true;
      },
      ownKeys: () => texts.names(),
      getOwnPropertyDescriptor: (_target, name) => {
        const value = typeof name === 'string' ? texts.get(name) : undefined;
        return value === undefined ? undefined : { value, enumerable: true, configurable: true, writable: true };
      },
    },
  );
}
