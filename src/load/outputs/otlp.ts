import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import { systemClock } from '../../base/index.ts';
import { CounterSink, GaugeSink, RateSink, TrendSink } from '../metrics/sinks.ts';
import { badOutput, envDurationMs, envFlag, type Output, type OutputContext } from './output.ts';
import { Pusher, type PushTarget } from './push.ts';
import { SeriesStore, type Series } from './series.ts';

/**
 * `--out opentelemetry`: OTLP over HTTP (https://opentelemetry.io/docs/specs/otlp/#otlphttp), as protobuf or JSON,
 * with k6's names and settings (https://grafana.com/docs/k6/latest/results-output/real-time/opentelemetry/).
 */

/** The part of opentelemetry/proto/metrics/v1 that carries sums, gauges and histograms. */
const { root } = protobuf.parse(`syntax = "proto3";
  message ExportMetricsServiceRequest { repeated ResourceMetrics resource_metrics = 1; }
  message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message AnyValue { oneof value { string string_value = 1; } }
  message ScopeMetrics { Scope scope = 1; repeated Metric metrics = 2; }
  message Scope { string name = 1; string version = 2; }
  message Metric { string name = 1; string unit = 3; oneof data { Gauge gauge = 5; Sum sum = 7; Histogram histogram = 9; } }
  message Gauge { repeated NumberPoint data_points = 1; }
  message Sum { repeated NumberPoint data_points = 1; int32 aggregation_temporality = 2; bool is_monotonic = 3; }
  message Histogram { repeated HistogramPoint data_points = 1; int32 aggregation_temporality = 2; }
  message NumberPoint {
    fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; oneof value { double as_double = 4; sfixed64 as_int = 6; }
    repeated KeyValue attributes = 7; }
  message HistogramPoint {
    fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; fixed64 count = 4; optional double sum = 5;
    repeated fixed64 bucket_counts = 6; repeated double explicit_bounds = 7; repeated KeyValue attributes = 9;
    optional double min = 11; optional double max = 12; }`);
const Request = root.lookupType('ExportMetricsServiceRequest');

const CUMULATIVE = 2;
/** The SDK's default bounds (OpenTelemetry metrics SDK, "Explicit Bucket Histogram Aggregation"). */
const BOUNDS = [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10_000];
const TIMEOUT_MS = 10_000;

interface Attribute {
  key: string;
  value: { stringValue: string };
}

interface Times {
  startTimeUnixNano: string;
  timeUnixNano: string;
}

export function otlpOutput(context: OutputContext): Output {
  const { env } = context;
  const protocol = env['K6_OTEL_EXPORTER_PROTOCOL'] ?? 'http/protobuf';
  if (protocol !== 'http/protobuf' && protocol !== 'http/json')
    throw badOutput(`OTLP goes over http/protobuf or http/json here, not ${protocol}`, 'K6_OTEL_EXPORTER_PROTOCOL');
  const asJson = protocol === 'http/json';
  const target = targetOf(env, asJson ? 'application/json' : 'application/x-protobuf');
  const prefix = env['K6_OTEL_METRIC_PREFIX'] ?? '';
  const rateAsPair = env['K6_OTEL_SINGLE_COUNTER_FOR_RATE'] === 'false';
  const service = [
    attribute('service.name', env['K6_OTEL_SERVICE_NAME'] ?? env['OTEL_SERVICE_NAME'] ?? 'k6'),
    attribute('service.version', env['K6_OTEL_SERVICE_VERSION'] ?? '2.2.0'),
  ];
  const store = new SeriesStore();
  let startedAtMs = systemClock.nowMs();
  const make = (): Buffer | undefined => {
    const changed = store.takeChanged();
    if (changed.length === 0) return undefined;
    const times = { startTimeUnixNano: nanos(startedAtMs), timeUnixNano: nanos(systemClock.nowMs()) };
    const metrics = metricsOf(changed, prefix, times, rateAsPair);
    const message = {
      resourceMetrics: [{ resource: { attributes: service }, scopeMetrics: [{ scope: { name: 'k6', version: '' }, metrics }] }],
    };
    return Buffer.from(asJson ? JSON.stringify(message) : Request.encode(Request.fromObject(message)).finish());
  };
  const pusher = new Pusher(target, make, context.warn);
  return {
    description: `opentelemetry (${protocol}, ${target.url})`,
    begin(start) {
      startedAtMs = start.startedAtMs;
      pusher.start(envDurationMs(env, 'K6_OTEL_EXPORT_INTERVAL', 10_000));
    },
    samples: ({ series }) => store.add(series),
    async end() {
      pusher.stop();
      await pusher.push();
    },
    close: () => pusher.stop(),
  };
}

