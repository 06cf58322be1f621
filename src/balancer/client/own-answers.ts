import type { Clock } from '../../base/index.ts';
import type { HeadWriter } from '../../http1/index.ts';

const phrases: Readonly<Record<number, string>> = {
  200: 'OK',
  301: 'Moved Permanently',
  302: 'Found',
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  413: 'Content Too Large',
  414: 'URI Too Long',
  417: 'Expectation Failed',
  431: 'Request Header Fields Too Large',
  460: 'Client Closed Connection',
  463: 'Too Many Forwarded Addresses',
  464: 'Incompatible Protocol',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
};

export function reasonPhrase(status: number): string {
  return phrases[status] ?? 'Unknown';
}

/** The Date field's value, made once a second. */
export class DateText {
  readonly #clock: Clock;
  #second = -1;
  #text = '';

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get value(): string {
    const second = Math.floor(this.#clock.nowMs() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#text = new Date(second * 1000).toUTCString();
    }
    return this.#text;
  }
}

/** What a balancer answers itself. */
export interface OwnAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  /** Whole further field lines, each with its CRLF. */
  readonly extraFields: string;
  /** Where a redirect points to. */
  readonly location?: string;
}

/** An error says what went wrong in its body, so that whoever sees it need not guess. */
export function errorAnswer(status: number, reason: string): OwnAnswer {
  const extraFields = status === 405 ? 'Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n' : '';
  return { status, contentType: 'text/plain; charset=utf-8', body: `${status} ${reasonPhrase(status)}: ${reason}\n`, extraFields };
}

export interface AnswerManner {
  readonly date: string;
  readonly toHead: boolean;
  readonly keepAlive: boolean;
  readonly minor: number;
}

export function writeOwnAnswer(out: HeadWriter, answer: OwnAnswer, manner: AnswerManner): void {
  const body = Buffer.from(answer.body);
  out.text(`HTTP/1.1 ${answer.status} ${reasonPhrase(answer.status)}\r\nServer: plimsoll\r\nDate: ${manner.date}\r\n`);
  if (body.length > 0) out.text(`Content-Type: ${answer.contentType}\r\n`);
  out.text(`Content-Length: ${body.length}\r\n${answer.extraFields}`);
  if (!manner.keepAlive) out.text('Connection: close\r\n');
  else if (manner.minor === 0) out.text('Connection: keep-alive\r\n');
  out.crlf();
  if (!manner.toHead) out.block(body);
}
