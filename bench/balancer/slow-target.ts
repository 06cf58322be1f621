/**
 * Quality of the choice with real processes: the trace of quality.ts in real time, through HAProxy and through Plimsoll.
 *
 *     node bench/balancer/slow-target.ts [--seconds 10] [--only haproxy:leastconn,plimsoll:peak_ewma,…]
 *
 * Four targets of eight slots each; a request takes a slot for an exponential time of 10 ms on average, on the last target of
 * 100 ms. Arrivals are Poisson, 1,000 per second, and bring the draw of their time with them, so that it is the same
 * through every balancer. Times count from when a request was due; the first second is not counted. Afterwards everyone waits
 * until all are answered.
 */
import { once } from 'node:events';
import { Agent, createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { Histogram, seededRandom } from '../../src/base/index.ts';
import { bench, pause, proxyPort, say, startHaproxy, startPlimsoll, withProxy, type Proxy } from './setup.ts';

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    only: {
      type: 'string',
      default:
        'haproxy:leastconn,plimsoll:least_outstanding_requests,plimsoll:peak_ewma,plimsoll:random_two_choices,haproxy:roundrobin,plimsoll:round_robin',
    },
  },
});
const PER_SECOND = 1_000;
const SLOTS = 8;
const means = [10, 10, 10, 100];

/** A target: at most eight requests at a time, the others wait in turn. `/take/N` takes N times its mean, health checks nothing. */
async function startTarget(meanMs: number): Promise<Server> {
  let busy = 0;
  const waiting: (() => void)[] = [];
  const done = (): void => {
    busy--;
    waiting.shift()?.();
  };
  const server = createServer({ keepAliveTimeout: 600_000 }, (asked, answer) => {
    const serviceMs = Number(asked.url?.split('/take/')[1]) * meanMs;
    const begin = (): void => {
      busy++;
      setTimeout(() => {
        answer.end('ok');
        done();
      }, serviceMs);
    };
    if (Number.isNaN(serviceMs)) answer.end('ok');
    else if (busy < SLOTS) begin();
    else waiting.push(begin);
  });
  server.listen(0, '127.0.0.1', 4096);
  await once(server, 'listening');
  return server;
}

interface Arrival {
  readonly dueMs: number;
  readonly draw: number;
}

function trace(): readonly Arrival[] {
  const random = seededRandom('slow target');
  const exponential = (): number => -Math.log(1 - random.float());
  const arrivals: Arrival[] = [];
  for (let dueMs = 0; dueMs < Number(flags.seconds) * 1000; dueMs += (exponential() * 1000) / PER_SECOND)
    arrivals.push({ dueMs, draw: exponential() });
  return arrivals;
}

/** Sends the arrivals when they are due, whatever has been answered. */
async function play(arrivals: readonly Arrival[]): Promise<Histogram> {
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  const latencies = new Histogram();
  const startMs = performance.now();
  const ask = ({ dueMs, draw }: Arrival): Promise<void> =>
    new Promise((resolve, reject) => {
      const sent = request({ port: proxyPort, host: '127.0.0.1', path: `/take/${draw.toFixed(4)}`, agent }, (answer) => {
        if (answer.statusCode !== 200) reject(new Error(`status ${answer.statusCode}`));
        answer.resume().on('end', () => {
          if (dueMs > 1_000) latencies.record(performance.now() - startMs - dueMs);
          resolve();
        });
      });
      sent.on('error', reject).end();
    });
  const asked: Promise<void>[] = [];
  while (asked.length < arrivals.length) {
    const nowMs = performance.now() - startMs;
    while (asked.length < arrivals.length && arrivals[asked.length]!.dueMs <= nowMs) asked.push(ask(arrivals[asked.length]!));
    await pause(1);
  }
  await Promise.all(asked);
  agent.destroy();
  return latencies;
}

function proxyFor(name: string, ports: readonly number[]): () => Proxy {
  const [kind, algorithm = ''] = name.split(':');
  if (kind === 'plimsoll') return () => startPlimsoll(['--origins', ports.join(), '--algorithm', algorithm]);
  const servers = ports.map((port, index) => `server s${index} 127.0.0.1:${port} check inter 10s`);
  const sections = ['frontend in', `bind 127.0.0.1:${proxyPort}`, 'default_backend out', 'backend out', `balance ${algorithm}`, ...servers];
  return () => startHaproxy(['mode http', 'http-reuse always'], sections);
}

await bench(async () => {
  const targets = await Promise.all(means.map(startTarget));
  const ports = targets.map((target) => (target.address() as AddressInfo).port);
  const arrivals = trace();
  say('| balancer | mean ms | p50 | p99 |\n|---|---|---|---|');
  for (const name of flags.only.split(',')) {
    const h = await withProxy(proxyFor(name, ports), () => play(arrivals));
    say(`| ${name} | ${h.mean.toFixed(1)} | ${h.quantile(0.5).toFixed(1)} | ${h.quantile(0.99).toFixed(1)} |`);
  }
  for (const target of targets) {
    target.closeAllConnections();
    target.close();
  }
});
