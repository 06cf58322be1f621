import { PlimsollError } from '../../base/index.ts';
import { loadErrors } from '../errors.ts';
import { durationMs } from './durations.ts';
import { mergeOptions, resolveOptions, type RawOptions } from './options.ts';

/** Options from the command line and from `K6_*` environment variables, under the names that scripts use. */

export interface OptionSource {
  /** Name in a script's `options`. */
  readonly option: string;
  /** Long flag without the dashes; what has none is a variable only. */
  readonly flag: string | undefined;
  readonly short?: string;
  readonly variable: string;
  /** `optional` is a text that may be left out, a `map` is `name:value,…`, `submetrics` may have commas within their braces. */
  readonly kind: 'text' | 'integer' | 'duration' | 'switch' | 'stages' | 'list' | 'submetrics' | 'map' | 'optional';
  readonly help: string;
}

const source = (option: string, kind: OptionSource['kind'], help: string, short?: string): OptionSource => {
  const words = option
    .replace(/TLS/, 'Tls')
    .replace(/VU(?=[A-Z])/, 'Vu')
    .replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return {
    option,
    flag: words,
    ...(short === undefined ? {} : { short }),
    variable: `K6_${words.replaceAll('-', '_').toUpperCase()}`,
    kind,
    help,
  };
};

const variableOnly = (option: string, kind: OptionSource['kind'], variable = `K6_${option.toUpperCase()}`): OptionSource => ({
  option,
  kind,
  variable,
  flag: undefined,
  help: '',
});

export const optionSources: readonly OptionSource[] = [
  source('vus', 'integer', 'number of virtual users', 'u'),
  source('duration', 'duration', 'test duration, such as 30s or 1m30s', 'd'),
  source('iterations', 'integer', 'script iterations shared among the VUs', 'i'),
  { ...source('stages', 'stages', 'add a stage as duration:target, such as 30s:50', 's'), flag: 'stage' },
  source('paused', 'switch', 'start paused; plimsoll resume begins the test (needs --address)', 'p'),
  source('rps', 'integer', 'limit of requests per second over all VUs'),
  source('userAgent', 'text', 'User-Agent of HTTP requests'),
  source('maxRedirects', 'integer', 'follow at most n redirects'),
  source('batch', 'integer', 'requests of one http.batch at the same time'),
  source('batchPerHost', 'integer', 'the same per host'),
  source('insecureSkipTLSVerify', 'switch', 'do not verify TLS certificates'),
  source('noConnectionReuse', 'switch', 'use a new connection for each request'),
  source('noVUConnectionReuse', 'switch', 'use new connections in each iteration'),
  source('minIterationDuration', 'duration', 'iterations take at least this long'),
  {
    ...source('blacklistIPs', 'list', 'refuse connections to these blocks of addresses'),
    flag: 'blacklist-ip',
    variable: 'K6_BLACKLIST_IPS',
  },
  source('blockHostnames', 'list', 'refuse connections to these names; * may stand at their beginning'),
  source('dns', 'text', 'how names are looked up, such as "ttl=5m,select=random,policy=preferIPv4"'),
  { ...source('localIPs', 'text', 'local addresses for the VUs: ranges and blocks'), flag: 'local-ips', variable: 'K6_LOCAL_IPS' },
  source('vuThreads', 'switch', 'run each VU in a thread that really blocks, even if the script can do without'),
  source('executionSegment', 'text', 'the part of the test that this instance does, from:to, such as 1/4:1/2'),
  source('executionSegmentSequence', 'text', 'where the parts of all instances begin and end, such as 0,1/4,1/2,1'),
  source('stageResults', 'switch', 'tell the results of each stage, as sub-metrics {stage:0}, {stage:1} …'),
  {
    ...source(
      'submetrics',
      'submetrics',
      'show a sub-metric, such as "http_req_duration{name:login}", without a threshold on it; can be repeated',
    ),
    flag: 'submetric',
  },
  source('abortOnRateMissed', 'optional', 'end the test when more than 1 % (=5%) of the arrivals of 5 s find no free VU'),
  source(
    'scheduleLatency',
    'switch',
    'also measure from the time when a request should have begun: http_req_scheduled_duration, iteration_start_delay',
  ),
  source('httpDebug', 'optional', 'print requests and responses; =full their bodies too'),
  source('throw', 'switch', 'failed requests throw', 'w'),
  source('discardResponseBodies', 'switch', 'do not keep response bodies'),
  source('noSetup', 'switch', 'do not run setup()'),
  source('noTeardown', 'switch', 'do not run teardown()'),
  source('noThresholds', 'switch', 'do not evaluate thresholds'),
  source('noCookiesReset', 'switch', 'keep cookies between iterations'),
  source('setupTimeout', 'duration', 'limit for setup()'),
  source('teardownTimeout', 'duration', 'limit for teardown()'),
  source('summaryTrendStats', 'list', 'statistics of trends, such as "avg,p(99)"'),
  source('summaryTimeUnit', 'text', 'time unit of the summary: s, ms or us'),
  source('summaryMode', 'text', 'how much the summary says: compact, full (by scenario and group), legacy (as k6 0.4x) or disabled'),
  source('systemTags', 'list', 'only these system tags for samples, such as "status,method,name"'),
  source('tlsVersion', 'text', 'the version of TLS to use: tls1.0, tls1.1, tls1.2 or tls1.3'),
  variableOnly('tags', 'map'),
  variableOnly('hosts', 'map'),
  variableOnly('tlsCipherSuites', 'list', 'K6_TLS_CIPHER_SUITES'),
];

