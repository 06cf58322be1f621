import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { systemErrorCode } from '../../base/index.ts';

/** Who uses a connection. One object per connection; its methods run in the order of the wire. */
export interface TransportOwner {
  /** Bytes [start, end) of `buffer` arrived. They are gone when the call returns: copy what must stay. */
  onBytes(buffer: Buffer, start: number, end: number): void;
  /** The peer ended its side (FIN). */
  onEnd(): void;
  /** What `write` held back has been sent. */
  onDrain(): void;
  /** The peer or the network closed it for good; nothing is called after it. Our own `destroy` is not told. `code` is a system error code such as ECONNRESET. */
  onClose(code: string | undefined): void;
}

/** What was agreed on in a TLS handshake, in OpenSSL's words: `TLSv1.3`, `TLS_AES_128_GCM_SHA256`. */
export interface TlsFacts {
  readonly version: string;
  readonly cipher: string;
}

export function tlsFacts(socket: TLSSocket): TlsFacts {
  return { version: socket.getProtocol() ?? '', cipher: socket.getCipher().name };
}

/** A byte stream to a peer with back-pressure both ways: TCP or TLS. */
export interface Transport {
  owner: TransportOwner;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** `HTTP/2.0` when it is a stream in disguise; for logs. */
  readonly version?: string;
  /** Of an encrypted connection. */
  readonly tls?: TlsFacts | undefined;
  /** The bytes given to `write` are copied: their memory is free when it returns, whatever it returns. */
  readonly copies?: boolean;
  /**
   * Sends bytes, which must not change until they are out. Returns true when the kernel took all of them
   * at once (the memory is free again); false when some wait: write no more before `onDrain`.
   */
  write(bytes: Buffer): boolean;
  pause(): void;
  resume(): void;
  /** Sends FIN after what was written; reading goes on. */
  end(): void;
  /** Closes at once and drops what waits. With `reset` the peer sees a reset instead of an orderly end. */
  destroy(reset?: boolean): void;
}

/** Bytes that may wait in one connection before its source is paused. */
export const WAITING_MAX = 64 * 1024;

/** A Transport over a stream socket of Node: TLS, and TCP where nothing faster is to be had. */
export class StreamTransport implements Transport {
  owner: TransportOwner;
  readonly socket: Socket;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  #errorCode: string | undefined;

  constructor(socket: Socket, owner: TransportOwner) {
    this.socket = socket;
    this.owner = owner;
    this.remoteAddress = plainAddress(socket.remoteAddress ?? '');
    this.remotePort = socket.remotePort ?? 0;
    this.localAddress = plainAddress(socket.localAddress ?? '');
    this.localPort = socket.localPort ?? 0;
    socket.on('data', (bytes: Buffer) => this.owner.onBytes(bytes, 0, bytes.length));
    socket.on('end', () => this.owner.onEnd());
    socket.on('drain', () => this.owner.onDrain());
    socket.on('error', (error) => (this.#errorCode = systemErrorCode(error) ?? 'EUNKNOWN'));
    socket.on('close', () => this.owner.onClose(this.#errorCode));
  }

  get tls(): TlsFacts | undefined {
    return 'encrypted' in this.socket ? tlsFacts(this.socket as TLSSocket) : undefined;
  }

  write(bytes: Buffer): boolean {
    const flowing = this.socket.write(bytes);
    if (this.socket.writableLength === 0) return true;
    if (flowing) this.#drainOnceEmpty();
    return false;
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  end(): void {
    this.socket.end();
  }

  destroy(reset = false): void {
    this.owner = unowned;
    if (reset && !('encrypted' in this.socket)) this.socket.resetAndDestroy();
    else this.socket.destroy();
  }

  // Node tells `drain` only above its own mark; below it an empty write reports when everything before is out.
  #drainOnceEmpty(): void {
    this.socket.write(nothing, (error) => {
      if (!error) this.owner.onDrain();
    });
  }
}

const nothing = Buffer.alloc(0);

function ignore(): void {
  // Nobody is interested any more.
}

/** Owner of a connection that has none yet, or none any more. */
export const unowned: TransportOwner = { onBytes: ignore, onEnd: ignore, onDrain: ignore, onClose: ignore };

/** Options that make Node's own mark agree with ours. */
export const streamOptions = { allowHalfOpen: true, highWaterMark: WAITING_MAX } as const;

/** An IPv4 address that came in IPv6 clothes (`::ffff:10.0.0.1`) as itself. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}
