import { durationMs, goDuration } from './durations.ts';
import { defaultSystemTags } from '../outputs/tags.ts';
import { defaultTrendStats, type RawOptions } from './options.ts';
import { fieldsOf, isExecutor, type ExecutorName } from './scenarios.ts';

/** Options that k6 knows, in the order in which it shows them. */
const names = [
  'paused', 'scenarios', 'executionSegment', 'executionSegmentSequence', 'noSetup', 'setupTimeout', 'noTeardown', 'teardownTimeout', 'rps',
  'dns', 'maxRedirects', 'userAgent', 'batch', 'batchPerHost', 'httpDebug', 'insecureSkipTLSVerify', 'tlsCipherSuites', 'tlsVersion', 'tlsAuth',
  'throw', 'thresholds', 'blacklistIPs', 'blockHostnames', 'hosts', 'noConnectionReuse', 'noVUConnectionReuse', 'minIterationDuration', 'ext',
  'summaryTrendStats', 'summaryTimeUnit', 'systemTags', 'tags', 'metricSamplesBufferSize', 'noCookiesReset', 'discardResponseBodies',
  'consoleOutput', 'localIPs',
] as const; // prettier-ignore

const shortcuts = new Set(['vus', 'duration', 'iterations', 'stages']);

/**
 * What `exec.test.options` shows: all options of k6, those that nobody set as null, and the short forms `vus`, `duration`,
 * `iterations` and `stages` as the scenario that they stand for
 * (https://grafana.com/docs/k6/latest/javascript-api/k6-execution/#test).
 */
export function consolidatedOptions(raw: RawOptions): Record<string, unknown> {
  const { ttl = null, select = null, policy = null } = (raw['dns'] ?? {}) as Record<string, unknown>;
  const known = {
    ...Object.fromEntries(names.map((name) => [name, asTold(name, raw[name])])),
    scenarios: scenariosOf(raw),
    dns: typeof raw['dns'] === 'string' ? raw['dns'] : { ttl, select, policy },
    summaryTrendStats: raw['summaryTrendStats'] ?? defaultTrendStats,
    systemTags: raw['systemTags'] ?? defaultSystemTags,
  };
  const others = Object.entries(raw).filter(([name]) => !(name in known) && !shortcuts.has(name));
  return { ...known, ...Object.fromEntries(others) };
}

function scenariosOf(raw: RawOptions): Record<string, unknown> {
  const given = raw['scenarios'] as Record<string, Record<string, unknown>> | undefined;
  const scenarios = given ?? { default: shortForm(raw) };
  return Object.fromEntries(
    Object.entries(scenarios).map(([name, scenario]) => {
      const { executor } = scenario;
      const own = isExecutor(executor) ? fieldsOf[executor] : [];
      const fields = ['startTime', 'gracefulStop', 'env', 'exec', 'tags', ...own];
      return [name, { executor, ...Object.fromEntries(fields.map((field) => [field, asTold(field, scenario[field])])) }];
    }),
  );
}

const spans = new Set([
  'setupTimeout', 'teardownTimeout', 'minIterationDuration', 'startTime', 'gracefulStop', 'duration', 'maxDuration', 'gracefulRampDown', 'timeUnit',
]); // prettier-ignore

/** Spans are told as Go prints them, whatever form they were given in. */
function asTold(name: string, value: unknown): unknown {
  if (name === 'stages' && Array.isArray(value))
    return (value as Record<string, unknown>[]).map((stage) => ({ ...stage, duration: asTold('duration', stage['duration']) }));
  if (!spans.has(name) || (typeof value !== 'number' && typeof value !== 'string')) return value ?? null;
  const ms = durationMs(String(value), 'ms');
  return ms === undefined ? value : goDuration(ms);
}

function shortForm({ vus, duration, iterations, stages }: RawOptions): Record<string, unknown> & { executor: ExecutorName } {
  if (iterations !== undefined) return { executor: 'shared-iterations', vus, iterations, maxDuration: duration };
  if (duration !== undefined) return { executor: 'constant-vus', vus, duration };
  if (stages !== undefined) return { executor: 'ramping-vus', startVUs: vus, stages };
  return { executor: 'per-vu-iterations' };
}
