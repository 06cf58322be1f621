import { valuesOf, type SummaryCheck, type SummaryData } from './data.ts';
import { createSink, RateSink, type Sink, type SinkData } from '../metrics/sinks.ts';
import type { MetricRegistry } from '../metrics/registry.ts';
import type { LoadOptions } from '../options/options.ts';

/** What the summary in full says of one scenario or of one group in it. */
export interface SummaryPart {
  readonly kind: 'scenario' | 'group';
  readonly name: string;
  readonly metrics: SummaryData['metrics'];
  readonly checks: readonly SummaryCheck[];
  readonly groups: readonly SummaryPart[];
}

/** The samples of one group of one scenario, or of a whole scenario. */
class Node {
  readonly kind: SummaryPart['kind'];
  readonly name: string;
  readonly sinks = new Map<string, Sink>();
  readonly checks = new Map<string, RateSink>();
  readonly groups = new Map<string, Node>();

  constructor(kind: SummaryPart['kind'], name: string) {
    this.kind = kind;
    this.name = name;
  }

  /** `::outer::inner`, seen from the scenario. */
  at(path: string): Node {
    return path
      .split('::')
      .slice(1)
      .reduce<Node>((node, name) => keep(node.groups, name, new Node('group', name)), this);
  }
}

/**
 * Scenarios in their order, each with its groups. As in k6, a scenario counts its groups too, a group only itself;
 * a test that has only the scenario `default` has its groups at the top.
 */
export function summaryParts(metrics: MetricRegistry, options: LoadOptions, durationMs: number): SummaryPart[] {
  const scenarios = new Map(options.scenarios.map(({ name }) => [name, new Node('scenario', name)]));
  for (const metric of metrics.all())
    for (const { place, sink } of metric.places?.all() ?? []) {
      const scenario = scenarios.get(place.scenario);
      if (!scenario || sink.isEmpty) continue;
      const data = sink.peek() as SinkData;
      const nodes = place.group === '' ? [scenario] : [scenario, scenario.at(place.group)];
      for (const node of nodes) {
        if (place.check === '') keep(node.sinks, metric.name, createSink(metric.type)).merge(data);
        else keep(node.checks, place.check, new RateSink()).merge(data);
      }
    }
  const toPart = (node: Node): SummaryPart => ({
    kind: node.kind,
    name: node.name,
    metrics: metricsOf(node, metrics, options, durationMs),
    checks: [...node.checks].map(([name, { passes, total }]) => ({ name, path: name, id: '', passes, fails: total - passes })),
    groups: [...node.groups.values()].map(toPart),
  });
  const parts = [...scenarios.values()].map(toPart);
  return parts.length === 1 && parts[0]?.name === 'default' ? [...parts[0].groups] : parts;
}

/** The entry of that name, made when there is none. */
function keep<T>(entries: Map<string, T>, name: string, fresh: T): T {
  const known = entries.get(name);
  if (known) return known;
  entries.set(name, fresh);
  return fresh;
}

/** What a connection carries belongs to no group: it may be kept open over several. */
const ofConnections = new Set(['data_received', 'data_sent']);

function metricsOf(node: Node, metrics: MetricRegistry, options: LoadOptions, durationMs: number): SummaryData['metrics'] {
  const out: SummaryData['metrics'] = {};
  for (const { name, type, contains } of metrics.all()) {
    const sink = node.sinks.get(name);
    if (!sink || (node.kind === 'group' && ofConnections.has(name))) continue;
    out[name] = { type, contains, values: valuesOf(sink, options.summaryTrendStats, durationMs / 1000) };
  }
  return out;
}
