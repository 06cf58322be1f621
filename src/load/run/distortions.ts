import type { Tally } from './tally.ts';

/** Arrivals that are later than this have lost their schedule. */
const LATE_START_MS = 20;

/** Errors that are this machine's, not the server's, and what to do about them. */
const limits = [
  ['ephemeral ports', 'give --local-ips more addresses, keep connections alive, or widen net.ipv4.ip_local_port_range'],
  ['too many open files', 'raise the limit of open files (ulimit -n), or use more --workers'],
] as const;

/** What in a run the generator itself, or the machine under it, may have distorted; a line each. */
export function distortionsOf(tally: Tally): string[] {
  const { reports, busy, lagMs } = tally.strain;
  const out: string[] = [];
  // A run that is short, or only starts its VUs all at once, is no reason to worry.
  if (reports >= 5 && busy / reports > 0.3)
    out.push(
      `the load generator itself was at its limit in ${Math.round((100 * busy) / reports)} % of the time (timers up to ${Math.round(lagMs)} ms late): latencies hold its own delay; use more --workers or another machine`,
    );
  for (const how of tally.lost)
    out.push(
      `${how} while it ran: its VUs began anew in another, what they had measured since the last report, about a second, is missing`,
    );
  if (tally.stuck > 0)
    out.push(
      `${tally.stuck} load process${tally.stuck === 1 ? '' : 'es'} had to be ended: the script computed on when its time was over, and kept all other VUs of the process waiting; what they had measured since their last report is missing`,
    );
  const { startDelays } = tally;
  const lateMs = startDelays.quantile(0.99);
  if (startDelays.count >= 100 && lateMs > LATE_START_MS)
    out.push(
      `1 % of the iterations began more than ${Math.round(lateMs)} ms after their time: the arrival rate was less even than asked for; use more --workers or another machine`,
    );
  for (const [error, count] of tally.errors)
    for (const [limit, advice] of limits)
      if (error.includes(limit)) out.push(`${count} requests failed on this machine's own limit: ${error}; ${advice}`);
  return out;
}
