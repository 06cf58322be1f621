import type { LoadBalancerCounters } from './counters.ts';
import type { ClientConnection } from './client-connection.ts';
import type { Engine } from './engine.ts';
import type { Downstream, Exchange } from './exchange.ts';
import type { GroupState } from './group-state.ts';
import type { DateText } from './own-answers.ts';
import type { TraceIds } from './trace-id.ts';
import type { RequestHead } from '../http1/index.ts';
import type { LoadBalancerAttributes } from '../model/index.ts';

/** What a route resolves to at the moment. Replaced as a whole by a new snapshot. */
export interface Route {
  readonly group: GroupState;
}

/** A listener as its connections see it. */
export class Front {
  readonly engine: Engine;
  readonly date: DateText;
  readonly traces: TraceIds;
  readonly connections = new Set<ClientConnection>();
  forwardedLines: Buffer;
  counters: LoadBalancerCounters;
  /** The present routes: one assignment swaps them. */
  route: Route;
  draining = false;
  idleTimeoutMs = 60_000;
  keepAliveMs = 3_600_000;
  connectTimeoutMs = 10_000;
  desyncMode: NonNullable<LoadBalancerAttributes['desyncMode']> = 'defensive';

  constructor(parts: { engine: Engine; date: DateText; traces: TraceIds; counters: LoadBalancerCounters; route: Route; port: number }) {
    this.engine = parts.engine;
    this.date = parts.date;
    this.traces = parts.traces;
    this.counters = parts.counters;
    this.route = parts.route;
    this.forwardedLines = Buffer.from(`X-Forwarded-Proto: http\r\nX-Forwarded-Port: ${parts.port}\r\n`);
  }

  configure(attributes: LoadBalancerAttributes): void {
    this.idleTimeoutMs = attributes.idleTimeoutMs ?? 60_000;
    this.keepAliveMs = attributes.clientKeepAliveMs ?? 3_600_000;
    this.connectTimeoutMs = attributes.connectTimeoutMs ?? 10_000;
    this.desyncMode = attributes.desyncMode ?? 'defensive';
  }

  onOpen(connection: ClientConnection): void {
    this.connections.add(connection);
    this.engine.sweeper.add(connection);
    this.counters.newConnectionCount++;
    this.counters.activeConnectionCount++;
  }

  onClosed(connection: ClientConnection): void {
    if (!this.connections.delete(connection)) return;
    this.engine.sweeper.delete(connection);
    this.counters.activeConnectionCount--;
  }

  /** An exchange for this request, by the routes of this moment. */
  begin(head: RequestHead, downstream: Downstream): Exchange {
    const exchange = this.engine.takeExchange();
    exchange.downstream = downstream;
    exchange.counters = this.counters;
    exchange.group = this.route.group;
    exchange.method = head.method;
    exchange.replayable = true;
    exchange.closeUpstream = false;
    exchange.upgrade = false;
    exchange.idleTimeoutMs = this.idleTimeoutMs;
    exchange.connectTimeoutMs = this.connectTimeoutMs;
    return exchange;
  }

  /** Closes idle connections; the others end after their present answer. */
  drain(): void {
    this.draining = true;
    for (const connection of this.connections) connection.drain();
  }
}
