import { AsyncClient } from '../sse/async-client.ts';
import { sseMetrics } from '../sse/metrics.ts';
import { SseSession } from '../sse/session.ts';
import { eventSourceClass } from '../sse/source.ts';
import { readStreamParams } from '../sse/stream.ts';
import type { Vu } from '../vu/vu.ts';
import { moduleOf, type HostFunction } from './bound.ts';

const functions: Record<string, HostFunction> = {
  /** `open(url, [params], callback)`: blocks until the stream is over. */
  open(url: unknown, ...rest: unknown[]) {
    this.enter();
    if (this.engine.phase === 'init') throw new Error('using sse in the init context is not supported');
    const callback = rest.length > 1 ? rest[1] : rest[0];
    if (typeof callback !== 'function') throw new TypeError('last argument to sse.open must be a function');
    return new SseSession(this, String(url), readStreamParams(rest.length > 1 ? rest[0] : undefined), callback as () => unknown).result;
  },
  /** `openAsync(url, [params])`: does not wait; the client is asked for the events. */
  openAsync(url: unknown, params?: unknown) {
    this.enter();
    if (this.engine.phase === 'init') throw new Error('using sse in the init context is not supported');
    return new AsyncClient(this, String(url), params).facade;
  },
};

const Functions = moduleOf(functions, { EventSource: eventSourceClass });

/** The API of the k6 extension https://github.com/phymbert/xk6-sse, and the EventSource of browsers. */
export class SseModule extends Functions {
  constructor(vu: Vu) {
    super(vu);
    // Thresholds may name them before the first event.
    sseMetrics(vu.engine.metrics);
  }
}
