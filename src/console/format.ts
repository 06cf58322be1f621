/** Numbers and times as people read them. */

const whole = new Intl.NumberFormat('en');

/** `12,345`, `12.3`, `0.45`: three digits that matter, no more. */
export function count(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size >= 100 || Number.isInteger(value)) return whole.format(Math.round(value));
  return size >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** `1 task`, `4 tasks`. */
export const countOf = (value: number, noun: string): string => `${count(value)} ${noun}${value === 1 ? '' : 's'}`;

export function milliseconds(value: number | undefined): string {
  if (value === undefined) return '–';
  return value >= 10_000 ? `${(value / 1000).toFixed(1)} s` : `${count(value)} ms`;
}

export const percent = (value: number | undefined): string => (value === undefined ? '–' : `${Math.round(value)} %`);

/** `3 min 5 s`. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** Times of the region's clock. */
export function clock(ms: number): string {
  return new Date(ms).toLocaleTimeString('en-GB');
}

export function dateTime(ms: number): string {
  const date = new Date(ms);
  const pad = (value: number): string => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} ${clock(ms)}`;
}

/** AWS's JSON has epoch seconds. */
export const seconds = (value: unknown): string => (typeof value === 'number' ? dateTime(value * 1000) : '–');

export function text(value: unknown): string {
  if (value === undefined || value === null) return '–';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The name in an ARN. */
export const lastPart = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1);
