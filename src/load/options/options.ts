import {
  asBoolean,
  asDurationMs,
  asInteger,
  asPositiveDurationMs,
  asRecord,
  asStages,
  asString,
  asStringMap,
  invalid,
  type Stage,
} from './fields.ts';
import { parseLocalAddresses } from '../http/addresses.ts';
import { PlimsollError } from '../../base/index.ts';
import { loadErrors } from '../errors.ts';
import { checkRamp, lengthOf, maxVusOf, parseScenario, type Scenario } from './scenarios.ts';
import { readAddressBlocks, readDns, readHostPatterns, readTls, type AddressBlock, type DnsOptions, type TlsOptions } from './network.ts';
import { parseSequence, type Sequence } from '../executors/segment.ts';
import { parseThreshold, type ThresholdOption } from '../metrics/thresholds.ts';

/** How much the summary says; `disabled` is no summary and no handleSummary(). */
export type SummaryMode = (typeof summaryModes)[number];

const summaryModes = ['compact', 'full', 'legacy', 'disabled'] as const;

/** Options as k6 scripts write them, after merging `config file < script < environment < flags`. */
export type RawOptions = Readonly<Record<string, unknown>>;

/** The options of a run, checked and with k6's defaults. */
export interface LoadOptions {
  readonly scenarios: readonly Scenario[];
  readonly thresholds: Readonly<Record<string, readonly ThresholdOption[]>>;
  readonly setupTimeoutMs: number;
  readonly teardownTimeoutMs: number;
  readonly minIterationDurationMs: number;
  readonly maxRedirects: number;
  readonly batch: number;
  readonly batchPerHost: number;
  readonly userAgent: string;
  readonly noConnectionReuse: boolean;
  readonly noVUConnectionReuse: boolean;
  readonly insecureSkipTLSVerify: boolean;
  readonly discardResponseBodies: boolean;
  readonly noCookiesReset: boolean;
  readonly throwErrors: boolean;
  readonly hosts: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly summaryTrendStats: readonly string[];
  readonly summaryTimeUnit: '' | 's' | 'ms' | 'us';
  readonly summaryMode: SummaryMode;
  /** Requests a second over all VUs; 0 is without limit. */
  readonly rps: number;
  /** Local addresses, shared out over the VUs. */
  readonly localIPs: readonly string[];
  readonly tls: TlsOptions;
  readonly dns: DnsOptions;
  /** Addresses and names that no connection may go to. */
  readonly blockedAddresses: readonly AddressBlock[];
  readonly blockedHosts: readonly string[];
  /** Which part of requests and responses is printed. */
  readonly httpDebug: '' | 'headers' | 'full';
  /** The part of the test that this instance does. */
  readonly sequence: Sequence;
  /** Tag samples with the stage they were taken in, and tell the results of each. */
  readonly stageResults: boolean;
  /** With more than this share of arrivals missed the run ends; undefined is never. */
  readonly rateMissedMax: number | undefined;
  /** Sub-metrics that the summary shows besides those of thresholds: `http_req_duration{name:login}`. */
  readonly submetrics: readonly string[];
  /** Also measure from the times at which requests should have begun. */
  readonly scheduleLatency: boolean;
  /** The most VUs of the whole run. */
  readonly vusMax: number;
}

export const defaultTrendStats = ['avg', 'min', 'med', 'max', 'p(90)', 'p(95)'];

/** Options with a meaning for k6's cloud only, or for how k6 itself works inside. */
const ignored = new Set(['ext', 'cloud', 'collectors', 'vusMax', 'metricSamplesBufferSize', 'noArchiveUpload']);

/** Switches that are asked for where they matter. */
const switches = ['paused', 'noSetup', 'noTeardown', 'noThresholds', 'noUsageReport', 'linger', 'vuThreads', 'webDashboard'] as const;

