import { lookup as systemLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { isIP } from 'node:net';
import { monotonicMs } from '../../base/index.ts';

/** k6's default `dns.ttl`. */
const TTL_MS = 300_000;

interface Entry {
  readonly addresses: LookupAddress[];
  readonly untilMs: number;
}

const entries = new Map<string, Entry>();
const waiting = new Map<string, ((error: Error | null, addresses: LookupAddress[]) => void)[]>();

type LookupCallback = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;

/** `dns.lookup` for sockets, asked once per name for all VUs; IPv4 is preferred, as k6 does by default. */
export function lookupCached(host: string, options: LookupOptions, callback: LookupCallback): void {
  const answer = (error: Error | null, addresses: LookupAddress[]): void => {
    const [first] = addresses;
    if (error || !first) callback(error ?? new Error(`no address for ${host}`), options.all === true ? [] : '');
    else if (options.all === true) callback(null, addresses);
    else callback(null, first.address, first.family);
  };
  const family = isIP(host);
  if (family !== 0) {
    answer(null, [{ address: host, family }]);
    return;
  }
  const known = entries.get(host);
  if (known && known.untilMs > monotonicMs()) {
    answer(null, known.addresses);
    return;
  }
  const others = waiting.get(host);
  if (others) {
    others.push(answer);
    return;
  }
  waiting.set(host, [answer]);
  systemLookup(host, { all: true, order: 'ipv4first' }, (error, addresses) => {
    const list = waiting.get(host) ?? [];
    waiting.delete(host);
    if (!error) entries.set(host, { addresses: addresses.slice(0, 1), untilMs: monotonicMs() + TTL_MS });
    for (const each of list) each(error, addresses);
  });
}
