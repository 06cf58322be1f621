import { monotonicMs, PlimsollError, systemClock } from '../../base/index.ts';
import { loadErrors } from '../errors.ts';
import { consolidatedOptions } from '../options/consolidated.ts';
import type { Vu } from '../vu/vu.ts';
import { moduleOf } from './bound.ts';

/** https://grafana.com/docs/k6/latest/javascript-api/k6-execution/: where an iteration stands in the run. Values are read afresh each time. */
export const ExecutionModule = moduleOf(
  {},
  {
    scenario: (vu) => live(scenarioOf(vu)),
    instance: (vu) => live(instanceOf(vu)),
    test: (vu) => testOf(vu),
    vu: (vu) => vuOf(vu),
  },
);

type Getters = Readonly<Record<string, () => unknown>>;

function live(getters: Getters): object {
  const object = {};
  for (const [name, get] of Object.entries(getters)) Object.defineProperty(object, name, { get, enumerable: true });
  return object;
}

function scenarioOf(vu: Vu): Getters {
  const current = (): NonNullable<Vu['scenario']> => {
    if (!vu.scenario) throw new Error('getting scenario information outside of the VU context is not supported');
    return vu.scenario;
  };
  return {
    name: () => current().name,
    executor: () => current().executor,
    startTime: () => systemClock.nowMs() - (monotonicMs() - current().startedAtMs()),
    progress: () => current().progress(),
    iterationInInstance: () => (current(), vu.place.inInstance),
    iterationInTest: () => (current(), vu.place.inTest),
  };
}

function instanceOf(vu: Vu): Getters {
  const { instance } = vu.engine;
  return {
    currentTestRunDuration: () => (instance.startedAtMs === 0 ? 0 : monotonicMs() - instance.startedAtMs),
    iterationsCompleted: () => instance.iterationsCompleted(),
    iterationsInterrupted: () => instance.iterationsInterrupted(),
    vusActive: () => instance.vusActive(),
    vusInitialized: () => instance.vusInitialized(),
  };
}

function testOf(vu: Vu): object {
  const test = {
    abort(reason?: string): never {
      const error = new PlimsollError(loadErrors.PL_LOAD_TEST_ABORTED, {
        what: `test aborted${reason === undefined ? '' : `: ${reason}`}`,
        where: vu.engine.placeNow(),
      });
      vu.engine.onAbort(error);
      throw error;
    },
    fail(reason?: string): void {
      vu.engine.onFail(reason ?? '');
    },
  };
  Object.defineProperty(test, 'options', { get: () => consolidatedOptions(vu.engine.rawOptions), enumerable: true });
  return test;
}

function vuOf(vu: Vu): object {
  const info = live({
    idInInstance: () => vu.idInInstance,
    idInTest: () => vu.id,
    iterationInInstance: () => vu.iteration,
    iterationInScenario: () => vu.place.inScenario,
    tags: () => tagsOf(vu),
  });
  return Object.assign(info, {
    metrics: live({ tags: () => tagsOf(vu), metadata: () => vu.metadata }),
  });
}

/** Reading shows the system's tags too; what is written goes with all further samples of this VU. */
function tagsOf(vu: Vu): object {
  return new Proxy(
    {},
    {
      get: (_target, name) => (typeof name === 'string' ? vu.tag(name) : undefined),
      set(_target, name, value: unknown) {
        if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
          throw new TypeError(`the tag ${JSON.stringify(String(name))} must be a string, a number or a boolean`);
        (vu.tags ??= {})[String(name)] = String(value);
        return true;
      },
      deleteProperty(_target, name) {
        if (vu.tags) delete vu.tags[String(name)];
        return true;
      },
      ownKeys: () => [...new Set(['group', 'scenario', ...Object.keys(vu.tags ?? {})])],
      getOwnPropertyDescriptor: (_target, name) => ({ value: vu.tag(String(name)), enumerable: true, configurable: true }),
    },
  );
}
