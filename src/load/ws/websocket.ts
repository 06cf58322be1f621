import type { Vu } from '../vu/vu.ts';
import { textOf } from '../modules/bound.ts';
import { bytesOf, typeName } from '../modules/encoding.ts';
import { blobBytes, type BlobLike } from './blob.ts';
import { Channel, eventNames, ReadyState, type EventName, type Listener } from './channel.ts';
import { readSocketParams } from './dial.ts';

type BinaryType = 'blob' | 'arraybuffer';

/** The `WebSocket` of one VU (https://websockets.spec.whatwg.org, with k6's `params`, `ping` and `pong`). */
export function webSocketClass(vu: Vu, Blob: new (parts: unknown[]) => BlobLike): unknown {
  const channels = new WeakMap<object, Channel>();
  const channelOf = (socket: object): Channel => {
    const channel = channels.get(socket);
    if (!channel) throw new TypeError('not a WebSocket');
    return channel;
  };

  class WebSocket {
    readonly url: string;
    #binaryType: BinaryType = 'blob';

    constructor(url: unknown, protocols?: unknown, params?: unknown) {
      vu.enter();
      if (!vu.isInitialised) throw new Error('WebSocket is not supported in the init context');
      this.url = checkUrl(url);
      const wanted = protocols === undefined || protocols === null ? [] : Array.isArray(protocols) ? protocols : [protocols];
      channels.set(
        this,
        new Channel({
          vu,
          url: this.url,
          protocols: wanted.map(String),
          params: readSocketParams(params, true),
          target: this,
          wrap: (data) => (this.#binaryType === 'blob' ? new Blob([data]) : data),
        }),
      );
    }

    get readyState(): number {
      return channelOf(this).readyState;
    }

    get bufferedAmount(): number {
      return channelOf(this).bufferedAmount;
    }

    get protocol(): string {
      return channelOf(this).protocol;
    }

    /** As in k6 a list. */
    get extensions(): readonly string[] {
      const { extensions } = channelOf(this);
      return extensions === '' ? [] : extensions.split(',').map((each) => each.trim());
    }

    get binaryType(): BinaryType {
      return this.#binaryType;
    }

    set binaryType(value: unknown) {
      if (value !== 'blob' && value !== 'arraybuffer')
        throw new Error(`unknown binaryType ${String(value)}, the supported ones are "blob" and "arraybuffer"`);
      this.#binaryType = value;
    }

    send(data: unknown): void {
      vu.enter();
      channelOf(this).send(contentOf(data));
    }

    ping(): void {
      vu.enter();
      channelOf(this).ping();
    }

    close(code?: unknown, reason?: unknown): void {
      vu.enter();
      channelOf(this).close(Math.trunc(Number(code ?? 0)) || 1000, textOf(reason));
    }

    addEventListener(event: unknown, listener: unknown): void {
      vu.enter();
      const name = String(event);
      if (isEventName(name)) channelOf(this).add(name, checkListener(name, listener));
      else vu.engine.log('error', `can't add event handler: unknown event type: ${name}`, 'websocket');
    }
  }

  for (const name of eventNames)
    Object.defineProperty(WebSocket.prototype, `on${name}`, {
      get(this: object) {
        return channelOf(this).assigned(name) ?? null;
      },
      set(this: object, value: unknown) {
        channelOf(this).assign(name, value === null || value === undefined ? undefined : checkListener(`on${name}`, value));
      },
      enumerable: true,
    });
  for (const holder of [WebSocket, WebSocket.prototype])
    for (const [name, value] of Object.entries(ReadyState)) Object.defineProperty(holder, name, { value, enumerable: true });
  return WebSocket;
}

function contentOf(data: unknown): string | Buffer {
  const blob = blobBytes(data);
  if (blob || typeof data === 'string') return blob ?? (data as string);
  if (data instanceof ArrayBuffer || ArrayBuffer.isView(data)) return Buffer.from(bytesOf(data));
  throw new TypeError(`unsupported send type ${typeName(data)}`);
}

function isEventName(name: string): name is EventName {
  return (eventNames as readonly string[]).includes(name);
}

function checkListener(name: string, value: unknown): Listener {
  if (typeof value !== 'function') throw new TypeError(`a value for '${name}' should be callable`);
  return value as Listener;
}

function checkUrl(value: unknown): string {
  if (value === undefined || value === null) throw new Error('WebSocket requires a url');
  const text = typeof value === 'string' ? value : (value as { toString(): string }).toString();
  const url = URL.parse(text);
  if (!url) throw new SyntaxError(`WebSocket requires valid url, but got ${JSON.stringify(text)}`);
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:')
    throw new SyntaxError(`WebSocket requires url with scheme ws or wss, but got ${JSON.stringify(url.protocol.slice(0, -1))}`);
  if (url.hash !== '') throw new SyntaxError(`WebSocket requires no url fragment, but got ${JSON.stringify(url.hash)}`);
  return text;
}
