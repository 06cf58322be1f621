import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { errorMessage, systemClock, type Clock } from '../../base/index.ts';
import { MORE, ResponseHead, buildRequestHead } from '../../http1/index.ts';
import type { Target } from '../../model/index.ts';
import type { Check } from './check.ts';
import { probeHttp2 } from './h2-probe.ts';
import { matchesStatus, type CheckResult } from './step.ts';

/**
 * One health check over a connection of its own, which is closed as soon as the answer's head is there.
 * Never rejects. https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
 */
export function probe(target: Target, check: Check, clock: Clock = systemClock): Promise<CheckResult> {
  const version = check.protocolVersion ?? 'HTTP1';
  if (version !== 'HTTP1' && check.protocol !== 'TCP') return probeHttp2(target, check, clock);
  return new Promise((resolve) => {
    const port = check.port === 'traffic-port' ? target.port : check.port;
    const protocol = check.protocol ?? 'HTTP';
    // AWS does not verify the certificates of targets.
    const socket =
      protocol === 'HTTPS'
        ? connectTls({ host: target.host, port, rejectUnauthorized: false })
        : connect({ host: target.host, port, noDelay: true });
    const finish = (result: CheckResult): void => {
      timer.cancel();
      socket.destroy();
      resolve(result);
    };
    const timer = clock.after(check.timeoutMs, () => finish({ outcome: 'timeout' }));
    socket.on('error', (error) => finish({ outcome: 'error', message: errorMessage(error) }));
    socket.on('close', () => finish({ outcome: 'error', message: 'closed without an answer' }));
    socket.on(protocol === 'HTTPS' ? 'secureConnect' : 'connect', () => {
      if (protocol === 'TCP') finish({ outcome: 'pass' });
      else socket.write(requestFor(target.host, port, check.path));
    });
    readStatus(socket, (status, problem) => {
      if (problem !== undefined) finish({ outcome: 'error', message: problem });
      else finish(matchesStatus(check.matcher, status) ? { outcome: 'pass' } : { outcome: 'code', status });
    });
  });
}

function requestFor(host: string, port: number, path: string): Buffer {
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const fields = { 'User-Agent': 'ELB-HealthChecker/2.0', 'Accept-Encoding': 'gzip, compressed', Connection: 'close' };
  return buildRequestHead({ method: 'GET', target: path, host: authority, fields });
}

function readStatus(socket: Socket, done: (status: number, problem?: string) => void): void {
  const head = new ResponseHead();
  let bytes = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    for (;;) {
      const result = head.parse(bytes, 0, bytes.length);
      if (result === MORE) return;
      if (result < 0) return done(0, 'not an HTTP answer');
      if (head.status >= 200 || head.status === 101) return done(head.status);
      bytes = bytes.subarray(result);
      head.reset();
    }
  });
}
