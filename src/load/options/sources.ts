import { PlimsollError } from '../../base/index.ts';
import { loadErrors } from '../errors.ts';
import { summaryModes, type RawOptions } from './options.ts';

/** Options from the command line and from `K6_*` environment variables, under the names that scripts use. */

export interface OptionSource {
  /** Name in a script's `options`. */
  readonly option: string;
  /** Long flag without the dashes. */
  readonly flag: string;
  readonly short?: string;
  readonly variable: string;
  /** `optional` is a text that may be left out. */
  readonly kind: 'text' | 'integer' | 'switch' | 'stages' | 'list' | 'optional';
  readonly help: string;
  /** All that a text may be; anything when there is none. */
  readonly values?: readonly string[];
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

export const optionSources: readonly OptionSource[] = [
  source('vus', 'integer', 'number of virtual users', 'u'),
  source('duration', 'text', 'test duration, such as 30s or 1m30s', 'd'),
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
  source('minIterationDuration', 'text', 'iterations take at least this long'),
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
  source('setupTimeout', 'text', 'limit for setup()'),
  source('teardownTimeout', 'text', 'limit for teardown()'),
  source('summaryTrendStats', 'list', 'statistics of trends, such as "avg,p(99)"'),
  source('summaryTimeUnit', 'text', 'time unit of the summary: s, ms or us'),
  {
    ...source('summaryMode', 'text', 'how much the summary says: compact, full (by scenario and group), legacy (as k6 0.4x) or disabled'),
    values: summaryModes,
  },
  source('systemTags', 'list', 'only these system tags for samples, such as "status,method,name"'),
  source('tlsVersion', 'text', 'the version of TLS to use: tls1.0, tls1.1, tls1.2 or tls1.3'),
];

/** Reads the text of a flag or variable. Throws PL_LOAD_USAGE. */
export function readOption(source: OptionSource, text: string, name: string): unknown {
  const usage = (what: string): PlimsollError => new PlimsollError(loadErrors.PL_LOAD_USAGE, { what, where: name });
  switch (source.kind) {
    case 'integer':
      if (!/^\d+$/.test(text.trim())) throw usage(`a whole number is needed, got ${JSON.stringify(text)}`);
      return Number(text);
    case 'switch':
      if (!/^(?:true|false|1|0|)$/i.test(text)) throw usage(`true or false is needed, got ${JSON.stringify(text)}`);
      return /^(?:true|1|)$/i.test(text);
    case 'stages':
      return text.split(',').map((part) => {
        const [duration, target] = part.split(':');
        if (duration === undefined || target === undefined || !/^\d+$/.test(target))
          throw usage(`a stage is duration:target, got ${JSON.stringify(part)}`);
        return { duration, target: Number(target) };
      });
    case 'list':
      return text.split(',');
    case 'text':
      if (source.values?.includes(text) === false) throw usage(`one of ${source.values.join(', ')} is needed, got ${JSON.stringify(text)}`);
      return text;
    default:
      return text;
  }
}

/** Options from `K6_VUS`, `K6_DURATION` … */
export function optionsFromEnvironment(environment: Readonly<Record<string, string | undefined>>): RawOptions {
  const options: Record<string, unknown> = {};
  for (const source of optionSources) {
    const text = environment[source.variable];
    if (text !== undefined && text !== '') options[source.option] = readOption(source, text, source.variable);
  }
  return options;
}
