import { lookup as systemLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { isIP } from 'node:net';
import { monotonicMs, systemRandom } from '../../base/index.ts';
import type { DnsOptions } from '../options/network.ts';

interface Entry {
  readonly addresses: readonly LookupAddress[];
  readonly untilMs: number;
  /** For `roundRobin`. */
  turn: number;
}

type LookupCallback = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;
type Waiter = (error: Error | null, entry: Entry | undefined) => void;

/** Names to addresses by the option `dns`: asked once per name for all VUs and kept for its `ttl`. */
export class Resolver {
  readonly #options: DnsOptions;
  readonly #forbidden: (address: string) => Error | undefined;
  readonly #entries = new Map<string, Entry>();
  readonly #waiting = new Map<string, Waiter[]>();

  /** `forbidden` says why no connection may go to an address. */
  constructor(options: DnsOptions, forbidden: (address: string) => Error | undefined) {
    this.#options = options;
    this.#forbidden = forbidden;
  }

  /** In the place of `dns.lookup` for sockets: one address. */
  readonly lookup = (host: string, options: LookupOptions, callback: LookupCallback): void => {
    const answer: Waiter = (error, entry) => {
      const chosen = entry && this.#choose(entry);
      const failure = error ?? (chosen ? this.#forbidden(chosen.address) : noSuchHost(host));
      if (failure || !chosen) callback(failure ?? noSuchHost(host), options.all === true ? [] : '');
      else if (options.all === true) callback(null, [chosen]);
      else callback(null, chosen.address, chosen.family);
    };
    const family = isIP(host);
    if (family !== 0) {
      answer(null, { addresses: [{ address: host, family }], untilMs: 0, turn: 0 });
      return;
    }
    const known = this.#entries.get(host);
    if (known && known.untilMs > monotonicMs()) answer(null, known);
    else this.#ask(host, answer);
  };

  /** Of a name that has no other. */
  onlyAddress(host: string): string | undefined {
    const addresses = this.#entries.get(host)?.addresses;
    return addresses?.length === 1 ? addresses[0]?.address : undefined;
  }

  #ask(host: string, waiter: Waiter): void {
    const others = this.#waiting.get(host);
    if (others) {
      others.push(waiter);
      return;
    }
    this.#waiting.set(host, [waiter]);
    systemLookup(host, { all: true, order: 'verbatim' }, (error, addresses) => {
      const list = this.#waiting.get(host) ?? [];
      this.#waiting.delete(host);
      const entry: Entry = { addresses: this.#allowed(addresses ?? []), untilMs: monotonicMs() + this.#options.ttlMs, turn: 0 };
      if (!error && entry.addresses.length > 0) this.#entries.set(host, entry);
      for (const each of list) each(error, entry);
    });
  }

  /** What the policy leaves of an answer. */
  #allowed(addresses: readonly LookupAddress[]): readonly LookupAddress[] {
    const { policy } = this.#options;
    if (policy === 'any') return addresses;
    const wanted = addresses.filter(({ family }) => family === (policy.endsWith('IPv4') ? 4 : 6));
    return wanted.length === 0 && policy.startsWith('prefer') ? addresses : wanted;
  }

  #choose(entry: Entry): LookupAddress | undefined {
    const { addresses } = entry;
    const { select } = this.#options;
    if (select === 'first' || addresses.length < 2) return addresses[0];
    return addresses[select === 'random' ? systemRandom.int(addresses.length) : entry.turn++ % addresses.length];
  }
}

function noSuchHost(host: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`lookup ${host}: no such host`), { code: 'ENOTFOUND' });
}
