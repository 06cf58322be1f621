import type { Clock, Random } from '../../base/index.ts';
import { FieldId, type HeadWriter, type RequestHead } from '../../http1/index.ts';

const digits = Buffer.from('0123456789abcdef');

/**
 * X-Amzn-Trace-Id: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-request-tracing.html
 * Without a Root a new one is made (`Root=1-<8 hex of the epoch>-<24 hex>`); with one, `Self=` is put before it.
 */
export class TraceIds {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #id = Buffer.from('1-00000000-000000000000000000000000');
  #second = -1;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** The id that was made last, as the log shows it. */
  get last(): string {
    return `Root=${this.#id.toString('latin1')}`;
  }

  write(out: HeadWriter, head: RequestHead): void {
    out.text('X-Amzn-Trace-Id: ');
    const index = head.indexOfId(FieldId['x-amzn-trace-id']);
    this.#renew();
    if (index < 0) out.text('Root=').block(this.#id);
    else this.#extend(out, head.value(index));
    out.crlf();
  }

  #extend(out: HeadWriter, value: string): void {
    const parts = value.split(';').filter((part) => part !== '' && !part.startsWith('Self='));
    out.text(parts.some((part) => part.startsWith('Root=')) ? 'Self=' : 'Root=').block(this.#id);
    for (const part of parts) out.text(';').text(part);
  }

  #renew(): void {
    const id = this.#id;
    const second = Math.floor(this.#clock.nowMs() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      id.write(second.toString(16).padStart(8, '0').slice(-8), 2, 'latin1');
    }
    for (let at = 11; at < 35; at += 8) {
      let bits = this.#random.int(0x1_0000_0000);
      for (let i = 0; i < 8; i++) {
        id[at + i] = digits[bits & 15] as number;
        bits >>>= 4;
      }
    }
  }
}
