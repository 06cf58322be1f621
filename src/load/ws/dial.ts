import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import { monotonicMs } from '../../base/index.ts';
import { localAddressFor } from '../http/addresses.ts';
import type { TagLookup } from '../metrics/registry.ts';
import { isAbsent, textOf } from '../modules/bound.ts';
import { readTags } from '../modules/tags.ts';
import type { Vu } from '../vu/vu.ts';
import { dialError, SocketError } from './failures.ts';

/** What `k6/ws` and `k6/websockets` have in common: the handshake with the VU's settings, the samples, the bytes. */

/** The `params` of a connection, read. */
export interface SocketParams {
  readonly headers: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>> | undefined;
  readonly compression: boolean;
  readonly jar: CookieSource | undefined;
}

interface CookieSource {
  cookiesForURL(url: string): Readonly<Record<string, readonly string[]>>;
}

/** How the server answered the handshake. */
export interface Handshake {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface SocketEvents {
  onOpen(handshake: Handshake): void;
  /** The server answered with something else than a switch of protocols. */
  onRefused(handshake: Handshake, error: Error): void;
  onMessage(data: Buffer, isBinary: boolean): void;
  onPing(): void;
  onPong(): void;
  onError(error: Error): void;
  /** Last event; comes after a failed handshake too. */
  onClose(code: number, reason: string): void;
}

/** Handshakes that take longer are given up, as in k6. */
const HANDSHAKE_TIMEOUT_MS = 60_000;
const PROTOCOL = 'sec-websocket-protocol';
/** What stands for a close without a code. */
const NO_STATUS = 1005;
/** How much of the body of a refusal is kept. */
const REFUSAL_BODY_MAX_BYTES = 64 * 1024;

/**
 * Reads `{ headers, tags, compression, jar }`. As in k6 what is no object is none; `strict`, for `k6/websockets`, refuses what it does not
 * know, `k6/ws` has no eyes for it.
 */
export function readSocketParams(value: unknown, strict: boolean): SocketParams {
  if (isAbsent(value)) return { headers: {}, tags: undefined, compression: false, jar: undefined };
  const raw = Object(value) as Record<string, unknown>;
  const unknown = Object.keys(raw).find((name) => !['headers', 'tags', 'compression', 'jar'].includes(name));
  if (strict && unknown !== undefined) throw new Error(`unknown WebSocket's option ${unknown}`);
  const { headers, tags, compression, jar } = raw;
  const algorithm = textOf(compression).trim();
  if (algorithm !== 'deflate' && (algorithm !== '' || (strict && 'compression' in raw)))
    throw new Error(`unsupported compression algorithm '${algorithm}', supported algorithm is 'deflate'`);
  return {
    headers: textValues(headers),
    tags: readTags(tags),
    compression: algorithm === 'deflate',
    jar: typeof (jar as Partial<CookieSource> | null | undefined)?.cookiesForURL === 'function' ? (jar as CookieSource) : undefined,
  };
}

function textValues(value: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(value ?? {}).map(([name, item]) => [name, String(item)]));
}

/** Tags of the samples of one connection. */
class SocketTags implements TagLookup {
  readonly #vu: Vu;
  readonly #url: string;
  readonly #own: Readonly<Record<string, string>> | undefined;
  readonly #isNamed: boolean;
  status = 0;
  subprotocol = '';

  constructor(vu: Vu, url: string, own: Readonly<Record<string, string>> | undefined, isNamed: boolean) {
    this.#vu = vu;
    this.#url = url;
    this.#own = own;
    this.#isNamed = isNamed;
  }