/** Where a text comes from: its name, and what it is when it makes no sense. */
export interface TextPlace {
  readonly name: string;
  readonly isFlag: boolean;
}

/** As k6, which takes some variables for flags. */
const likeFlags = new Set(['summaryMode', 'summaryTrendStats', 'noThresholds']);

/** Reads the text of a flag or variable. Throws PL_LOAD_USAGE for a flag, PL_LOAD_OPTIONS_INVALID for a variable that makes no sense. */
export function readOption({ option, kind }: OptionSource, text: string, { name, isFlag }: TextPlace): unknown {
  const spec = isFlag || likeFlags.has(option) ? loadErrors.PL_LOAD_USAGE : loadErrors.PL_LOAD_OPTIONS_INVALID;
  const wrong = (what: string, cause?: unknown): PlimsollError => new PlimsollError(spec, { what, where: name, cause });
  switch (kind) {
    case 'integer':
      if (!/^[-+]?\d+$/.test(text.trim())) throw wrong(`a whole number is needed, got ${JSON.stringify(text)}`);
      return Number(text);
    case 'duration':
      return readDuration(text, isFlag ? undefined : 'ms', wrong);
    case 'switch': {
      const value = readSwitch(text);
      if (value === undefined) throw wrong(`true or false is needed, got ${JSON.stringify(text)}`);
      return value;
    }
    case 'stages':
      return text.split(',').map((part) => readStage(part, wrong));
    case 'map':
      return Object.fromEntries(text.split(',').map((pair) => readPair(pair, wrong)));
    default: {
      const value = valueOf(kind, text);
      // Alone it says nothing of which part is meant.
      if (option !== 'executionSegmentSequence') checkAlone(option, value, wrong);
      return value;
    }
  }
}

function valueOf(kind: OptionSource['kind'], text: string): string | string[] {
  if (kind === 'submetrics') return text.split(/,(?![^{]*\})/);
  if (kind !== 'list') return text;
  return text === '' ? [] : text.split(',');
}

/** `true`, `false` and their short forms in Go (https://pkg.go.dev/strconv#ParseBool); undefined is neither. */
export function readSwitch(text: string): boolean | undefined {
  if (/^(?:true|t|1)$/i.test(text)) return true;
  return /^(?:false|f|0)$/i.test(text) ? false : undefined;
}

type Wrong = (what: string, cause?: unknown) => PlimsollError;

/** As k6's flags, a span needs a unit: `-d 10` may mean anything. */
function readDuration(text: string, bare: 'ms' | undefined, wrong: Wrong): string {
  if (durationMs(text, bare) !== undefined) return text;
  const fix = durationMs(text, 'ms') === undefined ? 'such as 30s or 1m30s' : `with a unit, such as ${text}s`;
  throw wrong(`a duration ${fix} is needed, got ${JSON.stringify(text)}`);
}

function readStage(text: string, wrong: Wrong): { duration: string; target: number } {
  const [duration = '', target = ''] = text.split(':');
  if (!/^[-+]?\d+$/.test(target)) throw wrong(`a stage is duration:target, such as 30s:50, got ${JSON.stringify(text)}`);
  return { duration: readDuration(duration, undefined, wrong), target: Number(target) };
}

function readPair(text: string, wrong: Wrong): [string, string] {
  const colon = text.indexOf(':');
  if (colon <= 0) throw wrong(`a list of name:value is needed, got ${JSON.stringify(text)}`);
  return [text.slice(0, colon), text.slice(colon + 1)];
}

/** What is wrong with it whatever else the test says. */
function checkAlone(option: string, value: unknown, wrong: Wrong): void {
  try {
    resolveOptions({ [option]: value });
  } catch (error) {
    if (!(error instanceof PlimsollError)) throw error;
    throw wrong(error.message, error);
  }
}

/** Options from `K6_VUS`, `K6_DURATION` … */
export function optionsFromEnvironment(environment: Readonly<Record<string, string | undefined>>): RawOptions {
  const options: Record<string, unknown> = {};
  for (const source of optionSources) {
    const text = environment[source.variable];
    if (text !== undefined && text !== '') options[source.option] = readOption(source, text, { name: source.variable, isFlag: false });
  }
  return mergeOptions([options]);
}
