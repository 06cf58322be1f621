const unitsMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/**
 * Milliseconds of a span as Go writes it (https://pkg.go.dev/time#ParseDuration), with k6's days besides: `1m30s`, `-1.5h`, `.5s`,
 * `1d2h`. A number without a unit is milliseconds where `bare` says so; undefined is no span at all.
 */
export function durationMs(text: string, bare?: 'ms'): number | undefined {
  const [, sign = '', rest = ''] = /^([-+]?)(.*)$/s.exec(text) ?? [];
  const factor = sign === '-' ? -1 : 1;
  if (/^(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i.test(rest)) return bare === 'ms' || Number(rest) === 0 ? factor * Number(rest) : undefined;
  if (!/^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h|d))+$/.test(rest)) return undefined;
  let totalMs = 0;
  for (const [, number, unit = ''] of rest.matchAll(/([\d.]+)([^\d.]+)/g)) totalMs += Number(number) * (unitsMs[unit] ?? 0);
  return factor * totalMs;
}

/** A span as Go prints it: `1m30s`, `1.5s`, `500ms`, `100µs`. */
export function goDuration(ms: number): string {
  if (ms === 0) return '0s';
  if (ms < 1) return ms < 1e-3 ? `${digits(ms * 1e6)}ns` : `${digits(ms * 1000)}µs`;
  if (ms < 1000) return `${digits(ms)}ms`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor((ms % 3_600_000) / 60_000);
  const rest = digits((ms % 60_000) / 1000);
  return `${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${rest}s`;
}

/** Without what binary fractions add at the end. */
function digits(value: number): string {
  return String(Number(value.toFixed(9)));
}