const shortcuts = ['vus', 'duration', 'iterations', 'stages'];
const known = new Set([
  ...shortcuts,
  ...ignored,
  'scenarios', 'thresholds', 'localIPs', 'setupTimeout', 'teardownTimeout', 'minIterationDuration', 'maxRedirects', 'batch', 'batchPerHost', 'userAgent',
  ...switches,
  'noConnectionReuse', 'noVUConnectionReuse', 'insecureSkipTLSVerify', 'discardResponseBodies', 'noCookiesReset', 'throw', 'hosts', 'tags',
  'summaryTrendStats', 'summaryTimeUnit', 'summaryMode', 'systemTags', 'rps', 'out',
  'tlsAuth', 'tlsVersion', 'tlsCipherSuites', 'blacklistIPs', 'blockHostnames', 'dns', 'httpDebug', 'scheduleLatency', 'submetrics', 'stageResults', 'abortOnRateMissed',
  'executionSegment', 'executionSegmentSequence',
]); // prettier-ignore

export interface ResolvedOptions {
  readonly options: LoadOptions;
  readonly warnings: readonly string[];
}

/** Each says how much load there is, without need of others. */
const loads = ['duration', 'iterations', 'stages', 'scenarios'] as const;

/**
 * Merges layers, lowest first. As in k6, a layer that says how much load there is replaces all that lower ones said of it,
 * but for `vus`, which goes with any of them.
 */
export function mergeOptions(layers: readonly RawOptions[]): RawOptions {
  let merged: Record<string, unknown> = {};
  for (const layer of layers) {
    const given = Object.fromEntries(Object.entries(layer).filter(([, value]) => value !== undefined && value !== null));
    if (loads.some((name) => given[name] !== undefined)) {
      const { duration: _d, iterations: _i, stages: _s, scenarios: _c, ...rest } = merged;
      merged = rest;
    }
    merged = { ...merged, ...given };
  }
  return merged;
}

/** A script's scenarios that the command line or the environment put aside: worth a word, as in k6. */
export function replacesScenarios(layers: readonly RawOptions[]): boolean {
  const says = (layer: RawOptions, name: string): boolean => layer[name] !== undefined && layer[name] !== null;
  return layers.some(
    (layer, at) => says(layer, 'scenarios') && layers.slice(at + 1).some((higher) => loads.some((name) => says(higher, name))),
  );
}

export function resolveOptions(raw: RawOptions): ResolvedOptions {
  const warnings: string[] = [];
  for (const key of Object.keys(raw)) if (!known.has(key)) warnings.push(`the option "${key}" is unknown and has no effect`);
  const get = <T>(key: string, read: (value: unknown, name: string) => T, fallback: T): T =>
    raw[key] === undefined || raw[key] === null ? fallback : read(raw[key], key);
  get('systemTags', asTagNames, []);
  for (const name of switches) get(name, asBoolean, false);
  const unit = get('summaryTimeUnit', asString, '');
  if (unit !== '' && unit !== 's' && unit !== 'ms' && unit !== 'us')
    throw invalid(`summaryTimeUnit must be "s", "ms" or "us", got "${unit}"`);
  const scenarios = scenariosOf(raw, warnings);
  return {
    warnings,
    options: {
      scenarios,
      vusMax: maxVus(scenarios),
      localIPs: get('localIPs', (value, name) => parseLocalAddresses(asString(value, name)), []),
      thresholds: thresholdsOf(raw['thresholds']),
      setupTimeoutMs: get('setupTimeout', asPositiveDurationMs, 60_000),
      teardownTimeoutMs: get('teardownTimeout', asDurationMs, 60_000),
      minIterationDurationMs: get('minIterationDuration', asDurationMs, 0),
      maxRedirects: get('maxRedirects', asInteger, 10),
      batch: get('batch', asInteger, 20),
      batchPerHost: get('batchPerHost', asInteger, 6),
      userAgent: get('userAgent', asString, 'Grafana k6/2.2.0'),
      noConnectionReuse: get('noConnectionReuse', asBoolean, false),
      noVUConnectionReuse: get('noVUConnectionReuse', asBoolean, false),
      insecureSkipTLSVerify: get('insecureSkipTLSVerify', asBoolean, false),
      discardResponseBodies: get('discardResponseBodies', asBoolean, false),
      noCookiesReset: get('noCookiesReset', asBoolean, false),
      sequence: parseSequence(get('executionSegment', asText, ''), get('executionSegmentSequence', asText, '')),
      stageResults: get('stageResults', asBoolean, false),
      rateMissedMax: get('abortOnRateMissed', asShare, undefined),
      submetrics: get('submetrics', asSubmetrics, []),
      scheduleLatency: get('scheduleLatency', asBoolean, false),
      throwErrors: get('throw', asBoolean, false),
      hosts: get('hosts', asHosts, {}),
      tags: get('tags', asStringMap, {}),
      summaryTrendStats: get('summaryTrendStats', asTrendStats, defaultTrendStats),
      summaryTimeUnit: unit,
      summaryMode: get('summaryMode', asSummaryMode, 'compact'),
      rps: get('rps', asInteger, 0),
      tls: readTls(raw['tlsVersion'], raw['tlsCipherSuites'], raw['tlsAuth'], warnings),
      dns: readDns(raw['dns']),
      blockedAddresses: get('blacklistIPs', readAddressBlocks, []),
      blockedHosts: get('blockHostnames', readHostPatterns, []),
      httpDebug: get('httpDebug', asHttpDebug, ''),
    },
  };
}

