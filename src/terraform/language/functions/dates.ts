import { unknown } from '../types.ts';
import { FunctionFault, define, text } from './spec.ts';
import type { FunctionSpec } from './spec.ts';

export const dateFunctions: Record<string, FunctionSpec> = {
  formatdate: define([text('format'), text('time')], ([format, time]) => formatDate(format, parseTime(time, 'time'))),
  plantimestamp: define([], (_, __, { scope }) => formatTime(scope.nowMs(), 0)),
  timeadd: define([text('timestamp'), text('duration')], ([timestamp, duration]) => {
    const { ms, offsetMinutes } = parseTime(timestamp, 'timestamp');
    return formatTime(ms + parseDuration(duration), offsetMinutes);
  }),
  timecmp: define([text('timestamp_a'), text('timestamp_b')], ([a, b]) =>
    Math.sign(parseTime(a, 'timestamp_a').ms - parseTime(b, 'timestamp_b').ms),
  ),
  timestamp: define([], (_, __, { scope }) => (scope.planning === true ? unknown : formatTime(scope.nowMs(), 0))),
};

interface Time {
  readonly ms: number;
  /** East of UTC. */
  readonly offsetMinutes: number;
}

/** RFC 3339 section 5.6. */
function parseTime(value: string, argument: string): Time {
  const match = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|([+-])(\d\d):(\d\d))$/.exec(value);
  const ms = match ? Date.parse(value) : Number.NaN;
  if (!match || Number.isNaN(ms)) throw new FunctionFault(`not a valid RFC3339 timestamp: cannot use ${JSON.stringify(value)}`, argument);
  const minutes = match[1] === undefined ? 0 : Number(match[2]) * 60 + Number(match[3]);
  return { ms, offsetMinutes: match[1] === '-' ? -minutes : minutes };
}

function formatTime(ms: number, offsetMinutes: number): string {
  const local = new Date(ms + offsetMinutes * 60_000).toISOString();
  const fraction = ms % 1000 === 0 ? '' : `.${local.slice(20, 23).replace(/0+$/, '')}`;
  return local.slice(0, 19) + fraction + (offsetMinutes === 0 ? 'Z' : zone(offsetMinutes, ':'));
}

function zone(offsetMinutes: number, separator: string): string {
  const size = Math.abs(offsetMinutes);
  return `${offsetMinutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}${separator}${two(size % 60)}`;
}

const two = (value: number): string => String(value).padStart(2, '0');

const units: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Go's `time.ParseDuration`: `-1h10m`, `1.5s`. */
function parseDuration(value: string): number {
  const match = /^([+-]?)((?:\d+(?:\.\d*)?(?:ns|us|µs|ms|s|m|h))+|0)$/.exec(value);
  if (!match) throw new FunctionFault(`time: invalid duration ${JSON.stringify(value)}`);
  let total = 0;
  for (const [, count, unit] of (match[2] as string).matchAll(/(\d+(?:\.\d*)?)(ns|us|µs|ms|s|m|h)/g))
    total += Number(count) * (units[unit as string] as number);
  return match[1] === '-' ? -total : total;
}

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const months = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];

/** A letter repeated is a field, text in single quotes stands for itself, as do other characters. */
function formatDate(format: string, { ms, offsetMinutes }: Time): string {
  const date = new Date(ms + offsetMinutes * 60_000);
  if (/'/.test(format.replace(/'(?:[^']|'')*'/g, ''))) throw new FunctionFault("unterminated literal '", 'format');
  return format.replace(/'((?:[^']|'')*)'|([a-zA-Z])\2*/g, (field, literal?: string) => {
    if (literal !== undefined) return literal.replaceAll("''", "'");
    const value = dateField(field, date, offsetMinutes);
    if (value === undefined) throw new FunctionFault(`invalid date format verb ${JSON.stringify(field)}`, 'format');
    return value;
  });
}

function dateField(field: string, date: Date, offsetMinutes: number): string | undefined {
  const month = months[date.getUTCMonth()] as string;
  const day = days[date.getUTCDay()] as string;
  const hour = date.getUTCHours();
  const fields: Record<string, string> = {
    YYYY: String(date.getUTCFullYear()).padStart(4, '0'),
    YY: two(date.getUTCFullYear() % 100),
    MMMM: month,
    MMM: month.slice(0, 3),
    MM: two(date.getUTCMonth() + 1),
    M: String(date.getUTCMonth() + 1),
    DD: two(date.getUTCDate()),
    D: String(date.getUTCDate()),
    EEEE: day,
    EEE: day.slice(0, 3),
    hh: two(hour),
    h: String(hour),
    HH: two(hour % 12 || 12),
    H: String(hour % 12 || 12),
    AA: hour < 12 ? 'AM' : 'PM',
    aa: hour < 12 ? 'am' : 'pm',
    mm: two(date.getUTCMinutes()),
    m: String(date.getUTCMinutes()),
    ss: two(date.getUTCSeconds()),
    s: String(date.getUTCSeconds()),
    ZZZZZ: zone(offsetMinutes, ':'),
    ZZZZ: zone(offsetMinutes, ''),
    ZZZ: offsetMinutes === 0 ? 'UTC' : zone(offsetMinutes, ''),
    Z: offsetMinutes === 0 ? 'Z' : zone(offsetMinutes, ':'),
  };
  return fields[field];
}