  tag(name: string): string | undefined {
    if (name === 'url' || (name === 'name' && this.#isNamed)) return (this.#isNamed ? this.#own?.['name'] : undefined) ?? this.#url;
    const own = this.#own?.[name];
    if (own !== undefined) return own;
    switch (name) {
      case 'status':
        return this.status === 0 ? undefined : String(this.status);
      case 'subproto':
        return this.status === 0 ? undefined : this.subprotocol;
      default:
        return this.#vu.tag(name);
    }
  }

  addNames(names: Set<string>): void {
    for (const name of Object.keys(this.#own ?? {})) names.add(name);
    this.#vu.addNames(names);
  }

  metadata(): Readonly<Record<string, string>> | undefined {
    return this.#vu.metadata();
  }
}

/** Counts a session that could not begin, as k6 does. */
export function countFailedSession(vu: Vu, url: string, params: SocketParams): void {
  const tags = new SocketTags(vu, url, params.tags, false);
  for (const [name, value] of [
    ['ws_sessions', 1],
    ['ws_connecting', 0],
    ['ws_session_duration', 0],
  ] as const)
    // prettier-ignore
    vu.engine.metrics.builtIn(name).add(value, tags);
}

/** One connection, counted: sessions, connecting and session time, messages, pings, bytes. */
export class SocketConnection {
  readonly #vu: Vu;
  readonly #socket: WebSocket;
  readonly #tags: SocketTags;
  readonly #isBlocking: boolean;
  readonly #events: SocketEvents;
  readonly #startedAt = monotonicMs();
  #wire: Socket | undefined;
  #pings = new Map<string, number>();
  #pingCount = 0;
  #isEnded = false;
  readonly #asked: readonly string[];
  #protocol = '';
  #hasOpened = false;

  /** `isBlocking`: of `k6/ws`, whose samples have no tag `name`, and whose failed sessions have a duration. */
  constructor(vu: Vu, url: string, protocols: readonly string[], params: SocketParams, events: SocketEvents, isBlocking: boolean) {
    this.#vu = vu;
    this.#events = events;
    this.#isBlocking = isBlocking;
    this.#tags = new SocketTags(vu, url, params.tags, !isBlocking);
    const { options } = vu.engine;
    const [inHeader, headers] = protocolsIn(params.headers);
    this.#asked = [...protocols, ...inHeader];
    this.#socket = new WebSocket(url, [...this.#asked], {
      headers: {
        ...(options.userAgent === '' ? {} : { 'User-Agent': options.userAgent }),
        ...cookieHeader(vu, url, params),
        ...headers,
      },
      perMessageDeflate: params.compression,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      followRedirects: false,
      createConnection: (target: { host?: string; port?: number | string }, onConnect?: () => void) =>
        this.#connect(target, url, onConnect),
    } as ConstructorParameters<typeof WebSocket>[2]);
    this.#listen();
  }

  get protocol(): string {
    return this.#protocol;
  }

  get extensions(): string {
    return this.#socket.extensions;
  }

  get bufferedAmount(): number {
    return this.#socket.bufferedAmount;
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /** Sends and counts a message; the error, if any, is handed to `onError`. */
  send(data: string | Buffer): void {
    this.#socket.send(data, { binary: typeof data !== 'string' }, (error) => {
      if (error) this.#events.onError(error);
    });
    this.#metric('ws_msgs_sent', 1);
  }

  ping(): void {
    this.#countFrame();
    const id = String(this.#pingCount++);
    this.#pings.set(id, monotonicMs());
    this.#socket.ping(id, true, (error?: Error) => {
      if (error) this.#events.onError(error);
    });
  }

  /** A code that the protocol forbids to send (RFC 6455 section 7.4) ends the connection without one. */
  close(code: number, reason: string): void {
    this.#countFrame();
    if (code === NO_STATUS) this.#socket.close();
    else if (code === 1000 || (code > 1000 && code < 1015 && code !== 1004 && code !== 1006) || (code >= 3000 && code < 5000))
      this.#socket.close(code, reason);
    else this.terminate();
  }

  /** To `k6/websockets` pings and closes are messages too. */
  #countFrame(): void {
    if (!this.#isBlocking && this.#hasOpened) this.#metric('ws_msgs_sent', 1);
  }

  /** Ends it at once; `onClose` still comes unless the owner no longer listens. */
  terminate(): void {
    this.#end();
    this.#socket.terminate();
  }

