import { request as requestHttp } from 'node:http';
import { request as requestHttps, type RequestOptions } from 'node:https';
import { errorMessage, systemClock, type Timer } from '../../base/index.ts';
import type { OutputContext } from './output.ts';

export interface PushTarget {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Options of the TLS connection: certificates, whether to verify. */
  readonly tls: Pick<RequestOptions, 'rejectUnauthorized' | 'cert' | 'key' | 'ca' | 'minVersion'>;
  readonly timeoutMs: number;
}

/** Posts and resolves to the status; rejects when there was no answer in time. */
function post(target: PushTarget, body: Buffer): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const send = target.url.startsWith('https:') ? requestHttps : requestHttp;
    const options = {
      method: 'POST',
      headers: { ...target.headers, 'Content-Length': body.length },
      timeout: target.timeoutMs,
      ...target.tls,
    };
    const request = send(target.url, options, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text = (text + chunk.toString()).slice(0, 500)));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.on('error', reject);
    });
    request.on('timeout', () => request.destroy(new Error(`no answer within ${target.timeoutMs} ms`)));
    request.on('error', reject);
    request.end(body);
  });
}

/** Sends what `make` gives at an interval and once more at the end; one request at a time. A failure is a warning: the test goes on. */
export class Pusher {
  readonly #target: PushTarget;
  readonly #make: () => Buffer | undefined;
  readonly #warn: OutputContext['warn'];
  #ticker: Timer | undefined;
  #pending: Promise<void> | undefined;
  #warned = '';

  constructor(target: PushTarget, make: () => Buffer | undefined, warn: OutputContext['warn']) {
    this.#target = target;
    this.#make = make;
    this.#warn = warn;
  }

  start(intervalMs: number): void {
    this.#ticker = systemClock.every(intervalMs, () => {
      // Samples keep adding up while a slow receiver takes its time.
      if (!this.#pending) void this.push();
    });
  }

  /** Sends what there is, after what is under way. */
  async push(): Promise<void> {
    await this.#pending;
    const body = this.#make();
    if (!body) return;
    this.#pending = this.#send(body);
    await this.#pending;
    this.#pending = undefined;
  }

  stop(): void {
    this.#ticker?.cancel();
    this.#ticker = undefined;
  }

  async #send(body: Buffer): Promise<void> {
    let problem = '';
    try {
      const { status, text } = await post(this.#target, body);
      if (status < 200 || status > 299) problem = `status ${status}${text === '' ? '' : `: ${text.trim()}`}`;
    } catch (error) {
      problem = errorMessage(error);
    }
    // One warning for each kind of failure, not one every few seconds.
    if (problem !== '' && problem !== this.#warned) this.#warn(`${this.#target.url}: metrics were not taken: ${problem}`);
    this.#warned = problem;
  }
}
