import type { TLSSocket } from 'node:tls';
import { getSystemErrorName } from 'node:util';
import { systemErrorCode } from '../../base/index.ts';
import { END_OF_FILE, handles, readBuffer, type Handles, type StreamHandle } from './handle-transport.ts';
import {
  StreamTransport,
  WAITING_MAX,
  plainAddress,
  tlsFacts,
  unowned,
  type TlsFacts,
  type Transport,
  type TransportOwner,
} from './transport.ts';

/** An encrypted connection whose handshake is done, as a transport: on its handle where the runtime has one, else on its stream. */
export function tlsTransport(socket: TLSSocket): Transport {
  const handle = (socket as unknown as { _handle?: Partial<StreamHandle> | null })._handle;
  const usable = handles !== undefined && typeof handle?.useUserBuffer === 'function' && socket.readableLength === 0;
  return usable ? new TlsTransport(handles as Handles, handle as StreamHandle, socket) : new StreamTransport(socket, unowned);
}

const LARGE_BYTES = 32 * 1024;

/**
 * TLS on the handle below `TLSSocket`, which still does the handshake and the closing. The handle encrypts in the call to
 * write, and takes one write at a time: what comes meanwhile is copied and goes out as one record with the next.
 */
class TlsTransport implements Transport {
  owner: TransportOwner = unowned;
  readonly copies = true;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly #handles: Handles;
  readonly #handle: StreamHandle;
  readonly #socket: TLSSocket;
  #closed = false;
  #reading = false;
  #writing = false;
  #held = false;
  #ending = false;
  /** What we had to send is sent, the end too. */
  #finished = false;
  #peerEnded = false;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;

  constructor(all: Handles, handle: StreamHandle, socket: TLSSocket) {
    this.#handles = all;
    this.#handle = handle;
    this.#socket = socket;
    this.remoteAddress = plainAddress(socket.remoteAddress ?? '');
    this.remotePort = socket.remotePort ?? 0;
    this.localAddress = plainAddress(socket.localAddress ?? '');
    this.localPort = socket.localPort ?? 0;
    // Errors of the TLS layer itself come by the socket.
    socket.on('error', (error) => this.#fail(systemErrorCode(error) ?? 'EPROTO'));
    socket.on('close', () => this.#fail(undefined));
    handle.onread = () => this.#onRead();
    handle.useUserBuffer(readBuffer);
    this.resume();
  }

  get tls(): TlsFacts {
    return tlsFacts(this.#socket);
  }

  write(bytes: Buffer): boolean {
    if (this.#closed) return true;
    if (!this.#writing) {
      this.#send(bytes);
      // The handle is at work on it until the next turn of the loop; after a large one, more had better wait at its source.
      this.#held = this.#writing && bytes.length > LARGE_BYTES;
      return !this.#held;
    }
    this.#waiting.push(Buffer.from(bytes));
    this.#waitingBytes += bytes.length;
    this.#held ||= this.#waitingBytes > WAITING_MAX;
    return !this.#held;
  }

  pause(): void {
    if (this.#closed || !this.#reading) return;
    this.#reading = false;
    this.#handle.readStop();
  }

  resume(): void {
    if (this.#closed || this.#reading) return;
    this.#reading = true;
    this.#handle.readStart();
  }

  end(): void {
    this.#ending = true;
    if (!this.#writing) this.#shutdown();
  }

  destroy(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#waiting = [];
    this.#socket.destroy();
  }

  #send(bytes: Buffer): void {
    const request = new this.#handles.WriteWrap();
    request.oncomplete = (status) => this.#onWritten(status);
    const status = this.#handle.writeBuffer(request, bytes);
    if (status !== 0) queueMicrotask(() => this.#fail(getSystemErrorName(status)));
    else this.#writing = this.#handles.state[this.#handles.wasAsync] !== 0;
  }

  #onWritten(status: number): void {
    this.#writing = false;
    if (this.#closed) return;
    if (status < 0) return this.#fail(getSystemErrorName(status));
    const [first, ...rest] = this.#waiting;
    if (first !== undefined) {
      this.#waiting = [];
      this.#waitingBytes = 0;
      this.#send(rest.length === 0 ? first : Buffer.concat([first, ...rest]));
    } else if (this.#ending) this.#shutdown();
    if (!this.#held || this.#waitingBytes > 0) return;
    this.#held = false;
    this.owner.onDrain();
  }

  #shutdown(): void {
    if (this.#closed) return;
    const request = new this.#handles.ShutdownWrap();
    request.oncomplete = () => {
      this.#finished = true;
      this.#closeOnceDone();
    };
    this.#handle.shutdown(request);
  }

  // The socket knows nothing of ends that are read and written below it.
  #closeOnceDone(): void {
    if (this.#finished && this.#peerEnded) this.#fail(undefined);
  }

  #onRead(): undefined {
    if (this.#closed) return;
    const count = this.#handles.state[this.#handles.readBytes] as number;
    if (count > 0) this.owner.onBytes(readBuffer, 0, count);
    else if (count === END_OF_FILE) {
      this.pause();
      this.#peerEnded = true;
      this.owner.onEnd();
      this.#closeOnceDone();
    } else if (count < 0) this.#fail(getSystemErrorName(count));
  }

  #fail(code: string | undefined): void {
    if (this.#closed) return;
    this.destroy();
    this.owner.onClose(code);
  }
}
