import { systemClock } from '../../base/index.ts';
import { Metric, type CreateMetric, type TagLookup } from '../metrics/registry.ts';
import { createSink, type MetricType, type Sink, type SinkData, type ValueType } from '../metrics/sinks.ts';
import { csvRow, csvTags, type TimeFormat } from './csv.ts';
import { jsonPoint, jsonTags } from './json.ts';
import { defaultSystemTags, metadataTags, type Tags } from './tags.ts';

/** What a load process is to write down of every sample, besides counting it. Nothing of this exists in a run without such an output. */
export interface Recording {
  /** Lines of k6's JSON output. */
  readonly json: boolean;
  /** Rows of k6's CSV output. */
  readonly csv: TimeFormat | undefined;
  /** Sums per metric and set of tags, for time series databases. */
  readonly series: boolean;
  /** Bytes of each answer's content too, which k6 does not measure: for statistics by request. */
  readonly contentSize: boolean;
}

export interface MetricInfo {
  readonly name: string;
  readonly metricType: MetricType;
  readonly contains: ValueType;
}

export interface SeriesDelta extends MetricInfo {
  readonly tags: Tags;
  readonly data: SinkData;
}

/** What was recorded since the last batch. */
export interface SampleBatch {
  readonly json: string;
  readonly csv: string;
  /** Metrics that have their first samples in this batch. */
  readonly metrics: readonly MetricInfo[];
  readonly series: readonly SeriesDelta[];
  /** Samples that found no room among the series. */
  readonly lost: number;
}

/** The metric of `Recording.contentSize`. */
export const contentSizeName = 'http_res_content_size';
/** More series than this make a database suffer before they tell anyone anything. */
const SERIES_MAX = 20_000;
/** Text that waits for the next report is handed over early when there is this much. */
const TEXT_MAX_CHARS = 1 << 20;

interface Series extends MetricInfo {
  readonly tags: Tags;
  readonly sink: Sink;
}

/** Tags of a sample, and their text in each output. */
interface Labels {
  readonly subject: object | undefined;
  readonly tags: Tags;
  readonly jsonText: string;
  readonly csvText: string;
}

/** The recording side of outputs, in each load process. */
export class Recorder {
  systemTags: readonly string[] = defaultSystemTags;
  readonly #recording: Recording;
  readonly #send: (batch: SampleBatch) => void;
  #json = '';
  #csv = '';
  readonly #known = new Set<string>();
  #fresh: MetricInfo[] = [];
  readonly #series = new Map<string, Series>();
  #lost = 0;
  #last: Labels | undefined;
  readonly #names = new Set<string>();

  constructor(recording: Recording, send: (batch: SampleBatch) => void) {
    this.#recording = recording;
    this.#send = send;
  }

  /** For a MetricRegistry: metrics that record their samples. */
  readonly create: CreateMetric = (name, type, contains) => new RecordedMetric(name, type, contains, this);

  /** A metric that is in recordings only, not in the summary. */
  contentSize(): Metric | undefined {
    return this.#recording.contentSize ? this.create(contentSizeName, 'counter', 'data') : undefined;
  }

  record(metric: Metric, value: number, lookup: TagLookup): void {
    const { json, csv, series } = this.#recording;
    if (!this.#known.has(metric.name)) {
      this.#known.add(metric.name);
      this.#fresh.push({ name: metric.name, metricType: metric.type, contains: metric.contains });
    }
    const { tags, jsonText, csvText } = this.#labels(lookup);
    const nowMs = systemClock.nowMs();
    if (json) this.#json += jsonPoint(metric.name, nowMs, value, jsonText);
    if (csv !== undefined) this.#csv += csvRow(metric.name, nowMs, value, csvText, csv);
    if (series) this.#addToSeries(metric, value, tags);
    if (this.#json.length + this.#csv.length > TEXT_MAX_CHARS) this.flush();
  }

  flush(): void {
    const series: SeriesDelta[] = [];
    for (const { sink, ...info } of this.#series.values()) {
      const data = sink.take();
      if (data) series.push({ ...info, data });
    }
    if (this.#json === '' && this.#csv === '' && series.length === 0) return;
    this.#send({ json: this.#json, csv: this.#csv, metrics: this.#fresh, series, lost: this.#lost });
    this.#json = this.#csv = '';
    this.#fresh = [];
    this.#lost = 0;
  }

  #addToSeries(metric: Metric, value: number, tags: Tags): void {
    const indexed = tags.filter(([name]) => !metadataTags.has(name));
    const key = seriesKey(metric.name, indexed);
    let series = this.#series.get(key);
    if (!series) {
      if (this.#series.size >= SERIES_MAX) {
        this.#lost++;
        return;
      }
      series = { name: metric.name, metricType: metric.type, contains: metric.contains, tags: indexed, sink: createSink(metric.type) };
      this.#series.set(key, series);
    }
    series.sink.add(value);
  }

  /** The samples of one request follow each other and have the same tags. */
  #labels(lookup: TagLookup): Labels {
    const subject = lookup.subject?.();
    const last = this.#last;
    if (last && subject !== undefined && last.subject === subject) return last;
    const { json, csv } = this.#recording;
    const tags = this.#tagsOf(lookup);
    const metadata = Object.entries(lookup.metadata?.() ?? {});
    this.#last = {
      subject,
      tags,
      jsonText: json ? jsonTags(tags, metadata) : '',
      csvText: csv === undefined ? '' : csvTags(tags, this.systemTags, metadata),
    };
    return this.#last;
  }

  #tagsOf(lookup: TagLookup): Tags {
    const tags: [string, string][] = [];
    for (const name of this.systemTags) {
      const value = lookup.tag(name);
      if (value !== undefined) tags.push([name, value]);
    }
    const names = this.#names;
    names.clear();
    lookup.addNames?.(names);
    for (const name of names) {
      const value = this.systemTags.includes(name) ? undefined : lookup.tag(name);
      if (value !== undefined) tags.push([name, value]);
    }
    return tags;
  }
}

export function seriesKey(name: string, tags: Tags): string {
  let key = name;
  for (const [tag, value] of tags) key += `\u0000${tag}\u0001${value}`;
  return key;
}

class RecordedMetric extends Metric {
  readonly #recorder: Recorder;

  constructor(name: string, type: MetricType, contains: ValueType, recorder: Recorder) {
    super(name, type, contains);
    this.#recorder = recorder;
  }

  override get needsTags(): boolean {
    return true;
  }

  override add(value: number, tags: TagLookup): void {
    super.add(value, tags);
    this.#recorder.record(this, value, tags);
  }
}