function targetOf(env: OutputContext['env'], contentType: string): PushTarget {
  const endpoint = env['K6_OTEL_HTTP_EXPORTER_ENDPOINT'] ?? 'localhost:4318';
  if (/^https?:/.test(endpoint))
    throw badOutput('the endpoint must be host and port only, without a scheme', 'K6_OTEL_HTTP_EXPORTER_ENDPOINT');
  const scheme = envFlag(env, 'K6_OTEL_HTTP_EXPORTER_INSECURE') ? 'http' : 'https';
  const file = (name: string): Buffer | undefined => (env[name] ? readFileSync(env[name]) : undefined);
  const ca = file('K6_OTEL_TLS_CERTIFICATE');
  const cert = file('K6_OTEL_TLS_CLIENT_CERTIFICATE');
  const key = file('K6_OTEL_TLS_CLIENT_KEY');
  const headers: Record<string, string> = { 'Content-Type': contentType, 'User-Agent': 'plimsoll' };
  for (const pair of (env['K6_OTEL_HEADERS'] ?? '').split(',').filter(Boolean)) {
    const equals = pair.indexOf('=');
    if (equals <= 0) throw badOutput(`a header is name=value, got ${JSON.stringify(pair)}`, 'K6_OTEL_HEADERS');
    headers[pair.slice(0, equals).trim()] = decodeURIComponent(pair.slice(equals + 1).trim());
  }
  return {
    url: `${scheme}://${endpoint}${env['K6_OTEL_HTTP_EXPORTER_URL_PATH'] ?? '/v1/metrics'}`,
    headers,
    tls: {
      rejectUnauthorized: !envFlag(env, 'K6_OTEL_TLS_INSECURE_SKIP_VERIFY'),
      ...(ca ? { ca } : {}),
      ...(cert && key ? { cert, key } : {}),
    },
    timeoutMs: TIMEOUT_MS,
  };
}

function attribute(key: string, value: string): Attribute {
  return { key, value: { stringValue: value } };
}

function nanos(ms: number): string {
  return `${Math.floor(ms)}000000`;
}

interface OtlpMetric {
  name: string;
  unit: string;
  data: 'gauge' | 'sum' | 'histogram';
  points: unknown[];
}

/** Points of one metric belong together. A rate is one counter by `condition`, or two as older k6 versions had it. As in k6 an empty tag is none. */
function metricsOf(all: readonly Series[], prefix: string, times: Times, rateAsPair: boolean): unknown[] {
  const metrics = new Map<string, OtlpMetric>();
  for (const series of all) {
    const attributes = series.tags.filter(([, value]) => value !== '').map(([key, value]) => attribute(key, value));
    const put = (suffix: string, data: OtlpMetric['data'], point: object, more: Attribute[] = []): void => {
      const name = `${prefix}${series.name}${suffix}`;
      let metric = metrics.get(name);
      if (!metric) metrics.set(name, (metric = { name, unit: unitOf(series), data, points: [] }));
      metric.points.push({ attributes: [...attributes, ...more], ...times, ...point });
    };
    const { sink } = series;
    if (sink instanceof CounterSink) put('', 'sum', { asDouble: sink.value });
    else if (sink instanceof GaugeSink) put('', 'gauge', { asDouble: sink.value });
    else if (sink instanceof TrendSink) put('', 'histogram', histogramPoint(sink));
    else if (sink instanceof RateSink && rateAsPair) {
      put('.occurred', 'sum', { asInt: String(sink.passes) });
      put('.total', 'sum', { asInt: String(sink.total) });
    } else if (sink instanceof RateSink) {
      const fails = sink.total - sink.passes;
      if (sink.passes > 0) put('.total', 'sum', { asInt: String(sink.passes) }, [attribute('condition', 'nonzero')]);
      if (fails > 0) put('.total', 'sum', { asInt: String(fails) }, [attribute('condition', 'zero')]);
    }
  }
  return [...metrics.values()].map(({ name, unit, data, points }) => {
    if (data === 'gauge') return { name, unit, gauge: { dataPoints: points } };
    if (data === 'sum') return { name, unit, sum: { dataPoints: points, aggregationTemporality: CUMULATIVE, isMonotonic: true } };
    return { name, unit, histogram: { dataPoints: points, aggregationTemporality: CUMULATIVE } };
  });
}

function histogramPoint({ histogram }: TrendSink): object {
  let before = 0;
  const counts = BOUNDS.map((bound) => {
    const atMost = histogram.countAtMost(bound);
    const count = atMost - before;
    before = atMost;
    return String(count);
  });
  return {
    count: String(histogram.count),
    sum: histogram.sum,
    min: histogram.min,
    max: histogram.max,
    explicitBounds: BOUNDS,
    bucketCounts: [...counts, String(histogram.count - before)],
  };
}

function unitOf({ contains }: Series): string {
  if (contains === 'time') return 'ms';
  return contains === 'data' ? 'By' : '';
}
