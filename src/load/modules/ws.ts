import { countFailedSession, readSocketParams } from '../ws/dial.ts';
import { Session, type SessionResponse } from '../ws/session.ts';
import { moduleOf, textOf } from './bound.ts';

/** https://grafana.com/docs/k6/latest/javascript-api/k6-ws/ */
export const WsModule = moduleOf({
  /** `connect(url, [params], callback)`: blocks until the connection is closed. */
  connect(url: unknown, ...rest: unknown[]): Promise<SessionResponse> | SessionResponse {
    this.enter();
    if (!this.isInitialised) throw new Error('using websockets in the init context is not supported');
    if (rest.length !== 1 && rest.length !== 2) throw new Error('invalid number of arguments to ws.connect');
    const callback = rest.at(-1);
    if (typeof callback !== 'function') throw new TypeError('last argument to ws.connect must be a function');
    const params = readSocketParams(rest.length > 1 ? rest[0] : undefined, false);
    const target = textOf(url);
    if (!/^wss?:$/.test(URL.parse(target)?.protocol ?? '')) {
      countFailedSession(this, target, params);
      const error = 'malformed ws or wss URL';
      if (this.engine.options.throwErrors) throw new Error(error);
      return { url: '', status: 0, headers: {}, body: '', error };
    }
    return new Session(this, target, params, callback as (socket?: unknown) => unknown).result;
  },
});
