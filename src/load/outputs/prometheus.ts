import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import { compress } from 'snappyjs';
import { systemClock } from '../../base/index.ts';
import { aggregateOf } from '../metrics/thresholds.ts';
import { CounterSink, GaugeSink, RateSink, TrendSink } from '../metrics/sinks.ts';
import { badOutput, envDurationMs, envFlag, refuseSettings, type Output, type OutputContext } from './output.ts';
import { Pusher, type PushTarget } from './push.ts';
import { SeriesStore, type Series } from './series.ts';

/**
 * `--out experimental-prometheus-rw`: Prometheus remote write 1.0 (https://prometheus.io/docs/specs/prw/remote_write_spec/)
 * with k6's names and settings (https://grafana.com/docs/k6/latest/results-output/real-time/prometheus-remote-write/).
 */

// A double goes over the wire as 8 bytes like a fixed64, and only as bits does the stale marker keep its NaN.
const { root } = protobuf.parse(`syntax = "proto3";
  message WriteRequest { repeated TimeSeries timeseries = 1; }
  message TimeSeries { repeated Label labels = 1; repeated Sample samples = 2; }
  message Label { string name = 1; string value = 2; }
  message Sample { fixed64 value = 1; int64 timestamp = 2; }`);
const WriteRequest = root.lookupType('WriteRequest');

interface Bits {
  low: number;
  high: number;
  unsigned: boolean;
}

interface PromSeries {
  labels: { name: string; value: string }[];
  samples: { value: Bits; timestamp: number }[];
}

/** The NaN that says "this series has ended" (remote write specification, section "Stale Markers"). */
const STALE: Bits = { low: 2, high: 0x7ff00000, unsigned: true };

const TIMEOUT_MS = 5000;
const statPattern = /^(?:avg|min|max|med|count|sum|p\(\d+(?:\.\d+)?\))$/;

export function prometheusOutput(argument: string, context: OutputContext): Output {
  const { env } = context;
  const target = targetOf(argument, env);
  const stats = (env['K6_PROMETHEUS_RW_TREND_STATS'] ?? 'p(99)').split(',').map((stat) => stat.trim());
  for (const stat of stats)
    if (!statPattern.test(stat)) throw badOutput(`unknown statistic ${JSON.stringify(stat)}`, 'K6_PROMETHEUS_RW_TREND_STATS');
  const intervalMs = envDurationMs(env, 'K6_PROMETHEUS_RW_PUSH_INTERVAL', 5000);
  const marksStale = envFlag(env, 'K6_PROMETHEUS_RW_STALE_MARKERS');
  const store = new SeriesStore();
  const make = (): Buffer | undefined => encode(store.takeChanged().flatMap((series) => toProm(series, stats, systemClock.nowMs())));
  const pusher = new Pusher(target, make, context.warn);
  return {
    description: `Prometheus remote write (${target.url})`,
    begin: () => pusher.start(intervalMs),
    samples: ({ series }) => store.add(series),
    async end() {
      pusher.stop();
      await pusher.push();
      if (!marksStale) return;
      const ends = [...store.all()].flatMap((series) => toProm(series, stats, systemClock.nowMs() + 1));
      for (const { samples } of ends) for (const sample of samples) sample.value = STALE;
      const last = new Pusher(target, () => encode(ends), context.warn);
      await last.push();
    },
    close: () => pusher.stop(),
  };
}