  #connect(target: { host?: string; port?: number | string }, url: string, onConnect?: () => void): Socket {
    const { network, options } = this.#vu.engine;
    const isTls = url.startsWith('wss:');
    const host = (target.host ?? 'localhost').replace(/^\[(.*)\]$/, '$1');
    const port = Number(target.port ?? (isTls ? 443 : 80));
    const wire = network.dial({ host, port }, localAddressFor(this.#vu.id, host, options.localIPs, options.vusMax));
    this.#wire = wire;
    if (!isTls) {
      if (onConnect) wire.once('connect', onConnect);
      return wire;
    }
    const socket = network.secure(wire, host, ['http/1.1']);
    wire.once('error', (error) => socket.destroy(error));
    if (onConnect) socket.once('secureConnect', onConnect);
    return socket;
  }

  #listen(): void {
    const socket = this.#socket;
    const events = this.#events;
    let handshake: Handshake = { status: 0, headers: {}, body: '' };
    let isConnected = false;
    const connected = (): void => {
      if (isConnected) return;
      isConnected = true;
      this.#metric('ws_sessions', 1);
      this.#metric('ws_connecting', monotonicMs() - this.#startedAt);
    };
    socket.on('upgrade', (response) => {
      handshake = { status: response.statusCode ?? 101, headers: headersOf(response), body: '' };
      this.#tags.status = handshake.status;
      this.#takeProtocol(response);
    });
    socket.on('open', () => {
      this.#hasOpened = true;
      this.#tags.subprotocol = this.#protocol;
      connected();
      events.onOpen(handshake);
    });
    socket.on('unexpected-response', (request, response) => {
      this.#tags.status = response.statusCode ?? 0;
      connected();
      void bodyOf(response).then((body) => {
        events.onRefused({ status: response.statusCode ?? 0, headers: headersOf(response), body }, new Error('websocket: bad handshake'));
        request.destroy();
        this.terminate();
        return undefined;
      });
    });
    socket.on('message', (data, isBinary) => {
      this.#metric('ws_msgs_received', 1);
      events.onMessage(data as Buffer, isBinary);
    });
    socket.on('ping', () => events.onPing());
    socket.on('pong', (data) => {
      const id = data.toString();
      const sentAt = this.#pings.get(id);
      if (sentAt !== undefined) this.#metric('ws_ping', monotonicMs() - sentAt);
      this.#pings.delete(id);
      events.onPong();
    });
    socket.on('error', (error) => {
      // Ending a handshake is an error to the library, not to the script.
      if (this.#isEnded) return;
      connected();
      events.onError(handshake.status === 0 ? dialError(error) : new SocketError(`websocket: ${error.message}`));
    });
    socket.on('close', (code, reason) => {
      this.#end();
      events.onClose(code, reason.toString());
    });
  }

  /** As k6, takes whatever subprotocol the server chose, also none; the library would give up the connection. */
  #takeProtocol({ headers }: IncomingMessage): void {
    const [asked] = this.#asked;
    this.#protocol = headers[PROTOCOL] ?? '';
    if (asked === undefined) delete headers[PROTOCOL];
    else headers[PROTOCOL] = asked;
  }

  /** Counts the session once, whichever way it ends. */
  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    if (this.#isBlocking || this.#hasOpened) this.#metric('ws_session_duration', monotonicMs() - this.#startedAt);
    const { http } = this.#vu.engine;
    http.dataSent.add(this.#wire?.bytesWritten ?? 0, this.#vu);
    http.dataReceived.add(this.#wire?.bytesRead ?? 0, this.#vu);
  }

  #metric(name: string, value: number): void {
    this.#vu.engine.metrics.builtIn(name).add(value, this.#tags);
  }
}

/** Scripts of `k6/ws` ask for subprotocols by the header. */
function protocolsIn(given: Readonly<Record<string, string>>): [string[], Record<string, string>] {
  const isProtocol = (name: string): boolean => name.toLowerCase() === PROTOCOL;
  const names = Object.keys(given);
  const asked = names.filter(isProtocol).flatMap((name) => (given[name] ?? '').split(',').map((each) => each.trim()));
  return [asked, Object.fromEntries(Object.entries(given).filter(([name]) => !isProtocol(name)))];
}

/** Cookies of the given jar, or of the VU's own. */
function cookieHeader(vu: Vu, url: string, params: SocketParams): Record<string, string> {
  let pairs: [string, string][] = [];
  if (params.jar) {
    const cookies = params.jar.cookiesForURL(url.replace(/^ws/, 'http'));
    pairs = Object.entries(cookies).flatMap(([name, values]) => values.map((value): [string, string] => [name, value]));
  } else if (vu.cookies && !vu.cookies.isEmpty) {
    const { hostname, pathname, protocol } = new URL(url);
    pairs = [...vu.cookies.for({ host: hostname, path: pathname, isTls: protocol === 'wss:' })];
  }
  return pairs.length === 0 ? {} : { Cookie: pairs.map(([name, value]) => `${name}=${value}`).join('; ') };
}

function headersOf(response: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, values] of Object.entries(response.headersDistinct))
    headers[name.replace(/(?:^|-)[a-z]/g, (letters) => letters.toUpperCase())] = (values ?? []).join(', ');
  return headers;
}

async function bodyOf(response: IncomingMessage): Promise<string> {
  let body = '';
  try {
    for await (const chunk of response) {
      body += String(chunk);
      if (body.length > REFUSAL_BODY_MAX_BYTES) break;
    }
  } catch {
    // What arrived before the connection broke is all there is to show.
  }
  return body.slice(0, REFUSAL_BODY_MAX_BYTES);
}
