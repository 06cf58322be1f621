import { readSocketParams } from '../ws/dial.ts';
import { Session } from '../ws/session.ts';
import { moduleOf } from './bound.ts';

/** https://grafana.com/docs/k6/latest/javascript-api/k6-ws/ */
export const WsModule = moduleOf({
  /** `connect(url, [params], callback)`: blocks until the connection is closed. */
  connect(url: unknown, ...rest: unknown[]) {
    this.enter();
    if (this.engine.phase === 'init') throw new Error('using websockets in the init context is not supported');
    const callback = rest.length > 1 ? rest[1] : rest[0];
    if (typeof callback !== 'function') throw new TypeError('last argument to ws.connect must be a function');
    const params = readSocketParams(rest.length > 1 ? rest[0] : undefined, 'ws.connect()');
    return new Session(this, String(url), params, callback as (socket?: unknown) => unknown).result;
  },
});
