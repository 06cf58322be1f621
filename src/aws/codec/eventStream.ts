import { crc32 } from 'node:zlib';
import { encodeJson } from './json.ts';
import type { StructShape } from './shape.ts';

/** An answer's events, each an object with one member: what kind of event it is. */
export type Events = AsyncIterable<Readonly<Record<string, unknown>>>;

export function isEvents(value: unknown): value is Events {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

/**
 * An event stream of AWS JSON: a message for the answer itself, then one for each event.
 * https://smithy.io/2.0/aws/amazon-eventstream.html
 */
export async function* encodeEvents(shape: StructShape, events: Events): AsyncGenerator<Buffer> {
  yield message('initial-response', '{}');
  for await (const event of events) {
    for (const member of shape.members) {
      const held = event[member.name];
      if (held !== undefined) yield message(member.name, encodeJson(member.shape as StructShape, held as Record<string, unknown>));
    }
  }
}

/** Length of all, length of the headers, checksum of both; headers; payload; checksum of all before it. */
function message(type: string, payload: string): Buffer {
  const headers = Buffer.concat([
    header(':message-type', 'event'),
    header(':event-type', type),
    header(':content-type', 'application/json'),
  ]);
  const prelude = Buffer.alloc(12);
  prelude.writeUInt32BE(headers.length + Buffer.byteLength(payload) + 16, 0);
  prelude.writeUInt32BE(headers.length, 4);
  prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8);
  const body = Buffer.concat([prelude, headers, Buffer.from(payload)]);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([body, checksum]);
}

/** Values of the kind that all headers here have: 7, text. */
function header(name: string, value: string): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(Buffer.byteLength(value));
  return Buffer.concat([Buffer.from([name.length]), Buffer.from(name), Buffer.from([7]), length, Buffer.from(value)]);
}
