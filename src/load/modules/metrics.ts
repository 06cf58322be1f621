import type { Metric, TagLookup } from '../metrics/registry.ts';
import type { MetricType } from '../metrics/sinks.ts';
import type { Vu } from '../vu/vu.ts';
import { moduleOf } from './bound.ts';

class CustomTags implements TagLookup {
  readonly #vu: Vu;
  readonly #own: Record<string, string>;

  constructor(vu: Vu, own: Record<string, string>) {
    this.#vu = vu;
    this.#own = own;
  }

  tag(name: string): string | undefined {
    return this.#own[name] ?? this.#vu.tag(name);
  }

  addNames(names: Set<string>): void {
    for (const name of Object.keys(this.#own)) names.add(name);
    this.#vu.addNames(names);
  }
}

/** Custom metrics are made in the init context and filled while the test runs. */
function metricClass(vu: Vu, type: MetricType): unknown {
  return class CustomMetric {
    readonly name: string;
    readonly #metric: Metric;

    constructor(name: string, isTime?: boolean) {
      if (vu.engine.phase !== 'init' && vu.exports !== undefined && vu.isInitialised)
        throw new Error('metrics must be declared in the init context');
      // Letters, digits and underscores, two at least: k6's own rule.
      if (!/^[a-zA-Z_][a-zA-Z0-9_]{1,127}$/.test(name))
        throw new Error(
          `Invalid metric name: '${name}'. Metric names must only include up to 128 ASCII letters, numbers, or underscores and start with a letter or an underscore.`,
        );
      const metric = vu.engine.metrics.define(name, type, isTime === true ? 'time' : 'default');
      if (!metric) throw new Error(`metric '${name}' already exists but with ${differenceOf(vu, name, type, isTime === true)}`);
      this.name = metric.name;
      this.#metric = metric;
    }

    add(value: unknown, tags?: Record<string, string>): boolean {
      vu.enter();
      const number = typeof value === 'boolean' ? Number(value) : typeof value === 'string' ? Number.parseFloat(value) : (value as number);
      if (typeof number !== 'number' || Number.isNaN(number)) {
        vu.engine.log(
          'warning',
          `'${String(value)}' is an invalid value for metric '${this.name}', a number or a boolean value is expected`,
          'metrics',
        );
        return false;
      }
      this.#metric.add(number, tags ? new CustomTags(vu, tags) : vu);
      return true;
    }
  };
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
