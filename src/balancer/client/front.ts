import type { Admission } from '../transport/admission.ts';
import type { LoadBalancerAttributes } from '../../model/index.ts';
import type { AccessLog, LogEntry } from '../access-log.ts';
import type { LoadBalancerCounters } from '../counters.ts';
import type { Engine } from '../engine.ts';
import { Exchange, type Downstream } from '../exchange.ts';
import type { ForwardOptions } from './forward-head.ts';
import type { DateText } from './own-answers.ts';
import type { RequestView } from '../routing/request-view.ts';
import type { ForwardRoute, Routes } from '../routing/routes.ts';
import type { TraceIds } from './trace-id.ts';
import type { Timed } from '../transport/sweeper.ts';

/** A client's connection of any protocol, as its listener manages it. */
export interface FrontConnection extends Timed {
  /**
   * Ends it when nothing is in flight, else after what is. `gently`: an idle one may send one more request, which is
   * answered with `Connection: close`, so that no request crosses the end of its connection.
   */
  drain(gently: boolean): void;
  close(): void;
}

export interface FrontParts {
  readonly engine: Engine;
  readonly date: DateText;
  readonly traces: TraceIds;
  readonly counters: LoadBalancerCounters;
  readonly loadBalancerId: string;
  readonly secure: boolean;
  readonly port: number;
}

/** A listener as its connections see it. */
export class Front implements ForwardOptions {
  readonly engine: Engine;
  readonly date: DateText;
  readonly traces: TraceIds;
  readonly counters: LoadBalancerCounters;
  readonly loadBalancerId: string;
  readonly secure: boolean;
  readonly port: number;
  readonly connections = new Set<FrontConnection>();
  /** `X-Forwarded-Proto` and `-Port` for every request that comes here. */
  readonly forwardedLines: Buffer;
  /** The present routes: one assignment swaps them. */
  routes: Routes;
  log: AccessLog | undefined;
  draining = false;
  /** Anyone where undefined. */
  admits: Admission | undefined;
  idleTimeoutMs = 60_000;
  keepAliveMs = 3_600_000;
  connectTimeoutMs = 10_000;
  desyncMode: NonNullable<LoadBalancerAttributes['desyncMode']> = 'defensive';
  xForwardedFor: NonNullable<LoadBalancerAttributes['xForwardedFor']> = 'append';
  xForwardedForClientPort = false;
  dropInvalidHeaderFields = false;
  hostPort: string | undefined;
  tlsHeaders = false;
  http2 = true;

  constructor(parts: FrontParts, routes: Routes) {
    this.engine = parts.engine;
    this.date = parts.date;
    this.traces = parts.traces;
    this.counters = parts.counters;
    this.loadBalancerId = parts.loadBalancerId;
    this.secure = parts.secure;
    this.port = parts.port;
    this.routes = routes;
    this.forwardedLines = Buffer.from(`X-Forwarded-Proto: ${parts.secure ? 'https' : 'http'}\r\nX-Forwarded-Port: ${parts.port}\r\n`);
  }

  configure(attributes: LoadBalancerAttributes, log: AccessLog | undefined, admits: Admission | undefined): void {
    this.admits = admits;
    this.idleTimeoutMs = attributes.idleTimeoutMs ?? 60_000;
    this.keepAliveMs = attributes.clientKeepAliveMs ?? 3_600_000;
    this.connectTimeoutMs = attributes.connectTimeoutMs ?? 10_000;
    this.desyncMode = attributes.desyncMode ?? 'defensive';
    this.xForwardedFor = attributes.xForwardedFor ?? 'append';
    this.xForwardedForClientPort = attributes.xForwardedForClientPort ?? false;
    this.dropInvalidHeaderFields = attributes.dropInvalidHeaderFields ?? false;
    this.http2 = attributes.http2 ?? true;
    this.tlsHeaders = attributes.tlsHeaders ?? false;
    const ownPort = this.port === 80 || this.port === 443 ? '' : `:${this.port}`;
    this.hostPort = attributes.preserveHostHeader === true ? undefined : ownPort;
    this.log = log;
  }

  onOpen(connection: FrontConnection, counted: boolean): void {
    this.connections.add(connection);
    this.engine.sweeper.add(connection);
    if (!counted) return;
    this.counters.newConnectionCount++;
    this.counters.activeConnectionCount++;
  }

  onClosed(connection: FrontConnection, counted: boolean): void {
    if (!this.connections.delete(connection)) return;
    this.engine.sweeper.delete(connection);
    if (counted) this.counters.activeConnectionCount--;
  }

  /** An exchange for a request on its route. `view` is made only when something of the request decides. */
  begin(route: ForwardRoute, method: number, downstream: Downstream, view: () => RequestView): Exchange {
    const exchange = Exchange.take(this.engine);
    exchange.downstream = downstream;
    exchange.counters = this.counters;
    exchange.group = route.group;
    exchange.method = method;
    exchange.routeFields = route.answerFields;
    exchange.secure = this.secure;
    exchange.replayable = true;
    exchange.closeUpstream = false;
    exchange.upgrade = false;
    exchange.boundTo = undefined;
    exchange.idleTimeoutMs = this.idleTimeoutMs;
    exchange.connectTimeoutMs = this.connectTimeoutMs;
    if (route.group.binds) route.group.bind(exchange, view());
    return exchange;
  }

  /** The beginning of a log line; undefined when there is no log. */
  logEntry(view: RequestView, client: string, version: string): LogEntry | undefined {
    if (this.log === undefined) return undefined;
    const scheme = this.secure ? 'https' : 'http';
    const query = view.query === '' ? '' : `?${view.query}`;
    const type = version === 'HTTP/2.0' ? 'h2' : scheme;
    const url = `${scheme}://${view.authority.includes(':') ? view.authority : `${view.authority}:${this.port}`}${view.path}${query}`;
    const userAgent = view.header('user-agent')[0] ?? '';
    return {
      ...blankEntry,
      type,
      createdMs: this.engine.clock.nowMs(),
      loadBalancerId: this.loadBalancerId,
      client,
      method: view.method,
      url,
      version,
      userAgent,
      domain: view.authority,
    };
  }

  /** Closes idle connections; the others end after their present answer. */
  drain(gently: boolean): void {
    this.draining = true;
    for (const connection of this.connections) connection.drain(gently);
  }
}

const blankEntry: LogEntry = {
  type: 'http',
  createdMs: 0,
  loadBalancerId: '',
  client: '',
  target: '',
  requestMs: -1,
  targetMs: -1,
  responseMs: -1,
  status: 0,
  targetStatus: 0,
  receivedBytes: 0,
  sentBytes: 0,
  method: '-',
  url: '-',
  version: '-',
  userAgent: '',
  cipher: '',
  protocol: '',
  targetGroupId: '',
  traceId: '',
  domain: '',
  priority: -1,
  actions: '',
  redirectUrl: '',
  reason: '',
  classification: '',
};
