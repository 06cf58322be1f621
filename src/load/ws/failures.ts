import { systemErrorCode } from '../../base/index.ts';
import { RequestFailure, socketFailure } from '../http/failures.ts';

/** What handlers of `error` get: k6's documentation asks it with `e.error()`. */
export class SocketError extends Error {
  override name = 'Error';

  error(): string {
    return this.message;
  }
}

/** Names of the codes of RFC 6455 section 7.4.1, as k6 has them in its messages. */
const closeNames: ReadonlyMap<number, string> = new Map([
  [1000, 'normal'],
  [1001, 'going away'],
  [1002, 'protocol error'],
  [1003, 'unsupported data'],
  [1005, 'no status'],
  [1006, 'abnormal closure'],
  [1007, 'invalid payload data'],
  [1008, 'policy violation'],
  [1009, 'message too big'],
  [1010, 'mandatory extension missing'],
  [1011, 'internal server error'],
  [1015, 'TLS handshake error'],
]);

/** A close that is an error as well: every one but those with 1000 and 1001. */
export function unexpectedClose(code: number, reason: string): SocketError | undefined {
  if (code === 1000 || code === 1001) return undefined;
  const name = closeNames.get(code);
  const text = code === 1006 && reason === '' ? 'unexpected EOF' : reason;
  return new SocketError(`websocket: close ${code}${name === undefined ? '' : ` (${name})`}${text === '' ? '' : `: ${text}`}`);
}

/** Why no connection came about, in k6's words. */
export function dialError(error: Error): SocketError {
  const { address, port, hostname } = error as { address?: string; port?: number; hostname?: string };
  switch (systemErrorCode(error)) {
    case 'ECONNREFUSED':
      return new SocketError(`dial tcp ${address}:${port}: connect: connection refused`);
    case 'ENOTFOUND':
      return new SocketError(`lookup ${hostname}: no such host`);
    case 'ECONNRESET':
      return new SocketError('unexpected EOF');
    default: {
      if (!(error instanceof RequestFailure) && systemErrorCode(error) === undefined) return new SocketError(error.message);
      const { detail } = socketFailure(error, true);
      return new SocketError(detail.startsWith('x509:') ? `tls: failed to verify certificate: ${detail}` : detail);
    }
  }
}
