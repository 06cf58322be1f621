import { asDurationMs, asInteger, asPositiveDurationMs, asRecord, asStages, asString, asStringMap, invalid, type Stage } from './fields.ts';

/** A scenario as it will be run, with k6's defaults filled in. All spans in milliseconds. */
export interface ScenarioBase {
  readonly name: string;
  readonly startTimeMs: number;
  readonly gracefulStopMs: number;
  /** Name of the exported function. */
  readonly exec: string;
  readonly env: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
}

export type Scenario = ScenarioBase &
  (
    | { executor: 'shared-iterations'; vus: number; iterations: number; maxDurationMs: number }
    | { executor: 'per-vu-iterations'; vus: number; iterations: number; maxDurationMs: number }
    | { executor: 'constant-vus'; vus: number; durationMs: number }
    | { executor: 'ramping-vus'; startVUs: number; stages: readonly Stage[]; gracefulRampDownMs: number }
    | { executor: 'constant-arrival-rate'; rate: number; timeUnitMs: number; durationMs: number; preAllocatedVUs: number; maxVUs: number }
    | {
        executor: 'ramping-arrival-rate';
        startRate: number;
        timeUnitMs: number;
        stages: readonly Stage[];
        preAllocatedVUs: number;
        maxVUs: number;
      }
    | { executor: 'externally-controlled'; vus: number; maxVUs: number; durationMs: number }
  );

export type ExecutorName = Scenario['executor'];

const common = new Set(['executor', 'startTime', 'gracefulStop', 'exec', 'env', 'tags', 'options']);
/** What a scenario may say besides what all may. */
export const fieldsOf: Record<ExecutorName, readonly string[]> = {
  'shared-iterations': ['vus', 'iterations', 'maxDuration'],
  'per-vu-iterations': ['vus', 'iterations', 'maxDuration'],
  'constant-vus': ['vus', 'duration'],
  'ramping-vus': ['startVUs', 'stages', 'gracefulRampDown'],
  'constant-arrival-rate': ['rate', 'timeUnit', 'duration', 'preAllocatedVUs', 'maxVUs'],
  'ramping-arrival-rate': ['startRate', 'timeUnit', 'stages', 'preAllocatedVUs', 'maxVUs'],
  'externally-controlled': ['vus', 'maxVUs', 'duration'],
};

export function isExecutor(name: unknown): name is ExecutorName {
  return typeof name === 'string' && Object.hasOwn(fieldsOf, name);
}

