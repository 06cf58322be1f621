/**
 * Points in time as this service speaks them: ISO 8601, naive, in UTC, with six digits of a fraction or none
 * (`2026-11-21T00:33:26.097980`, `2026-11-21T00:00:00`), which is what Python's `datetime.isoformat` writes.
 */

const pattern = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?:(Z)|([+-])(\d\d)(?::?(\d\d))?)?)?$/i;

const minMs = Date.parse('0001-01-01T00:00:00Z');
const maxMs = Date.parse('9999-12-31T23:59:59.999Z');

/**
 * Reads an ISO 8601 date or date and time; `Z` or an offset is converted to UTC, without either it is UTC already.
 * Digits beyond microseconds are cut off.
 *
 * @returns the naive UTC form, or undefined if the text is no such time or lies outside the years 1 to 9999.
 */
export function parseTimestamp(text: string): string | undefined {
  const match = pattern.exec(text);
  if (!match) return undefined;
  const [year, month, day, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((digits) => (digits === undefined ? 0 : Number(digits)));
  const offsetHours = Number(match[10] ?? 0);
  const offsetMinutes = Number(match[11] ?? 0);
  if (hour > 23 || minute > 59 || second > 59 || offsetHours > 23 || offsetMinutes > 59) return undefined;

  const date = new Date(0);
  date.setUTCFullYear(year as number, (month as number) - 1, day);
  // A day that the month does not have has rolled over into another.
  if (date.getUTCMonth() !== (month as number) - 1 || date.getUTCDate() !== day) return undefined;
  date.setUTCHours(hour, minute, second);
  const eastOfUtc = match[9] === '-' ? -1 : 1;
  const utcMs = date.getTime() - eastOfUtc * (offsetHours * 60 + offsetMinutes) * 60_000;
  if (utcMs < minMs || utcMs > maxMs) return undefined;

  const microseconds = (match[7] ?? '').slice(0, 6).padEnd(6, '0');
  return new Date(utcMs).toISOString().slice(0, 19) + (microseconds === '000000' ? '' : `.${microseconds}`);
}

/** From PostgreSQL's ISO output, which has a space and drops the fraction's last zeros: `2026-11-21 00:33:26.09798`. */
export function fromPostgres(text: string): string {
  const date = text.slice(0, 10);
  const time = text.slice(11);
  return time.length === 8 ? `${date}T${time}` : `${date}T${time.padEnd(15, '0')}`;
}
