import { seededRandom, systemClock, systemRandom, type Clock, type Random } from '../base/index.ts';
import { HeadWriter } from '../http1/index.ts';
import { Descriptors } from './transport/descriptors.ts';
import type { Exchange } from './exchange.ts';
import { Sweeper } from './transport/sweeper.ts';
import type { Transport } from './transport/transport.ts';

const OUT_BYTES = 160 * 1024;

/** What all connections of a worker share. */
export class Engine {
  readonly clock: Clock;
  readonly random: Random;
  readonly sweeper: Sweeper;
  readonly descriptors = new Descriptors();
  /** Gets a line when something needs the attention of whoever runs the balancer. */
  onWarning: (line: string) => void = () => undefined;
  /**
   * Where messages are put together before they are sent in one write: cleared, filled and sent within one
   * event. When the kernel does not take it all at once, the memory stays with that write and the next
   * message gets new.
   */
  out = new HeadWriter(OUT_BYTES);
  /** For use again; `Exchange.take` is how to get one. */
  readonly freeExchanges: Exchange[] = [];

  constructor(clock: Clock = systemClock, random: Random = seededRandom(systemRandom.hex(32))) {
    this.clock = clock;
    this.random = random;
    this.sweeper = new Sweeper(clock);
  }

  /** Sends what is in `out`; as `Transport.write`. */
  flush(transport: Transport): boolean {
    const out = this.out;
    if (out.length === 0) return true;
    const sent = transport.write(out.view());
    if (sent || transport.copies === true) out.clear();
    else this.out = new HeadWriter(OUT_BYTES);
    return sent;
  }

  close(): void {
    this.sweeper.close();
  }
}
