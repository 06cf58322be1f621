import { systemClock } from '../../base/index.ts';
import { noTags, type MetricDelta, type TagLookup } from '../metrics/registry.ts';
import type { LoadOptions, RawOptions } from '../options/options.ts';
import type { LoadPlan, LoadProgress, LoadResult } from '../run/types.ts';
import { timeFormats, type TimeFormat } from './csv.ts';
import { badOutput, type Output, type OutputContext } from './output.ts';
import { Recorder, type Recording, type SampleBatch, type SeriesDelta } from './recorder.ts';
import { systemTagsOf } from './tags.ts';

/** Makes one kind of output from what stands behind `=`; libraries are loaded by those that need them. */
type Factory = (argument: string, context: OutputContext) => Promise<Output>;

const factories: Readonly<Record<string, Factory>> = {
  json: async (argument, context) => (await import('./files.ts')).jsonOutput(argument, context),
  csv: async (argument, context) => (await import('./files.ts')).csvOutput(argument, context),
  junit: async (argument) => (await import('./junit.ts')).junitOutput(argument),
  html: async (argument) => (await import('./html-report.ts')).htmlOutput(argument),
  'web-dashboard': async (argument, context) => (await import('./dashboard.ts')).dashboardOutput(argument, context),
  'experimental-prometheus-rw': async (argument, context) => (await import('./prometheus.ts')).prometheusOutput(argument, context),
  'prometheus-rw': async (argument, context) => (await import('./prometheus.ts')).prometheusOutput(argument, context),
  opentelemetry: async (_argument, context) => (await import('./otlp.ts')).otlpOutput(context),
  'experimental-opentelemetry': async (_argument, context) => (await import('./otlp.ts')).otlpOutput(context),
};

/** Outputs of k6 that are not here, with what to use instead. */
const absent: Readonly<Record<string, string>> = {
  cloud: 'there is no cloud; use html, web-dashboard or opentelemetry',
  influxdb: 'use opentelemetry or experimental-prometheus-rw, which InfluxDB takes',
  statsd: 'use opentelemetry',
  datadog: 'use opentelemetry',
  kafka: 'use json',
};

const seriesOutputs = new Set(['experimental-prometheus-rw', 'prometheus-rw', 'opentelemetry', 'experimental-opentelemetry']);

/** All outputs of a run. */
export class Outputs {
  readonly recording: Recording | undefined;
  readonly #outputs: readonly Output[];
  readonly #warn: OutputContext['warn'];
  #gauges: Recorder | undefined;
  #lost = 0;
  #tags: TagLookup = noTags;

  constructor(outputs: readonly Output[], recording: Recording | undefined, warn: OutputContext['warn']) {
    this.#outputs = outputs;
    this.recording = recording;
    this.#warn = warn;
  }

  get descriptions(): string[] {
    return this.#outputs.map(({ description }) => description).filter((description) => description !== '');
  }

  async begin(start: { script: string; plan: LoadPlan; options: LoadOptions; raw: RawOptions }): Promise<void> {
    const systemTags = systemTagsOf(start.raw['systemTags']);
    for (const output of this.#outputs) await output.begin?.({ ...start, systemTags, startedAtMs: systemClock.nowMs() });
    if (!this.recording) return;
    this.#gauges = new Recorder(this.recording, (batch) => this.samples(batch));
    this.#gauges.systemTags = systemTags;
    const { tags } = start.options;
    this.#tags = {
      tag: (name) => tags[name],
      addNames: (names) => {
        for (const name of Object.keys(tags)) names.add(name);
      },
    };
  }

  samples(batch: SampleBatch): void {
    this.#lost += batch.lost;
    for (const output of this.#outputs) output.samples?.(batch);
  }

  report(deltas: readonly MetricDelta[]): void {
    for (const output of this.#outputs) output.report?.(deltas);
  }

  progress(progress: LoadProgress): void {
    const gauges = this.#gauges;
    if (gauges && progress.scenarios.some(({ isDone }) => !isDone)) {
      // Only the run as a whole knows how many users there are.
      gauges.create('vus', 'gauge', 'default').add(progress.vus, this.#tags);
      gauges.create('vus_max', 'gauge', 'default').add(progress.vusMax, this.#tags);
      gauges.flush();
    }
    for (const output of this.#outputs) output.progress?.(progress);
  }

  /** A result that cannot be written down is a warning: the run itself went well. */
  async end(result: LoadResult): Promise<void> {
    if (this.#lost > 0)
      this.#warn(`${this.#lost} samples were not sent on: there are too many series; use the tag "name" or http.url for changing URLs`);
    for (const output of this.#outputs) {
      try {
        await output.end?.(result);
      } catch (error) {
        this.#warn(`${output.description}: ${(error as Error).message}`);
      }
    }
  }

  async close(): Promise<void> {
    for (const output of this.#outputs) await output.close?.();
  }
}

/** Reads `--out` values: `json=results.json`, `web-dashboard` … Throws PL_LOAD_USAGE. */
export async function openOutputs(
  specs: readonly string[],
  context: OutputContext,
  onSeries?: (series: readonly SeriesDelta[]) => void,
): Promise<Outputs> {
  const outputs: Output[] = onSeries === undefined ? [] : [{ description: '', samples: ({ series }) => onSeries(series) }];
  const kinds = new Set<string>();
  const wanted = [...specs];
  if (/^(?:true|1)$/i.test(context.env['K6_WEB_DASHBOARD'] ?? '') && !wanted.some((spec) => spec.startsWith('web-dashboard')))
    wanted.push('web-dashboard');
  for (const spec of wanted) {
    const [, kind = '', argument = ''] = /^([^=]*)=?(.*)$/s.exec(spec) ?? [];
    const make = factories[kind];
    if (!make)
      throw badOutput(`unknown output ${JSON.stringify(kind)}: ${absent[kind] ?? `there are ${Object.keys(factories).join(', ')}`}`);
    outputs.push(await make(argument, context));
    kinds.add(kind);
  }
  const series = onSeries !== undefined || [...kinds].some((kind) => seriesOutputs.has(kind));
  const needsSamples = series || kinds.has('json') || kinds.has('csv');
  const recording = {
    json: kinds.has('json'),
    csv: kinds.has('csv') ? timeFormatOf(context.env) : undefined,
    series,
    contentSize: onSeries !== undefined,
  };
  return new Outputs(outputs, needsSamples ? recording : undefined, context.warn);
}

function timeFormatOf(env: OutputContext['env']): TimeFormat {
  const text = env['K6_CSV_TIME_FORMAT'] ?? 'unix';
  const format = timeFormats.find((known) => known === text);
  if (!format) throw badOutput(`the time format is one of ${timeFormats.join(', ')}, not ${text}`, 'K6_CSV_TIME_FORMAT');
  return format;
}