/** `5%`, `0.05`; true is 1 %. */
function asShare(value: unknown, name: string): number | undefined {
  if (value === false) return undefined;
  const text = String(value);
  if (text === 'true') return 0.01;
  const share = text.endsWith('%') ? Number(text.slice(0, -1)) / 100 : Number(text);
  if (!(share >= 0 && share < 1) || text.trim() === '') throw invalid(`${name} must be a share such as 5%, got ${JSON.stringify(value)}`);
  return share;
}

/** A script may give a sequence as a list, too. */
function asText(value: unknown, name: string): string {
  return Array.isArray(value) ? value.join(',') : asString(value, name);
}

/** As in k6, any text but `full` stands for the heads only. */
function asHttpDebug(value: unknown, name: string): LoadOptions['httpDebug'] {
  if (value === true) return 'headers';
  const text = asString(value, name);
  if (text === '' || text === 'full') return text;
  return 'headers';
}

/** Host names have no case, and URLs come in lower case; `*` may only stand at their beginning. */
function asHosts(value: unknown, name: string): Record<string, string> {
  const hosts = Object.entries(asStringMap(value, name));
  for (const [host] of hosts) if (host.slice(1).includes('*')) throw invalid(`${name}: "${host}" has a * that is not at its beginning`);
  return Object.fromEntries(hosts.map(([host, address]) => [host.toLowerCase(), address]));
}

function asTrendStats(value: unknown, name: string): string[] {
  const list = typeof value === 'string' ? value.split(',') : value;
  if (!Array.isArray(list)) throw invalid(`${name} must be a list such as ["avg", "p(99)"]`);
  return list.map((item: unknown) => {
    const stat = String(item).trim();
    const percent = Number(/^p\((\d+(?:\.\d+)?)\)$/.exec(stat)?.[1]);
    if (!/^(?:avg|min|med|max|count)$/.test(stat) && !(percent <= 100))
      throw new PlimsollError(loadErrors.PL_LOAD_USAGE, {
        what: `${name}: "${stat}" is none of avg, min, med, max, count, p(N) with N from 0 to 100`,
      });
    return stat;
  });
}

function asTagNames(value: unknown, name: string): string[] {
  if (typeof value === 'string') return value.split(',');
  if (!Array.isArray(value)) throw invalid(`${name} must be a list of names, got ${JSON.stringify(value)}`);
  return value.map((item) => asString(item, name));
}

function asSubmetrics(value: unknown, name: string): string[] {
  if (!Array.isArray(value)) throw invalid(`${name} must be a list such as ["http_req_duration{name:login}"]`);
  return value.map((item) => {
    const text = asString(item, name);
    if (!/^\w+\{.*\S.*\}$/s.test(text)) throw invalid(`${name}: "${text}" is no sub-metric; it is metric{tag:value}`);
    return text;
  });
}

function asSummaryMode(value: unknown, name: string): SummaryMode {
  const mode = summaryModes.find((known) => known === value);
  if (mode === undefined) throw invalid(`${name} is one of ${summaryModes.join(', ')}, not ${JSON.stringify(value)}`);
  return mode;
}

function thresholdsOf(value: unknown): Record<string, ThresholdOption[]> {
  const out: Record<string, ThresholdOption[]> = {};
  if (value === undefined || value === null) return out;
  for (const [metric, list] of Object.entries(asRecord(value, 'thresholds'))) {
    const entries = (Array.isArray(list) ? list : [list]) as ThresholdOption[];
    for (const entry of entries) {
      try {
        parseThreshold(entry);
      } catch (error) {
        throw invalid(`thresholds.${metric}: ${(error as Error).message}`);
      }
    }
    out[metric] = entries;
  }
  return out;
}

