import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { errorMessage, type Clock } from '../../base/index.ts';
import type { Target } from '../../model/index.ts';
import type { Check } from './check.ts';
import { matchesStatus, type CheckResult } from './step.ts';

/** A gRPC message of no bytes: not compressed, length 0. */
const emptyMessage = Buffer.alloc(5);

/**
 * One health check over an HTTP/2 connection of its own. For GRPC groups a call without a message, judged by its
 * `grpc-status`: AWS asks for `/AWS.ALB/healthcheck`, which nobody has, and takes 12 (unimplemented) for well.
 * Never rejects. https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
 */
export function probeHttp2(target: Target, check: Check, clock: Clock): Promise<CheckResult> {
  return new Promise((resolve) => {
    const { session, authority, scheme } = openSession(target, check);
    const finish = (result: CheckResult): void => {
      timer.cancel();
      session.destroy();
      resolve(result);
    };
    const timer = clock.after(check.timeoutMs, () => finish({ outcome: 'timeout' }));
    session.on('error', (error) => finish({ outcome: 'error', message: errorMessage(error) }));
    session.on('close', () => finish({ outcome: 'error', message: 'closed without an answer' }));
    const judge = (status: number): void =>
      finish(matchesStatus(check.matcher, status) ? { outcome: 'pass' } : { outcome: 'code', status });
    const grpc = check.protocolVersion === 'GRPC';
    const stream = session.request({
      ':method': grpc ? 'POST' : 'GET',
      ':path': check.path,
      ':scheme': scheme,
      ':authority': authority,
      'user-agent': 'ELB-HealthChecker/2.0',
      ...(grpc ? { 'content-type': 'application/grpc', te: 'trailers' } : {}),
    });
    stream.on('error', (error) => finish({ outcome: 'error', message: errorMessage(error) }));
    if (grpc) readGrpcStatus(stream.end(emptyMessage), judge);
    else stream.on('response', (headers) => judge(headers[':status'] ?? 0));
  });
}

function openSession(target: Target, check: Check): { session: ClientHttp2Session; authority: string; scheme: string } {
  const port = check.port === 'traffic-port' ? target.port : check.port;
  const authority = `${target.host.includes(':') ? `[${target.host}]` : target.host}:${port}`;
  const scheme = check.protocol === 'HTTPS' ? 'https' : 'http';
  return {
    session: connect(`${scheme}://${authority}`, { rejectUnauthorized: false, settings: { enablePush: false } }),
    authority,
    scheme,
  };
}

/** In the trailers; or in the head, when there is nothing else. An answer that is not gRPC counts with its HTTP status. */
function readGrpcStatus(stream: ClientHttp2Stream, judge: (status: number) => void): void {
  stream.on('response', (headers, flags) => {
    const status = headers['grpc-status'];
    if (status !== undefined) judge(Number(status));
    else if ((flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0 || headers[':status'] !== 200) judge(headers[':status'] ?? 0);
  });
  stream.on('trailers', (trailers) => judge(Number(trailers['grpc-status'] ?? Number.NaN)));
  stream.resume();
}
