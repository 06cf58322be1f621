import { decodeContent, decodingFailure } from './encoding.ts';
import type { Exchange } from './exchange.ts';
import type { ResponseBody } from './response.ts';

/** The content as the script is to have it; spoils an answer that cannot be decoded. */
export function bodyOf(exchange: Exchange): ResponseBody {
  try {
    return contentOf(exchange);
  } catch (error) {
    if (!exchange.failure) exchange.spoil(decodingFailure(error as Error));
    return exchange.wantsBytes ? new ArrayBuffer(0) : '';
  }
}

function contentOf(exchange: Exchange): ResponseBody {
  const { content, contentEncoding, status } = exchange;
  if (!exchange.keepsBody || status === 204 || status === 304) return null;
  if (content === undefined) {
    if (exchange.failure) return null;
    return exchange.wantsBytes ? new ArrayBuffer(0) : '';
  }
  if (typeof content === 'string') return content;
  const bytes = contentEncoding === undefined ? content : decodeContent(content, contentEncoding);
  if (!exchange.wantsBytes) return bytes.toString('utf8');
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
}
