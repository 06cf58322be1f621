import type { Socket } from 'node:net';
import { getSystemErrorName } from 'node:util';

/**
 * Reads and writes below a socket's stream, on the handle that the stream itself is built on: a request and its answer cost
 * one system call each, and neither the objects nor the callbacks of a stream's write. The stream stays in charge of all else:
 * opening, ends, errors. Why, and what happens where Node has no such handles: docs/decisions/004-socket-handles-below-streams.md.
 */
export interface Handle {
  onread: (this: Handle, ...args: unknown[]) => unknown;
  writeLatin1String(request: WriteRequest, text: string): number;
  writeUtf8String(request: WriteRequest, text: string): number;
}

interface WriteRequest {
  oncomplete: ((status: number) => void) | undefined;
}

interface Binding {
  readonly WriteWrap: new () => WriteRequest;
  /** Where a handle leaves the numbers of its last operation. */
  readonly streamBaseState: Int32Array;
  readonly kReadBytesOrError: number;
  readonly kLastWriteWasAsync: number;
}

const binding = findBinding();

function findBinding(): Binding | undefined {
  const find = (process as { binding?: (name: string) => Partial<Binding> }).binding;
  if (find === undefined || 'bun' in process.versions || process.env['PLIMSOLL_STREAMS'] === '1') return undefined;
  try {
    const found = find('stream_wrap');
    return found.streamBaseState === undefined || found.WriteWrap === undefined ? undefined : (found as Binding);
  } catch {
    return undefined;
  }
}

/** A request whose write was over at once serves the next one. */
let spare: WriteRequest | undefined;

/** The way below the stream of a connected socket; undefined when there is none. */
export function handleOf(socket: Socket): Handle | undefined {
  const { _handle: handle } = socket as unknown as { _handle: Handle | null };
  return binding !== undefined && typeof handle?.writeLatin1String === 'function' ? handle : undefined;
}

/** Hands what arrives straight to `onBytes`; ends and errors still go to the stream. */
export function readDirectly(handle: Handle, onBytes: (count: number) => void): void {
  const { streamBaseState, kReadBytesOrError } = binding as Binding;
  const { onread } = handle;
  handle.onread = function (...args) {
    const count = streamBaseState[kReadBytesOrError] as number;
    if (count > 0) onBytes(count);
    else return Reflect.apply(onread, this, args);
    return undefined;
  };
}

/** False when nothing was written: the stream, asked for the same, will tell what is wrong. */
export function writeDirectly(socket: Socket, handle: Handle, text: string, encoding: 'latin1' | 'utf8'): boolean {
  const { WriteWrap, streamBaseState, kLastWriteWasAsync } = binding as Binding;
  const request = spare ?? new WriteWrap();
  spare = undefined;
  const status = encoding === 'latin1' ? handle.writeLatin1String(request, text) : handle.writeUtf8String(request, text);
  if (status !== 0) return false;
  if (streamBaseState[kLastWriteWasAsync] === 0) spare = request;
  else
    request.oncomplete = (result) => {
      if (result >= 0) return;
      const code = getSystemErrorName(result);
      socket.destroy(Object.assign(new Error(`write ${code}`), { code }));
    };
  return true;
}