function targetOf(argument: string, env: OutputContext['env']): PushTarget {
  refuseSettings(env, {
    K6_PROMETHEUS_RW_TREND_AS_NATIVE_HISTOGRAM: 'trends are sent as the statistics of K6_PROMETHEUS_RW_TREND_STATS',
    K6_PROMETHEUS_RW_SIGV4_REGION: 'requests are not signed',
    K6_PROMETHEUS_RW_SIGV4_ACCESS_KEY: 'requests are not signed',
  });
  const url = argument !== '' ? argument : (env['K6_PROMETHEUS_RW_SERVER_URL'] ?? 'http://localhost:9090/api/v1/write');
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) throw badOutput(`not the URL of a remote write endpoint: ${JSON.stringify(url)}`);
  const file = (name: string): Buffer | undefined => (env[name] ? readFileSync(env[name]) : undefined);
  const cert = file('K6_PROMETHEUS_RW_CLIENT_CERTIFICATE');
  const key = file('K6_PROMETHEUS_RW_CLIENT_CERTIFICATE_KEY');
  return {
    url,
    headers: headersOf(env),
    tls: {
      rejectUnauthorized: !envFlag(env, 'K6_PROMETHEUS_RW_INSECURE_SKIP_TLS_VERIFY'),
      minVersion: env['K6_PROMETHEUS_RW_TLS_MINIMUM_VERSION'] === '1.2' ? 'TLSv1.2' : 'TLSv1.3',
      ...(cert && key ? { cert, key } : {}),
    },
    timeoutMs: TIMEOUT_MS,
  };
}

function headersOf(env: OutputContext['env']): Record<string, string> {
  const headers: Record<string, string> = {
    'Content-Type': 'application/x-protobuf',
    'Content-Encoding': 'snappy',
    'X-Prometheus-Remote-Write-Version': '0.1.0',
    'User-Agent': 'plimsoll',
  };
  const prefix = 'K6_PROMETHEUS_RW_HEADERS_';
  for (const [name, value] of Object.entries(env))
    if (name.startsWith(prefix) && value !== undefined) headers[name.slice(prefix.length)] = value;
  for (const pair of (env['K6_PROMETHEUS_RW_HTTP_HEADERS'] ?? '').split(',').filter(Boolean)) {
    const colon = pair.indexOf(':');
    if (colon <= 0) throw badOutput(`a header is name:value, got ${JSON.stringify(pair)}`, 'K6_PROMETHEUS_RW_HTTP_HEADERS');
    headers[pair.slice(0, colon)] = pair.slice(colon + 1);
  }
  const user = env['K6_PROMETHEUS_RW_USERNAME'];
  if (user !== undefined)
    headers['Authorization'] = `Basic ${Buffer.from(`${user}:${env['K6_PROMETHEUS_RW_PASSWORD'] ?? ''}`).toString('base64')}`;
  const token = env['K6_PROMETHEUS_RW_BEARER_TOKEN'];
  if (token) headers['Authorization'] = `Bearer ${token}`;
  return headers;
}

/** Counters get `_total`, rates `_rate`, trends a series per statistic; times are in seconds. */
function toProm(series: Series, stats: readonly string[], nowMs: number): PromSeries[] {
  const { sink, name } = series;
  const one = (suffix: string, value: number): PromSeries => ({
    labels: labelsOf(`k6_${name}${suffix}`, series),
    samples: [{ value: bitsOf(value), timestamp: Math.floor(nowMs) }],
  });
  if (sink instanceof CounterSink) return [one('_total', sink.value)];
  if (sink instanceof GaugeSink) return [one('', sink.value)];
  if (sink instanceof RateSink) return [one('_rate', sink.rate)];
  if (!(sink instanceof TrendSink)) return [];
  return stats.map((stat) => {
    const value = stat === 'sum' ? sink.histogram.sum : aggregateOf(sink, stat, 0);
    const scaled = series.contains === 'time' && stat !== 'count' ? value / 1000 : value;
    return one(`_${stat.replace(/[().]/g, '')}`, scaled);
  });
}

/** Sorted by name, as receivers demand; an empty label is no label. */
function labelsOf(name: string, { tags }: Series): PromSeries['labels'] {
  return [['__name__', name.replace(/[^\w:]/g, '_')] as const, ...tags.map(([tag, value]) => [tag.replace(/\W/g, '_'), value] as const)]
    .filter(([, value]) => value !== '')
    .map(([label, value]) => ({ name: label, value }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

const view = new DataView(new ArrayBuffer(8));

function bitsOf(value: number): Bits {
  view.setFloat64(0, value, true);
  return { low: view.getInt32(0, true), high: view.getInt32(4, true), unsigned: true };
}

function encode(timeseries: readonly PromSeries[]): Buffer | undefined {
  if (timeseries.length === 0) return undefined;
  return Buffer.from(compress(WriteRequest.encode({ timeseries }).finish()));
}
