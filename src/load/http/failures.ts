import { systemErrorCode } from '../../base/index.ts';

/**
 * Why a request got no answer, with k6's `error_code`
 * (https://grafana.com/docs/k6/latest/javascript-api/error-codes/).
 */
export class RequestFailure extends Error {
  override name = 'RequestFailure';
  readonly code: number;
  /** What is logged; `message`, which is a tag, names no host and no address. */
  readonly detail: string;

  constructor(code: number, message: string, detail: string = message) {
    super(message);
    this.code = code;
    this.detail = detail;
  }
}

export const FailureCode = {
  generic: 1000,
  notTcp: 1010,
  invalidUrl: 1020,
  timeout: 1050,
  dns: 1100,
  noSuchHost: 1101,
  blockedAddress: 1110,
  blockedHost: 1111,
  tcp: 1200,
  brokenPipe: 1201,
  dial: 1210,
  dialTimeout: 1211,
  refused: 1212,
  reset: 1220,
  tls: 1300,
  tlsHeader: 1301,
  unknownAuthority: 1310,
  wrongHost: 1311,
  http2GoAway: 1610,
  http2Stream: 1630,
  http2Connection: 1650,
  decompression: 1701,
} as const;

export const timedOut = (): RequestFailure => new RequestFailure(FailureCode.timeout, 'request timeout');

/** Names of HTTP/2's error codes, 0 first (RFC 9113 section 7). */
const http2Codes = [
  'NO_ERROR', 'PROTOCOL_ERROR', 'INTERNAL_ERROR', 'FLOW_CONTROL_ERROR', 'SETTINGS_TIMEOUT', 'STREAM_CLOSED', 'FRAME_SIZE_ERROR',
  'REFUSED_STREAM', 'CANCEL', 'COMPRESSION_ERROR', 'CONNECT_ERROR', 'ENHANCE_YOUR_CALM', 'INADEQUATE_SECURITY', 'HTTP_1_1_REQUIRED',
]; // prettier-ignore

const http2Places = { http2GoAway: 'received GoAway', http2Stream: 'stream error', http2Connection: 'connection error' } as const;

/** k6's numbers: the place's own for codes that are not in the standard, else that plus one plus the code. */
export function http2Failure(place: keyof typeof http2Places, code: number): RequestFailure {
  const name = http2Codes[code];
  return new RequestFailure(
    FailureCode[place] + (name === undefined ? 0 : code + 1),
    `http2: ${http2Places[place]} with http2 ErrCode ${name ?? `unknown error code 0x${code.toString(16)}`}`,
  );
}

/** `127.0.0.1:80`, of a connection that failed. */
function addressOf(error: Error): string {
  const { address = '', port = 0 } = error as { address?: string; port?: number };
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** A socket's error before (`dialling`) or after the connection stood. */
export function socketFailure(error: Error, dialling: boolean): RequestFailure {
  if (error instanceof RequestFailure) return error;
  const code = systemErrorCode(error) ?? '';
  switch (code) {
    case 'ECONNREFUSED':
      return new RequestFailure(
        FailureCode.refused,
        'dial: connection refused',
        `dial tcp ${addressOf(error)}: connect: connection refused`,
      );
    case 'ECONNRESET':
      return new RequestFailure(FailureCode.reset, 'read: connection reset by peer');
    case 'EPIPE':
      return new RequestFailure(FailureCode.brokenPipe, 'write: broken pipe');
    case 'ETIMEDOUT':
      return dialling
        ? new RequestFailure(FailureCode.dialTimeout, 'dial: i/o timeout')
        : new RequestFailure(FailureCode.tcp, 'read: connection timed out');
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_FAIL':
      return new RequestFailure(code === 'ENOTFOUND' ? FailureCode.noSuchHost : FailureCode.dns, 'lookup: no such host');
    case 'EADDRNOTAVAIL':
      return new RequestFailure(FailureCode.dial, 'dial: no local port is free (out of ephemeral ports)');
    case 'EMFILE':
    case 'ENFILE':
      return new RequestFailure(FailureCode.dial, 'dial: too many open files');
    case 'ENETUNREACH':
    case 'EHOSTUNREACH':
      return new RequestFailure(FailureCode.dial, 'dial: no route to host');
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return new RequestFailure(FailureCode.unknownAuthority, 'x509: unknown authority', 'x509: certificate signed by unknown authority');
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return new RequestFailure(FailureCode.wrongHost, "x509: certificate doesn't match hostname");
    default:
      if (code === 'ERR_SSL_WRONG_VERSION_NUMBER')
        return new RequestFailure(FailureCode.tlsHeader, 'tls: first record does not look like a TLS handshake');
      if (/^(?:ERR_SSL|ERR_TLS|CERT_|EPROTO)/.test(code)) return tlsFailure(error);
      return new RequestFailure(dialling ? FailureCode.dial : FailureCode.tcp, `${dialling ? 'dial' : 'read'}: ${error.message}`);
  }
}

/** OpenSSL's own message holds addresses of memory; its reason does not. */
function tlsFailure(error: Error): RequestFailure {
  const { reason = error.message } = error as { reason?: string };
  const alert = /\balert (.*)$/.exec(reason)?.[1];
  if (alert === undefined) return new RequestFailure(FailureCode.tls, `tls: ${reason}`);
  return new RequestFailure(
    FailureCode.notTcp,
    `remote error: tls: ${alert === 'protocol version' ? 'protocol version not supported' : alert}`,
  );
}
