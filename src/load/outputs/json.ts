import type { ThresholdOption } from '../metrics/thresholds.ts';
import type { MetricInfo } from './recorder.ts';
import { metadataTags, type Tags } from './tags.ts';

/** k6's JSON output (https://grafana.com/docs/k6/latest/results-output/real-time/json/): one object a line. */

/** The end of a point: `"tags":{…}}}` and a line break. `metadata` are pairs that are no tags. */
export function jsonTags(tags: Tags, metadata: Tags = []): string {
  let plain = '';
  let apart = metadata.map(([name, text]) => `${JSON.stringify(name)}:${JSON.stringify(text)}`).join(',');
  for (const [name, text] of tags) {
    const pair = `${JSON.stringify(name)}:${JSON.stringify(text)}`;
    if (metadataTags.has(name)) apart += `${apart === '' ? '' : ','}${pair}`;
    else plain += `${plain === '' ? '' : ','}${pair}`;
  }
  return `"tags":{${plain}}${apart === '' ? '' : `,"metadata":{${apart}}`}}}\n`;
}

export function jsonPoint(metric: string, timeMs: number, value: number, tags: string): string {
  return `{"metric":${JSON.stringify(metric)},"type":"Point","data":{"time":"${isoTime(timeMs)}","value":${JSON.stringify(value)},${tags}`;
}

let lastMs = Number.NaN;
let lastText = '';

/** Many samples fall into one millisecond. */
function isoTime(timeMs: number): string {
  if (timeMs !== lastMs) {
    lastMs = timeMs;
    lastText = new Date(timeMs).toISOString();
  }
  return lastText;
}

/** Comes before the first point of a metric. */
export function jsonMetric(info: MetricInfo, thresholds: readonly ThresholdOption[], submetrics: readonly string[]): string {
  const { name, metricType, contains } = info;
  const parts = submetrics.map((submetric) => {
    const suffix = submetric.slice(name.length + 1, -1);
    const tags = Object.fromEntries(suffix.split(',').map((pair) => pair.split(/:(.*)/s).slice(0, 2).map(unquoted)));
    return { name: submetric, suffix, tags };
  });
  const told = thresholds.map(thresholdOf);
  const data = { name, type: metricType, contains, thresholds: told, submetrics: parts.length === 0 ? null : parts };
  return `${JSON.stringify({ type: 'Metric', data, metric: name })}\n`;
}

/** As k6 tells it: its text, unless it may end the test. */
function thresholdOf(option: ThresholdOption): ThresholdOption | object {
  if (typeof option === 'string' || option.abortOnFail !== true) return typeof option === 'string' ? option : option.threshold;
  return { threshold: option.threshold, abortOnFail: true, delayAbortEval: option.delayAbortEval ?? null };
}

function unquoted(text: string): string {
  return text.trim().replace(/^(["'])(.*)\1$/s, '$2');
}