/** Reads one entry of `options.scenarios`; throws PL_LOAD_OPTIONS_INVALID. */
export function parseScenario(name: string, value: unknown): Scenario {
  const where = `scenarios.${name}`;
  if (!/^[\w-]+$/.test(name))
    throw invalid(`the scenario name ${JSON.stringify(name)} may have only latin letters, numbers, underscores and dashes`);
  const raw = asRecord(value, where);
  const executor = raw['executor'];
  if (!isExecutor(executor))
    throw invalid(`${where}: unknown executor ${JSON.stringify(executor)}; there are ${Object.keys(fieldsOf).join(', ')}`);
  for (const key of Object.keys(raw))
    if (!common.has(key) && !fieldsOf[executor].includes(key)) throw invalid(`${where}: the executor ${executor} has no field "${key}"`);
  if (raw['options'] !== undefined && Object.keys(asRecord(raw['options'], `${where}.options`)).length > 0)
    throw invalid(`${where}.options: options of browser scenarios are not supported`);

  const integer = (key: string, fallback?: number, min = 0): number => {
    if (raw[key] === undefined && fallback === undefined) throw invalid(`${where}: "${key}" is missing`);
    return raw[key] === undefined ? (fallback as number) : asInteger(raw[key], `${where}.${key}`, min);
  };
  const duration = (key: string, fallback?: number): number => {
    if (raw[key] === undefined && fallback === undefined) throw invalid(`${where}: "${key}" is missing`);
    return raw[key] === undefined ? (fallback as number) : asDurationMs(raw[key], `${where}.${key}`);
  };
  const stages = (): Stage[] => {
    const list = asStages(raw['stages'] ?? [], `${where}.stages`);
    if (list.length === 0) throw invalid(`${where}: at least one stage is needed`);
    return list;
  };
  const positive = (key: string, fallback?: number): number => {
    const ms = duration(key, fallback);
    return asPositiveDurationMs(ms, `${where}.${key}`);
  };
  const base: ScenarioBase = {
    name,
    startTimeMs: duration('startTime', 0),
    gracefulStopMs: executor === 'externally-controlled' ? 0 : duration('gracefulStop', 30_000),
    exec: raw['exec'] === undefined ? 'default' : asString(raw['exec'], `${where}.exec`),
    env: raw['env'] === undefined ? {} : asStringMap(raw['env'], `${where}.env`),
    tags: raw['tags'] === undefined ? {} : asStringMap(raw['tags'], `${where}.tags`),
  };
  switch (executor) {
    case 'shared-iterations': {
      const vus = integer('vus', 1, 1);
      const iterations = integer('iterations', 1, 1);
      if (iterations < vus)
        throw invalid(`${where}: ${iterations} iterations cannot be shared by ${vus} VUs; iterations must be at least vus`);
      return { ...base, executor, vus, iterations, maxDurationMs: positive('maxDuration', 600_000) };
    }
    case 'per-vu-iterations':
      return {
        ...base,
        executor,
        vus: integer('vus', 1, 1),
        iterations: integer('iterations', 1, 1),
        maxDurationMs: positive('maxDuration', 600_000),
      };
    case 'constant-vus':
      return { ...base, executor, vus: integer('vus', 1, 1), durationMs: positive('duration') };
    case 'ramping-vus': {
      const startVUs = integer('startVUs', 1);
      const ramp = { startVUs, stages: stages(), gracefulRampDownMs: duration('gracefulRampDown', 30_000) };
      checkRamp(startVUs, ramp.stages, where);
      return { ...base, executor, ...ramp };
    }
    case 'constant-arrival-rate': {
      const preAllocatedVUs = integer('preAllocatedVUs');
      const maxVUs = maxOf(where, preAllocatedVUs, integer('maxVUs', preAllocatedVUs));
      return {
        ...base,
        executor,
        rate: integer('rate', undefined, 1),
        timeUnitMs: positive('timeUnit', 1000),
        durationMs: positive('duration'),
        preAllocatedVUs,
        maxVUs,
      };
    }
    case 'ramping-arrival-rate': {
      const preAllocatedVUs = integer('preAllocatedVUs');
      const maxVUs = maxOf(where, preAllocatedVUs, integer('maxVUs', preAllocatedVUs));
      return {
        ...base,
        executor,
        startRate: integer('startRate', 0),
        timeUnitMs: positive('timeUnit', 1000),
        stages: stages(),
        preAllocatedVUs,
        maxVUs,
      };
    }
    default: {
      if (raw['gracefulStop'] !== undefined) throw invalid(`${where}: the executor ${executor} has no field "gracefulStop"`);
      if (raw['duration'] === undefined) throw invalid(`${where}: "duration" is missing; "0" is without end`);
      const vus = integer('vus', 0);
      return { ...base, executor, vus, maxVUs: maxOf(where, vus, integer('maxVUs', vus)), durationMs: duration('duration') };
    }
  }
}

/** @throws PL_LOAD_OPTIONS_INVALID for a ramp that never has a VU. */
export function checkRamp(startVUs: number, stages: readonly Stage[], where: string): void {
  if (startVUs < 0) throw invalid(`${where}: the VUs to start with must be zero or more, got ${startVUs}`);
  if (startVUs === 0 && stages.every(({ target }) => target === 0))
    throw invalid(`${where}: neither the start nor a stage has a VU: one of them must be more than zero`);
}

function maxOf(where: string, least: number, maxVUs: number): number {
  if (maxVUs < least) throw invalid(`${where}: maxVUs (${maxVUs}) is less than the VUs to start with (${least})`);
  return maxVUs;
}

/** The most VUs that a scenario holds at once. */
export function maxVusOf(scenario: Scenario): number {
  switch (scenario.executor) {
    case 'shared-iterations':
    case 'per-vu-iterations':
    case 'constant-vus':
      return scenario.vus;
    case 'ramping-vus':
      return Math.max(scenario.startVUs, ...scenario.stages.map((stage) => stage.target));
    default:
      return scenario.maxVUs;
  }
}

/** How long a scenario takes at most from its own start, without its graceful stop; 0 is for ever. */
export function lengthOf(scenario: Scenario): number {
  switch (scenario.executor) {
    case 'shared-iterations':
    case 'per-vu-iterations':
      return scenario.maxDurationMs;
    case 'ramping-vus':
    case 'ramping-arrival-rate':
      return scenario.stages.reduce((sum, stage) => sum + stage.durationMs, 0);
    default:
      return scenario.durationMs;
  }
}
