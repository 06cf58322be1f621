/** A line of an access log, as far as the page shows it. */
export interface AccessLogEntry {
  readonly time: string;
  readonly client: string;
  readonly request: string;
  readonly status: string;
  readonly target: string | undefined;
  readonly targetStatus: string | undefined;
  readonly targetMs: number | undefined;
  readonly reason: string | undefined;
}

/**
 * Reads a line of an Application Load Balancer's access log: fields with a space between them, texts in quotes.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html#access-log-entry-format
 */
export function entryOf(line: string): AccessLogEntry {
  const fields = (line.match(/"[^"]*"|[^ ]+/g) ?? []).map((field) => field.replace(/^"|"$/g, ''));
  const at = (index: number): string => fields[index] ?? '';
  const known = (index: number): string | undefined => (at(index) === '' || at(index) === '-' ? undefined : at(index));
  const seconds = Number(at(6));
  return {
    time: at(1),
    client: at(3),
    target: known(4),
    targetMs: at(6) === '' || !(seconds >= 0) ? undefined : Math.round(seconds * 1000),
    status: at(8),
    targetStatus: known(9),
    request: at(12),
    reason: known(24),
  };
}
