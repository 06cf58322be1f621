import type { ValueType } from '../metrics/sinks.ts';

/** How k6 writes numbers in its end-of-test summary. */

/** Cut, not rounded, to so many decimals; trailing zeros go. */
function truncated(value: number, decimals: number): string {
  const factor = 10 ** decimals;
  return String(Math.trunc(value * factor) / factor);
}

export function formatDuration(ms: number, unit: '' | 's' | 'ms' | 'us' = ''): string {
  if (unit === 's') return `${(ms / 1000).toFixed(2)}s`;
  if (unit === 'ms') return `${ms.toFixed(2)}ms`;
  if (unit === 'us') return `${(ms * 1000).toFixed(2)}µs`;
  if (ms === 0) return '0s';
  if (ms < 0.001) return `${Math.trunc(ms * 1e6)}ns`;
  if (ms < 1) return `${truncated(ms * 1000, 2)}µs`;
  if (ms < 1000) return `${truncated(ms, 2)}ms`;
  const seconds = `${truncated((ms % 60_000) / 1000, ms > 60_000 ? 0 : 2)}s`;
  const minutes = Math.trunc(ms / 60_000);
  if (minutes < 1) return seconds;
  const hours = Math.trunc(minutes / 60);
  return hours < 1 ? `${minutes}m${seconds}` : `${hours}h${minutes % 60}m${seconds}`;
}

export function formatBytes(bytes: number): string {
  if (bytes < 10) return `${truncated(bytes, 2)} B`;
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = Math.floor((bytes / 1000 ** power) * 10 + 0.5) / 10;
  return `${value.toFixed(value < 10 ? 1 : 0)} ${units[power]}`;
}

export function formatPercent(fraction: number): string {
  return `${(Math.trunc(fraction * 10_000) / 100).toFixed(2)}%`;
}

export function formatNumber(value: number): string {
  return String(Number(value.toFixed(6)));
}

export function formatValue(value: number, contains: ValueType, unit: '' | 's' | 'ms' | 'us'): string {
  if (contains === 'time') return formatDuration(value, unit);
  return contains === 'data' ? formatBytes(value) : formatNumber(value);
}
