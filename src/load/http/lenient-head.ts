import { isToken } from '../../http1/index.ts';

/** A head as it should have been, and how many bytes it took as it was; 0 bytes while its end is still to come. */
export interface RepairedHead {
  readonly bytes: Buffer;
  readonly length: number;
}

/**
 * What the strict parser refuses and k6 takes: line feeds alone, folded lines (RFC 9112 section 5.2), fields whose names are no
 * names (left out here), Content-Length beside `Transfer-Encoding: chunked` (which counts, section 6.3). Undefined for what is no
 * head of HTTP/1 at all.
 */
export function repairHead(buffer: Buffer, start: number, end: number): RepairedHead | undefined {
  const text = buffer.toString('latin1', start, end);
  if (!/^HTTP\/1\.[01] [1-9]\d\d(?:[ \r\n]|$)/.test(text)) return undefined;
  const terminator = /\n\r?\n/.exec(text);
  if (!terminator) return { bytes: Buffer.alloc(0), length: 0 };
  const length = terminator.index + terminator[0].length;
  const [statusLine = '', ...lines] = text.slice(0, terminator.index).split(/\r?\n/);
  const fields: string[] = [];
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (/^[ \t]/.test(line) && fields.length > 0) fields.push(`${fields.pop()} ${line.trim()}`);
    else if (colon <= 0) return undefined;
    else if (isToken(line.slice(0, colon))) fields.push(line.trimEnd());
  }
  const isChunked = fields.some((field) => /^transfer-encoding:\s*chunked$/i.test(field));
  const kept = isChunked ? fields.filter((field) => !/^content-length:/i.test(field)) : fields;
  return { bytes: Buffer.from(`${[statusLine, ...kept].join('\r\n')}\r\n\r\n`, 'latin1'), length };
}
