import { encodeContent } from './encoding.ts';
import { formText } from './form-text.ts';
import { goTypeOf, RequestMistake } from './params.ts';

/** What is sent: text as a string (most bodies), anything else as bytes. */
export interface RequestBody {
  readonly content: string | Buffer;
  /** Bytes on the wire. */
  readonly length: number;
  /** Content-Type when the script gives none. */
  readonly contentType: string | undefined;
}

/** `http.file(data, filename, contentType)`. */
export class FileData {
  readonly data: unknown;
  readonly filename: string;
  readonly content_type: string;

  constructor(data: unknown, filename: string, contentType: string) {
    this.data = data;
    this.filename = filename;
    this.content_type = contentType;
  }
}

/** What scripts gave, by what is sent instead: for `response.request.body`. */
const uncompressed = new WeakMap<Buffer, string | Buffer>();

/** The body with Content-Encoding applied. */
export function compressBody(body: RequestBody, codings: readonly string[]): RequestBody {
  const content = encodeContent(Buffer.from(body.content as string), codings);
  uncompressed.set(content, body.content);
  return { content, length: content.length, contentType: body.contentType };
}

/** The text of a body as its script gave it. */
export function givenText(content: string | Buffer | undefined): string {
  if (content === undefined || typeof content === 'string') return content ?? '';
  return (uncompressed.get(content) ?? content).toString();
}

/** Encodes a body as k6 does: text and bytes as they are, an object as a form, with files as multipart. Throws RequestMistake. */
export function encodeBody(body: unknown): RequestBody {
  if (typeof body === 'string') return text(body, undefined);
  if (body instanceof ArrayBuffer) return bytes(Buffer.from(body), undefined);
  if (ArrayBuffer.isView(body)) return bytes(Buffer.from(body.buffer, body.byteOffset, body.byteLength), undefined);
  if (body instanceof FileData) throw new RequestMistake('unknown request body type *http.FileData');
  if (
    typeof body !== 'object' ||
    body === null ||
    Array.isArray(body) ||
    body instanceof Date ||
    body instanceof Map ||
    body instanceof Set
  )
    throw new RequestMistake(`unknown request body type ${goTypeOf(body)}`);
  const entries = Object.entries(body);
  if (entries.some(([, value]) => value instanceof FileData)) return multipart(entries);
  const form = new URLSearchParams();
  for (const [name, value] of entries.sort(([a], [b]) => (a < b ? -1 : 1)))
    for (const each of Array.isArray(value) ? (value as unknown[]) : [value]) form.append(name, String(each));
  return text(formText(form), 'application/x-www-form-urlencoded');
}

function text(content: string, contentType: string | undefined): RequestBody {
  return { content, length: Buffer.byteLength(content), contentType };
}

function bytes(content: Buffer, contentType: string | undefined): RequestBody {
  return { content, length: content.length, contentType };
}

let boundaries = 0;

function multipart(entries: readonly [string, unknown][]): RequestBody {
  const boundary = `----plimsoll${(++boundaries).toString(16).padStart(24, '0')}`;
  const parts: Buffer[] = [];
  for (const [name, value] of entries) {
    const file = value instanceof FileData ? value : undefined;
    const disposition = `form-data; name="${quoted(name)}"${file ? `; filename="${quoted(file.filename)}"` : ''}`;
    const type = file ? `Content-Type: ${file.content_type}\r\n` : '';
    parts.push(
      Buffer.from(`--${boundary}\r\nContent-Disposition: ${disposition}\r\n${type}\r\n`),
      rawBytes(file ? file.data : value),
      Buffer.from('\r\n'),
    );
  }
  parts.push(Buffer.from(`--${boundary}--\r\n`));
  return bytes(Buffer.concat(parts), `multipart/form-data; boundary=${boundary}`);
}

function rawBytes(data: unknown): Buffer {
  if (data instanceof ArrayBuffer) return Buffer.from(data);
  if (ArrayBuffer.isView(data)) return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return Buffer.from(String(data));
}

function quoted(text: string): string {
  return text.replace(/["\\\r\n]/g, (char) => (char === '"' || char === '\\' ? `\\${char}` : ' '));
}