/** `scenarios`, or the one scenario that the short forms `vus`, `duration`, `iterations` and `stages` stand for. */
function scenariosOf(raw: RawOptions, warnings: string[]): Scenario[] {
  refuseContradictions(raw);
  const vus = raw['vus'] === undefined ? 1 : asInteger(raw['vus'], 'vus', Number.NEGATIVE_INFINITY);
  const listed = raw['scenarios'] === undefined ? [] : Object.entries(asRecord(raw['scenarios'], 'scenarios'));
  if (listed.length > 0) {
    if (raw['vus'] !== undefined) warnings.push(`the option "vus" (${vus}) has no effect: the scenarios say how many VUs there are`);
    // As k6 lists them.
    return listed
      .map(([name, value]) => parseScenario(name, value))
      .toSorted((a, b) => a.startTimeMs - b.startTimeMs || (a.name < b.name ? -1 : 1));
  }
  const base = { name: 'default', startTimeMs: 0, gracefulStopMs: 30_000, exec: 'default', env: {}, tags: {} } as const;
  const duration = raw['duration'];
  if (raw['iterations'] !== undefined) {
    const iterations = asInteger(raw['iterations'], 'iterations', 1);
    const maxDurationMs = duration === undefined ? 600_000 : asPositiveDurationMs(duration, 'duration');
    if (iterations < vus) throw invalid(`${iterations} iterations cannot be shared by ${vus} VUs; iterations must be at least vus`);
    return [{ ...base, executor: 'shared-iterations', vus: atLeastOne(vus), iterations, maxDurationMs }];
  }
  if (duration !== undefined)
    return [{ ...base, executor: 'constant-vus', vus: atLeastOne(vus), durationMs: asPositiveDurationMs(duration, 'duration') }];
  const stages: Stage[] = raw['stages'] === undefined ? [] : asStages(raw['stages'], 'stages');
  if (stages.length > 0) {
    checkRamp(vus, stages, 'stages');
    return [{ ...base, executor: 'ramping-vus', startVUs: vus, stages, gracefulRampDownMs: 30_000 }];
  }
  for (const name of ['stages', 'scenarios'])
    if (raw[name] !== undefined) warnings.push(`the option "${name}" is empty: the script runs once`);
  if (vus !== 1) warnings.push(`the option "vus" (${vus}) has no effect without iterations, duration or stages`);
  return [{ ...base, executor: 'per-vu-iterations', vus: 1, iterations: 1, maxDurationMs: 600_000 }];
}

/** Two answers to "how much load" at one place; those of different places take precedence over each other. */
function refuseContradictions(raw: RawOptions): void {
  const isGiven = (key: string): boolean => {
    const value = raw[key];
    return value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0);
  };
  for (const [one, other] of [
    ['iterations', 'stages'],
    ['iterations', 'scenarios'],
    ['duration', 'stages'],
    ['duration', 'scenarios'],
    ['stages', 'scenarios'],
  ] as const)
    if (isGiven(one) && isGiven(other)) throw invalid(`using \`${one}\` and \`${other}\` options simultaneously is not allowed`);
}

function atLeastOne(vus: number): number {
  if (vus < 1) throw invalid('vus must be at least 1');
  return vus;
}

/** How long a run takes at most, graceful stops included. */
export function maxLengthMs(scenarios: readonly Scenario[]): number {
  return Math.max(...scenarios.map((scenario) => scenario.startTimeMs + lengthOf(scenario) + scenario.gracefulStopMs));
}

/** The most VUs that a run may hold at once, scenarios that follow each other not added up. */
export function maxVus(scenarios: readonly Scenario[]): number {
  const endOf = (scenario: Scenario): number =>
    lengthOf(scenario) === 0 ? Number.POSITIVE_INFINITY : scenario.startTimeMs + lengthOf(scenario) + scenario.gracefulStopMs;
  return Math.max(
    ...scenarios.map((at) =>
      scenarios
        .filter((other) => other.startTimeMs <= at.startTimeMs && endOf(other) > at.startTimeMs)
        .reduce((sum, other) => sum + maxVusOf(other), 0),
    ),
  );
}
