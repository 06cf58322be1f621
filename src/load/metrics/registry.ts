import { Places, type Place } from './places.ts';
import { createSink, type MetricType, type Sink, type SinkData, type ValueType } from './sinks.ts';

/** Tags of one sample, looked up by name so that most are never built. */
export interface TagLookup {
  tag(name: string): string | undefined;
  /** Adds the names of the script's own tags, for outputs that write them all. */
  addNames?(names: Set<string>): void;
  /** What outputs write beside the tags, and nothing counts by. */
  metadata?(): Readonly<Record<string, string>> | undefined;
  /** What the samples are of, when all samples of the same have the same tags. */
  subject?(): object | undefined;
}

export const noTags: TagLookup = { tag: () => undefined };

/** `name{key:value}`: the samples of a metric whose tags are all equal to those given. */
export interface Submetric {
  readonly metric: Metric;
  readonly tags: readonly (readonly [string, string])[];
  /** Of the tags, those system tags that `systemTags` leaves out: only the script itself may set them. */
  readonly ownOnly: readonly string[];
}

export class Metric {
  readonly name: string;
  readonly type: MetricType;
  readonly contains: ValueType;
  readonly sink: Sink;
  readonly submetrics: Submetric[] = [];
  /** Its samples by scenario and group; only for the summary in full. */
  places: Places | undefined = undefined;

  constructor(name: string, type: MetricType, contains: ValueType) {
    this.name = name;
    this.type = type;
    this.contains = contains;
    this.sink = createSink(type);
  }

  /** Something looks at the tags of its samples. */
  get needsTags(): boolean {
    return this.submetrics.length > 0 || this.places !== undefined;
  }

  add(value: number, tags: TagLookup): void {
    this.sink.add(value);
    this.places?.add(value, tags);
    for (const { metric, tags: wanted, ownOnly } of this.submetrics) {
      let all = true;
      for (const [key, text] of wanted) if (tags.tag(key) !== text) all = false;
      if (all && (ownOnly.length === 0 || hasOwn(tags, ownOnly))) metric.sink.add(value);
    }
  }
}

function hasOwn(tags: TagLookup, wanted: readonly string[]): boolean {
  const names = new Set<string>();
  tags.addNames?.(names);
  return wanted.every((name) => names.has(name));
}

export interface MetricDelta {
  name: string;
  metricType: MetricType;
  contains: ValueType;
  data: SinkData;
  /** The part of the metric that was measured there, in addition to the whole. */
  place?: Place;
}

/** Makes a metric that is no sub-metric. */
export type CreateMetric = (name: string, type: MetricType, contains: ValueType) => Metric;

const builtIn: readonly (readonly [string, MetricType, ValueType])[] = [
  ['checks', 'rate', 'default'],
  ['data_received', 'counter', 'data'],
  ['data_sent', 'counter', 'data'],
  ['dropped_iterations', 'counter', 'default'],
  ['group_duration', 'trend', 'time'],
  ['http_req_blocked', 'trend', 'time'],
  ['http_req_connecting', 'trend', 'time'],
  ['http_req_duration', 'trend', 'time'],
  ['http_req_failed', 'rate', 'default'],
  ['http_req_receiving', 'trend', 'time'],
  ['http_req_sending', 'trend', 'time'],
  ['http_req_tls_handshaking', 'trend', 'time'],
  ['http_req_waiting', 'trend', 'time'],
  ['http_reqs', 'counter', 'default'],
  ['iteration_duration', 'trend', 'time'],
  ['iterations', 'counter', 'default'],
  ['vus', 'gauge', 'default'],
  ['vus_max', 'gauge', 'default'],
  ['ws_connecting', 'trend', 'time'],
  ['ws_msgs_received', 'counter', 'default'],
  ['ws_msgs_sent', 'counter', 'default'],
  ['ws_ping', 'trend', 'time'],
  ['ws_session_duration', 'trend', 'time'],
  ['ws_sessions', 'counter', 'default'],
  ['grpc_req_duration', 'trend', 'time'],
  ['grpc_streams', 'counter', 'default'],
  ['grpc_streams_msgs_received', 'counter', 'default'],
  ['grpc_streams_msgs_sent', 'counter', 'default'],
];

