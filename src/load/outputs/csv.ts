import { metadataTags, type Tags } from './tags.ts';

/** k6's CSV output (https://grafana.com/docs/k6/latest/results-output/real-time/csv/). */

export const timeFormats = ['unix', 'unix_milli', 'unix_micro', 'unix_nano', 'rfc3339', 'rfc3339_nano'] as const;
export type TimeFormat = (typeof timeFormats)[number];

export function csvHeader(systemTags: readonly string[]): string {
  return `metric_name,timestamp,metric_value,${[...columnsOf(systemTags), 'extra_tags', 'metadata'].join(',')}\n`;
}

/** The end of a row: one column for each system tag; the script's own tags share `extra_tags` as `a=1&b=2`. */
export function csvTags(tags: Tags, systemTags: readonly string[], metadata: Tags = []): string {
  let row = '';
  for (const column of systemTags) {
    if (metadataTags.has(column)) continue;
    row += `,${cell(tags.find(([name]) => name === column)?.[1] ?? '')}`;
  }
  const joined = (pairs: Tags): string => pairs.map(([name, text]) => `${name}=${text}`).join('&');
  const extra = tags.filter(([name]) => !systemTags.includes(name) && !metadataTags.has(name));
  const apart = [...tags.filter(([name]) => metadataTags.has(name)), ...metadata];
  return `${row},${cell(joined(extra))},${cell(joined(apart))}\n`;
}

export function csvRow(metric: string, timeMs: number, value: number, tags: string, timeFormat: TimeFormat): string {
  return `${cell(metric)},${timeText(timeMs, timeFormat)},${value.toFixed(6)}${tags}`;
}

function columnsOf(systemTags: readonly string[]): string[] {
  return systemTags.filter((name) => !metadataTags.has(name));
}

/** RFC 4180 section 2. */
function cell(text: string): string {
  return /[",\r\n]|^\s/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function timeText(timeMs: number, format: TimeFormat): string {
  const ms = Math.floor(timeMs);
  switch (format) {
    case 'unix':
      return String(Math.floor(ms / 1000));
    case 'unix_milli':
      return String(ms);
    case 'unix_micro':
      return `${ms}000`;
    case 'unix_nano':
      return `${ms}000000`;
    case 'rfc3339':
      return `${new Date(ms).toISOString().slice(0, 19)}Z`;
    default:
      return new Date(ms).toISOString();
  }
}
