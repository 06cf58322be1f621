import type { Socket } from 'node:net';
import { deserialize, serialize } from 'node:v8';
import { errorMessage, PlimsollError } from '../../base/index.ts';
import type { ErrorRecord, PlaneMessage } from './protocol.ts';

const lengthBytes = 4;

/** Messages over a stream socket: each a length of four bytes and a structured clone. */
export class Channel {
  readonly #socket: Socket;
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(socket: Socket, onMessage: (message: PlaneMessage) => void) {
    this.#socket = socket;
    // A connection that breaks is told by `closed`.
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#bytes += chunk.length;
      for (let message = this.#take(); message !== undefined; message = this.#take()) onMessage(message);
    });
  }

  send(message: PlaneMessage): void {
    if (!this.#socket.writable) return;
    const body = serialize(message);
    const head = Buffer.allocUnsafe(lengthBytes);
    head.writeUInt32BE(body.length);
    this.#socket.cork();
    this.#socket.write(head);
    this.#socket.write(body);
    this.#socket.uncork();
  }

  onClose(handler: () => void): void {
    this.#socket.once('close', handler);
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(): PlaneMessage | undefined {
    if (this.#bytes < lengthBytes) return undefined;
    let held = this.#chunks[0]!;
    if (held.length < lengthBytes) held = this.#join();
    const end = lengthBytes + held.readUInt32BE();
    if (this.#bytes < end) return undefined;
    if (held.length < end) held = this.#join();
    const message = deserialize(held.subarray(lengthBytes, end)) as PlaneMessage;
    this.#bytes -= end;
    if (held.length > end) this.#chunks[0] = held.subarray(end);
    else this.#chunks.shift();
    return message;
  }

  #join(): Buffer {
    const joined = Buffer.concat(this.#chunks);
    this.#chunks = [joined];
    return joined;
  }
}

export function errorToRecord(error: unknown): ErrorRecord {
  if (!(error instanceof PlimsollError)) return { message: errorMessage(error) };
  const { message, code, exitCode, where, fix } = error;
  return { message, code, exitCode, ...(where === undefined ? {} : { where }), ...(fix === undefined ? {} : { fix }) };
}

export function errorFromRecord({ message, code, exitCode, where, fix }: ErrorRecord): Error {
  if (code === undefined || exitCode === undefined) return new Error(message);
  // Place and remedy stand at the end of the message, where the constructor puts them again.
  const suffix = `${where === undefined ? '' : ` (${where})`}${fix === undefined ? '' : `; ${fix}`}`;
  return new PlimsollError(
    { code, exitCode, when: '' },
    {
      what: message.slice(0, message.length - suffix.length),
      ...(where === undefined ? {} : { where }),
      ...(fix === undefined ? {} : { fix }),
    },
  );
}
