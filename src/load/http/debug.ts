import type { Exchange } from './exchange.ts';
import { statusText, type ResponseBody } from './response.ts';

/** The option `httpDebug`: requests and responses as lines of the log, their bodies only when it is `full`. */

export function logRequest(exchange: Exchange): void {
  const { vu, head, body } = exchange;
  const { httpDebug } = vu.engine.options;
  if (httpDebug === '') return;
  print(exchange, 'Request', head.replaceAll('\r\n', '\n'), httpDebug === 'full' ? String(body ?? '') : '');
}

export function logResponse(exchange: Exchange, body: ResponseBody): void {
  const { httpDebug } = exchange.vu.engine.options;
  if (httpDebug === '' || exchange.status === 0) return;
  const status = `${exchange.proto} ${statusText(exchange)}`;
  const text = body instanceof ArrayBuffer ? Buffer.from(body).toString('utf8') : typeof body === 'string' ? body : '';
  const fields = exchange.fields.replaceAll('\r\n', '\n');
  print(exchange, 'Response', `${status}\n${fields.replace(/\n?$/, '\n')}\n`, httpDebug === 'full' ? text : '');
}

function print({ vu }: Exchange, title: string, head: string, body: string): void {
  vu.engine.log('info', `${title}:\n${head}${body}\n`, 'http-debug');
}