/** All metrics of a process: in a load process what was gathered since the last report, in its parent the whole run. */
export class MetricRegistry {
  readonly #metrics = new Map<string, Metric>();
  readonly #create: CreateMetric;
  #absentTags: ReadonlySet<string> = new Set();
  #hasPlaces = false;

  constructor(create: CreateMetric = (name, type, contains) => new Metric(name, type, contains)) {
    this.#create = create;
    for (const [name, type, contains] of builtIn) this.#metrics.set(name, create(name, type, contains));
    this.submetric('http_req_duration{expected_response:true}');
  }

  /** System tags that the samples of this run do not have; called before sub-metrics are asked for. */
  leaveOut(tags: ReadonlySet<string>): void {
    this.#absentTags = tags;
    if (!tags.has('expected_response')) return;
    const name = 'http_req_duration{expected_response:true}';
    const { submetrics } = this.builtIn('http_req_duration');
    submetrics.splice(0, submetrics.length, ...submetrics.filter(({ metric }) => metric.name !== name));
    this.#metrics.delete(name);
  }

  /** From now on every metric is also counted by scenario and group. */
  countPlaces(): void {
    this.#hasPlaces = true;
    for (const metric of this.#metrics.values()) if (!metric.name.includes('{')) metric.places = new Places(metric.name, metric.type);
  }

  get(name: string): Metric | undefined {
    return this.#metrics.get(name);
  }

  /** A metric that is known to exist. */
  builtIn(name: string): Metric {
    return this.#metrics.get(name) as Metric;
  }

  all(): IterableIterator<Metric> {
    return this.#metrics.values();
  }

  /** The metric of that name, created when there is none; undefined when there is one of another kind. */
  define(name: string, type: MetricType, contains: ValueType): Metric | undefined {
    const known = this.#metrics.get(name);
    if (known) return known.type === type && known.contains === contains ? known : undefined;
    const metric = this.#create(name, type, contains);
    if (this.#hasPlaces) metric.places = new Places(name, type);
    this.#metrics.set(name, metric);
    return metric;
  }

  /** The metric or sub-metric of a threshold's name; undefined when its parent does not exist or the name is malformed. */
  submetric(name: string): Metric | undefined {
    const known = this.#metrics.get(name);
    if (known) return known;
    const match = /^([^{]+)\{(.*)\}$/s.exec(name);
    const parent = match ? this.#metrics.get(match[1] as string) : undefined;
    const tags = parseTags(match?.[2] ?? '');
    if (!parent || !tags) return undefined;
    const metric = new Metric(name, parent.type, parent.contains);
    parent.submetrics.push({ metric, tags, ownOnly: tags.map(([key]) => key).filter((key) => this.#absentTags.has(key)) });
    this.#metrics.set(name, metric);
    return metric;
  }

  take(): MetricDelta[] {
    const deltas: MetricDelta[] = [];
    for (const metric of this.#metrics.values()) {
      const { name, type: metricType, contains } = metric;
      const data = metric.sink.take();
      if (data) deltas.push({ name, metricType, contains, data });
      for (const { place, sink } of metric.places?.all() ?? []) {
        const part = sink.take();
        if (part) deltas.push({ name, metricType, contains, data: part, place });
      }
    }
    return deltas;
  }

  merge(deltas: readonly MetricDelta[]): void {
    for (const delta of deltas) {
      const metric = this.submetric(delta.name) ?? this.define(delta.name, delta.metricType, delta.contains);
      if (!metric) continue;
      if (delta.place === undefined) metric.sink.merge(delta.data);
      else (metric.places ??= new Places(metric.name, metric.type)).at(delta.place).merge(delta.data);
    }
  }
}

/** `a:b, c:"d e"` → pairs; undefined when it is not of that form. */
function parseTags(text: string): [string, string][] | undefined {
  const tags: [string, string][] = [];
  for (const part of text.split(',')) {
    if (part.trim() === '') continue;
    const colon = part.indexOf(':');
    if (colon < 0) return undefined;
    tags.push([unquote(part.slice(0, colon)), unquote(part.slice(colon + 1))]);
  }
  return tags;
}

function unquote(text: string): string {
  return text.trim().replace(/^(["'])(.*)\1$/s, '$2');
}
