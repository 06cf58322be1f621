import { Agent, createServer as createHttpServer, request } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { request as requestTls, Agent as TlsAgent } from 'node:https';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import type { Readable } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { seededRandom, systemClock, type Random } from '../../src/base/index.ts';
import { defaultCheck } from '../../src/balancer/testkit/index.ts';
import { selfSigned } from '../../src/balancer/testkit/certificates.ts';
import type { Listener, RoutingSnapshot } from '../../src/model/index.ts';
import { withBalancer, type Finding } from './support.ts';

/** Bytes of every kind through every kind of listener, to targets that send them back: not one may come back changed. */

const parallel = 24;
const longest = 4 * 1024 * 1024;
const host = '127.0.0.1';
const secure = { host, rejectUnauthorized: false, servername: 'echo.test' } as const;
const halfOpen = { ...secure, allowHalfOpen: true };

/** Sends bytes through one listener, resolves with what comes back. */
type Way = (port: number, bytes: Buffer) => Promise<Readable> | Readable;

interface Ways {
  readonly [listener: string]: Way;
}

const body = { method: 'POST', path: '/' } as const;

function waysOf(agents: { plain: Agent; tls: TlsAgent }): Ways {
  return {
    TCP: (port, bytes) => connect({ port, host, allowHalfOpen: true }).end(bytes),
    TLS: (port, bytes) => connectTls({ ...halfOpen, port }).end(bytes),
    HTTP: (port, bytes) =>
      new Promise((resolve, reject) => {
        request({ ...body, port, host, agent: agents.plain }, resolve)
          .on('error', reject)
          .end(bytes);
      }),
    HTTPS: (port, bytes) =>
      new Promise((resolve, reject) => {
        requestTls({ ...body, ...secure, port, agent: agents.tls }, resolve)
          .on('error', reject)
          .end(bytes);
      }),
    'HTTP/2': (port, bytes) => {
      const session = connectHttp2(`https://${host}:${port}`, secure);
      const stream = session.request({ ':method': 'POST', ':path': '/' });
      session.on('error', (error) => stream.destroy(error));
      stream.on('close', () => session.close());
      return stream.end(bytes);
    },
  };
}

function snapshotOf(flows: number, requests: number): RoutingSnapshot {
  const certificates = [selfSigned('echo.test')];
  const listener = (protocol: Listener['protocol'], targetGroupId: string): Listener => {
    const defaultAction = { type: 'forward', targetGroupId } as const;
    return { id: protocol, loadBalancerId: protocol, host, port: 0, protocol, certificates, defaultAction };
  };
  const group = (id: string, protocol: 'TCP' | 'HTTP', port: number): RoutingSnapshot['targetGroups'][number] => {
    const healthCheck = { ...defaultCheck, protocol: 'TCP' } as const;
    const targets = [{ id: `${host}:${port}`, host, port, phase: 'registered' }] as const;
    return { id, protocol, algorithm: 'round_robin', deregistrationDelayMs: 0, healthCheck, targets };
  };
  return {
    revision: 1,
    listeners: [listener('TCP', 'flows'), listener('TLS', 'flows'), listener('HTTP', 'requests'), listener('HTTPS', 'requests')],
    targetGroups: [group('flows', 'TCP', flows), group('requests', 'HTTP', requests)],
  };
}

/** Half of them fit in one packet, the others are of all sizes. */
function pick(pool: Buffer, random: Random): Buffer {
  const length = Math.ceil(longest ** random.float());
  const start = random.int(pool.length - length);
  return pool.subarray(start, start + length);
}

/** What is wrong with what came back; undefined when nothing is. Now and then the reader rests. */
async function compare(answer: Readable, sent: Buffer, random: Random): Promise<string | undefined> {
  if ('statusCode' in answer && answer.statusCode !== 200) return `answered with ${String(answer.statusCode)}`;
  let at = 0;
  for await (const bytes of answer as AsyncIterable<Buffer>) {
    if (!bytes.equals(sent.subarray(at, at + bytes.length))) return `other bytes after ${at} of ${sent.length}`;
    at += bytes.length;
    if (random.float() < 0.05) await systemClock.sleep(10);
  }
  return at === sent.length ? undefined : `${at} bytes of ${sent.length}`;
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, host, 1024, resolve));
  return (server.address() as AddressInfo).port;
}

export async function echoes(count: number): Promise<Finding> {
  const random = seededRandom(1);
  const pool = Buffer.alloc(4 * longest);
  for (let at = 0; at < pool.length; at += 4) pool.writeUInt32LE(random.int(2 ** 32), at);
  const echo = createServer({ allowHalfOpen: true }, (socket) => void socket.on('error', () => undefined).pipe(socket));
  const httpEcho = createHttpServer((incoming, response) => void incoming.pipe(response));
  // A connection that ends while a POST is on its way to it is a 502, rightly.
  httpEcho.keepAliveTimeout = 0;
  const agents = { plain: new Agent({ keepAlive: true }), tls: new TlsAgent({ keepAlive: true }) };
  const ways = Object.entries(waysOf(agents));
  const failures: string[] = [];
  let left = count;
  let sentBytes = 0;
  try {
    await withBalancer(1, snapshotOf(await listening(echo), await listening(httpEcho)), async (balancer, _port, bound) => {
      const portOf = (way: string): number => bound.find(({ id }) => id === (way === 'HTTP/2' ? 'HTTPS' : way))!.port;
      const client = async (): Promise<void> => {
        while (left-- > 0) {
          const [way, send] = ways[left % ways.length]!;
          const sent = pick(pool, random);
          sentBytes += sent.length;
          const outcome = await Promise.resolve(send(portOf(way), sent))
            .then((answer) => compare(answer, sent, random))
            .catch((error: unknown) => String(error));
          if (outcome !== undefined) failures.push(`${way}: ${outcome}`);
        }
      };
      await Promise.all(Array.from({ length: parallel }, client));
      return balancer;
    });
  } finally {
    for (const agent of [agents.plain, agents.tls]) agent.destroy();
    for (const server of [echo, httpEcho]) server.close();
  }
  return { figures: `${count} echoes, ${(sentBytes / 1e6).toFixed(0)} MB`, failures };
}
