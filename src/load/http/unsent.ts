import type { Vu } from '../vu/vu.ts';
import { Exchange, type ExchangeOwner } from './exchange.ts';
import type { RequestMistake } from './params.ts';
import { Response } from './response.ts';
import type { Target } from './target.ts';

/** An exchange that never takes place. */
export function unsent(vu: Vu, method: string, url: string, owner: ExchangeOwner): Exchange {
  const target: Target = {
    given: url,
    url,
    isTls: false,
    host: '',
    port: 0,
    authority: '',
    path: '',
    origin: '',
    credentials: undefined,
    commonFields: '',
    plainGet: '',
    knownHead: undefined,
    wasAnswered: false,
  };
  return new Exchange(vu, method, target, { head: '', body: undefined, keepsBody: false, wantsBytes: false, timeoutMs: 0 }, owner);
}

/** The response to a request that makes no sense. Throws it as an error with the option `throw`. */
export function declined(vu: Vu, mistake: RequestMistake, log = 'Request Failed'): Response {
  if (vu.engine.options.throwErrors) throw mistake;
  if (log !== '') vu.engine.log('warning', `${log} error=${JSON.stringify(mistake.message)}`, '');
  const response = new Response(unsent(vu, '', '', { onExchange: () => undefined }), [], mistake.code);
  response.error = mistake.message;
  return response;
}
