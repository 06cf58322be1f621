import type { Server } from 'node:net';
import { getSystemErrorName } from 'node:util';
import { plainAddress, unowned, type Transport, type TransportOwner } from './transport.ts';

/**
 * TCP on Node's own socket handles, below `net.Socket`: no stream objects, no events, one shared read
 * buffer, and writes that the kernel takes at once leave nothing behind. It is what `net.Socket` is built on,
 * reached through `process.binding`, which other runtimes lack: then `handles` is undefined and
 * streams are used instead. Measured in bench/RESULTS.md.
 */
export interface StreamHandle {
  /** Must be a function always: the runtime checks. What it returns is the memory for the reads that follow. */
  onread: () => Buffer | undefined;
  readStart(): number;
  readStop(): number;
  useUserBuffer(buffer: Uint8Array): void;
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number;
  shutdown(request: ShutdownRequest): number;
}

interface TcpHandle extends StreamHandle {
  setNoDelay(on: boolean): number;
  getpeername(out: Partial<Address>): number;
  getsockname(out: Partial<Address>): number;
  connect(request: ConnectRequest, address: string, port: number): number;
  connect6(request: ConnectRequest, address: string, port: number): number;
  close(): void;
  reset(): number;
}

type OnConnection = (status: number, handle: TcpHandle | undefined) => void;

interface Address {
  address: string;
  port: number;
}

interface WriteRequest {
  /** Keeps the memory of a write alive until it is out: the runtime only has its address. */
  bytes?: Uint8Array;
  oncomplete: ((status: number) => void) | undefined;
}

interface ShutdownRequest {
  oncomplete: () => void;
}

interface ConnectRequest {
  oncomplete: (status: number) => void;
}

export interface Handles {
  readonly TCP: new (kind: number) => TcpHandle;
  readonly TCPConnectWrap: new () => ConnectRequest;
  readonly WriteWrap: new () => WriteRequest;
  readonly ShutdownWrap: new () => ShutdownRequest;
  readonly state: Int32Array;
  readonly readBytes: number;
  readonly wasAsync: number;
  readonly socketKind: number;
}

export const handles: Handles | undefined = findHandles();

function findHandles(): Handles | undefined {
  const binding = (process as { binding?: (name: string) => Record<string, unknown> }).binding;
  if (binding === undefined || 'bun' in process.versions || process.env['PLIMSOLL_STREAMS'] === '1') return undefined;
  try {
    const tcp = binding('tcp_wrap') as unknown as {
      TCP: Handles['TCP'];
      TCPConnectWrap: Handles['TCPConnectWrap'];
      constants: { SOCKET: number };
    };
    const stream = binding('stream_wrap') as unknown as {
      WriteWrap: Handles['WriteWrap'];
      ShutdownWrap: Handles['ShutdownWrap'];
      streamBaseState: Int32Array | undefined;
      kReadBytesOrError: number;
      kLastWriteWasAsync: number;
    };
    if (stream.streamBaseState === undefined || typeof tcp.TCP.prototype.useUserBuffer !== 'function') return undefined;
    return {
      TCP: tcp.TCP,
      TCPConnectWrap: tcp.TCPConnectWrap,
      WriteWrap: stream.WriteWrap,
      ShutdownWrap: stream.ShutdownWrap,
      state: stream.streamBaseState,
      readBytes: stream.kReadBytesOrError,
      wasAsync: stream.kLastWriteWasAsync,
      socketKind: tcp.constants.SOCKET,
    };
  } catch {
    return undefined;
  }
}

export const END_OF_FILE = -4095;

/** All handles read into the same memory: what arrives is used up, or copied, before the next read. */
export const readBuffer = Buffer.allocUnsafeSlow(64 * 1024);

export class HandleTransport implements Transport {
  owner: TransportOwner;
  readonly #handles: Handles;
  readonly #handle: TcpHandle;
  #closed = false;
  #reading = false;
  /** Its end was asked for and is not sent yet. */
  #ending = false;
  /** Writes that the kernel has not taken in full. */
  #waiting = 0;
  #memory: Buffer = readBuffer;
  #nextMemory: Buffer | undefined;
  #peer: Address | undefined;
  #local: Address | undefined;

  constructor(all: Handles, handle: TcpHandle, owner: TransportOwner) {
    this.#handles = all;
    this.#handle = handle;
    this.owner = owner;
    handle.onread = () => this.#onRead();
    handle.useUserBuffer(readBuffer);
  }

  /** A connected handle starts to be read. */
  open(): void {
    this.#handle.setNoDelay(true);
    this.resume();
  }

  /** From the next read on bytes come in this memory, or again in the one that all share. To be called from within `onBytes`. */
  readInto(memory: Buffer | undefined): void {
    this.#nextMemory = memory ?? readBuffer;
  }

