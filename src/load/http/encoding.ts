import {
  brotliCompressSync,
  brotliDecompressSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
  gunzipSync,
  inflateRawSync,
  inflateSync,
  zstdDecompressSync,
} from 'node:zlib';
import { FailureCode, RequestFailure } from './failures.ts';

/** Compresses a request body with one coding after the other. */
export function encodeContent(bytes: Buffer, codings: readonly string[]): Buffer {
  return codings.reduce<Buffer>((out, coding) => {
    if (coding === 'gzip') return gzipSync(out);
    if (coding === 'deflate') return deflateSync(out);
    return coding === 'br' ? brotliCompressSync(out) : zstdCompressSync(out);
  }, bytes);
}

/** A compressed answer must not fill the memory. */
const limit = { maxOutputLength: 1024 * 1024 * 1024 };

/** Undoes a Content-Encoding, codings last to first. One that is not known is left as it is, as in k6. Throws on broken data. */
export function decodeContent(bytes: Buffer, encoding: string): Buffer {
  let out = bytes;
  for (const coding of encoding
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .reverse())
    out = decodeOne(out, coding);
  return out;
}

function decodeOne(bytes: Buffer, coding: string): Buffer {
  if (bytes.length === 0) return bytes;
  switch (coding) {
    case 'gzip':
    case 'x-gzip':
      return gunzipSync(bytes, limit);
    case 'deflate':
      // Some servers send the bare format that the name suggests instead of the zlib one that RFC 9110 means.
      return ((bytes[0] as number) & 0x0f) === 8 ? inflateSync(bytes, limit) : inflateRawSync(bytes, limit);
    case 'br':
      return brotliDecompressSync(bytes, limit);
    case 'zstd':
      return zstdDecompressSync(bytes, limit);
    default:
      return bytes;
  }
}

/** Why content could not be decoded: it ended too early, or is no such content. */
export function decodingFailure(error: Error): RequestFailure {
  if (error.message === 'unexpected end of file') return new RequestFailure(FailureCode.generic, 'unexpected EOF');
  return new RequestFailure(FailureCode.decompression, `error decompressing response body (${error.message})`);
}
