import type { Metric } from '../metrics/registry.ts';
import type { MetricType } from '../metrics/sinks.ts';
import type { Vu } from '../vu/vu.ts';
import { isAbsent, moduleOf, textOf } from './bound.ts';
import { OwnTags, readTags } from './tags.ts';

/** How much of a value that is none a warning repeats. */
const SHOWN_MAX_CHARACTERS = 100;

/** Custom metrics are made in the init context and filled while the test runs. As in k6 `new` may be left out. */
function metricClass(vu: Vu, type: MetricType): unknown {
  return function CustomMetric(given?: unknown, isTime?: unknown): object {
    if (vu.isInitialised) throw new Error('metrics must be declared in the init context');
    const metric = define(vu, textOf(given), type, Boolean(isTime));
    const add = function (value?: unknown, tags?: unknown): boolean {
      vu.enter();
      if (!vu.isInitialised) throw new Error('Adding to metrics in the init context is not supported');
      const number = numberOf(value);
      if (Number.isNaN(number)) return refuse(vu, metric, arguments.length === 0, value);
      metric.add(number, isAbsent(tags) ? vu : new OwnTags(vu, tagsOf(metric, tags)));
      return true;
    };
    return Object.defineProperties({}, { name: { value: metric.name, enumerable: true }, add: { value: add, enumerable: true } });
  };
}

function define(vu: Vu, name: string, type: MetricType, isTime: boolean): Metric {
  // Letters, digits and underscores, two at least: k6's own rule.
  if (!/^[a-zA-Z_][a-zA-Z0-9_]{1,128}$/.test(name))
    throw new Error(
      `Invalid metric name: '${name}'. Metric names must only include up to 128 ASCII letters, numbers, or underscores and start with a letter or an underscore.`,
    );
  const metric = vu.engine.metrics.define(name, type, isTime ? 'time' : 'default');
  if (!metric) throw new Error(`metric '${name}' already exists but with ${differenceOf(vu, name, type, isTime)}`);
  return metric;
}

/** As JavaScript sees a number in it, or 1 for what is no number but true; NaN for what is nothing at all. */
function numberOf(value: unknown): number {
  if (typeof value === 'number') return value;
  if (isAbsent(value)) return Number.NaN;
  const number = Number(value);
  return number === 0 && Boolean(value) ? 1 : number;
}

function refuse(vu: Vu, { name }: Metric, isMissing: boolean, value: unknown): false {
  const what = isMissing ? `no value was provided for` : `'${shorten(String(value))}' is an invalid value for`;
  const message = `${what} metric '${name}', a number or a boolean value is expected`;
  if (vu.engine.options.throwErrors) throw new Error(message);
  vu.engine.log('warning', message, 'metrics');
  return false;
}

function shorten(text: string): string {
  const half = SHOWN_MAX_CHARACTERS / 2;
  const omitted = text.length - SHOWN_MAX_CHARACTERS;
  return omitted <= 0 ? text : `${text.slice(0, half)}... omitting ${omitted} characters ...${text.slice(-half)}`;
}

function tagsOf({ name }: Metric, tags: unknown): Readonly<Record<string, string>> {
  try {
    return readTags(tags) ?? {};
  } catch (error) {
    throw new Error(`cannot add tags for the '${name}' custom metric: ${(error as Error).message}`, { cause: error });
  }
}

function differenceOf(vu: Vu, name: string, type: MetricType, isTime: boolean): string {
  const known = vu.engine.metrics.get(name) as Metric;
  if (known.type !== type) return `type ${known.type}, instead of ${type}`;
  return `a value type ${known.contains}, instead of ${isTime ? 'time' : 'default'}`;
}

/** https://grafana.com/docs/k6/latest/javascript-api/k6-metrics/ */
export const MetricsModule = moduleOf(
  {},
  {
    Counter: (vu) => metricClass(vu, 'counter'),
    Gauge: (vu) => metricClass(vu, 'gauge'),
    Rate: (vu) => metricClass(vu, 'rate'),
    Trend: (vu) => metricClass(vu, 'trend'),
  },
);