  get remoteAddress(): string {
    return plainAddress((this.#peer ??= this.#name('getpeername')).address);
  }

  get remotePort(): number {
    return (this.#peer ??= this.#name('getpeername')).port;
  }

  get localAddress(): string {
    return plainAddress((this.#local ??= this.#name('getsockname')).address);
  }

  get localPort(): number {
    return (this.#local ??= this.#name('getsockname')).port;
  }

  write(bytes: Buffer): boolean {
    if (this.#closed) return true;
    const all = this.#handles;
    const request = spare ?? new all.WriteWrap();
    spare = undefined;
    const status = this.#handle.writeBuffer(request, bytes);
    if (status !== 0) {
      this.#failLater(status);
      return true;
    }
    if (all.state[all.wasAsync] === 0) {
      spare = request;
      return true;
    }
    this.#waiting++;
    request.bytes = bytes;
    request.oncomplete = (result) => this.#onWritten(result);
    return false;
  }

  pause(): void {
    if (this.#closed || !this.#reading) return;
    this.#reading = false;
    this.#handle.readStop();
  }

  resume(): void {
    if (this.#closed || this.#reading) return;
    this.#reading = true;
    const status = this.#handle.readStart();
    if (status !== 0) this.#failLater(status);
  }

  end(): void {
    if (this.#closed) return;
    const request = new this.#handles.ShutdownWrap();
    this.#ending = true;
    request.oncomplete = () => void (this.#ending = false);
    this.#handle.shutdown(request);
  }

  destroy(reset = false): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#handle.onread = ignore;
    // A handle that is asked for a reset while its end is on the way refuses, and cannot be closed any more.
    if (!reset || this.#ending || this.#handle.reset() !== 0) this.#handle.close();
  }

  #onRead(): Buffer | undefined {
    if (this.#closed) return undefined;
    const count = this.#handles.state[this.#handles.readBytes] as number;
    if (count > 0) this.owner.onBytes(this.#memory, 0, count);
    else if (count === END_OF_FILE) {
      this.pause();
      this.owner.onEnd();
    } else if (count < 0) this.#fail(count);
    if (this.#nextMemory === undefined) return undefined;
    this.#memory = this.#nextMemory;
    this.#nextMemory = undefined;
    return this.#memory;
  }

  #onWritten(status: number): void {
    if (this.#closed) return;
    this.#waiting--;
    if (status < 0) this.#fail(status);
    else if (this.#waiting === 0) this.owner.onDrain();
  }

  // Its owner is in the middle of a write and must not be told there and then.
  #failLater(status: number): void {
    queueMicrotask(() => this.#fail(status));
  }

  #fail(status: number): void {
    if (this.#closed) return;
    this.destroy();
    this.owner.onClose(getSystemErrorName(status));
  }

  #name(method: 'getpeername' | 'getsockname'): Address {
    const out: Partial<Address> = {};
    this.#handle[method](out);
    return { address: out.address ?? '', port: out.port ?? 0 };
  }
}

/** A write that was finished at once leaves its request object to the next. */
let spare: WriteRequest | undefined;

/** Nobody is interested: the read side tells when the peer is done, and a closed handle is nobody's. */
function ignore(): undefined {
  return undefined;
}

/** Takes the accepted connections of a listening server as handles. */
export function acceptHandles(
  all: Handles,
  server: Server,
  onTransport: (transport: HandleTransport) => void,
  onError: (code: string) => void,
): void {
  const listening = (server as unknown as { _handle: { onconnection: OnConnection } })._handle;
  listening.onconnection = (status, handle) => {
    if (status !== 0 || handle === undefined) return onError(status === 0 ? 'EUNKNOWN' : getSystemErrorName(status));
    onTransport(new HandleTransport(all, handle, unowned));
  };
}

/** Asks before a connection is accepted; who is not admitted is reset. For listening servers of any kind, after `acceptHandles`. */
export function admitFirst(server: Server, admit: (peer: () => string) => boolean, onRefused: () => void): void {
  const { _handle: listening } = server as unknown as { _handle: { onconnection?: OnConnection } | null };
  const accept = listening?.onconnection;
  if (listening === null || accept === undefined) return;
  listening.onconnection = (status, handle) => {
    if (handle === undefined || admit(() => peerOf(handle))) return Reflect.apply(accept, listening, [status, handle]);
    if (handle.reset() !== 0) handle.close();
    onRefused();
  };
}

function peerOf(handle: TcpHandle): string {
  const out: Partial<Address> = {};
  handle.getpeername(out);
  return out.address ?? '';
}

/** Connects to an IP address. `onConnect` runs once it is open; a failure is told by the owner's `onClose`. */
export function connectHandle(all: Handles, address: string, port: number, owner: TransportOwner, onConnect: () => void): HandleTransport {
  const handle = new all.TCP(all.socketKind);
  const transport = new HandleTransport(all, handle, owner);
  const request = new all.TCPConnectWrap();
  request.oncomplete = (status) => {
    if (status !== 0) return closeWith(transport, status);
    transport.open();
    onConnect();
  };
  const failed = address.includes(':') ? handle.connect6(request, address, port) : handle.connect(request, address, port);
  if (failed !== 0) queueMicrotask(() => closeWith(transport, failed));
  return transport;
}

function closeWith(transport: HandleTransport, status: number): void {
  transport.destroy();
  transport.owner.onClose(getSystemErrorName(status));
}
