/**
 * One balancer with one target for the benchmark: `serve.ts PORT ORIGIN_PORT supervised|in-process [ACCESS_LOG] [FOLDER]`.
 * FOLDER holds cert.pem and key.pem and makes the listener HTTPS. In-process runs the worker's parts without a child, for
 * runtimes whose child processes cannot talk to ours.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Engine } from '../../src/balancer/engine.ts';
import { probe } from '../../src/balancer/health/probe.ts';
import { startBalancer } from '../../src/balancer/index.ts';
import { Runtime } from '../../src/balancer/runtime.ts';
import type { Listener, RoutingSnapshot } from '../../src/model/index.ts';

const [port, origin] = process.argv.slice(2, 4).map(Number) as [number, number];
const [mode, accessLog, folder] = process.argv.slice(4) as [string, string | undefined, string | undefined];
const secure: Partial<Listener> = folder
  ? {
      protocol: 'HTTPS',
      certificates: [
        { certificate: readFileSync(join(folder, 'cert.pem'), 'utf8'), privateKey: readFileSync(join(folder, 'key.pem'), 'utf8') },
      ],
    }
  : {};
const snapshot: RoutingSnapshot = {
  revision: 1,
  listeners: [
    {
      id: 'l',
      loadBalancerId: 'lb',
      host: '127.0.0.1',
      port,
      protocol: 'HTTP',
      defaultAction: { type: 'forward', targetGroupId: 'g' },
      ...secure,
      attributes: accessLog ? { accessLog } : {},
    },
  ],
  targetGroups: [
    {
      id: 'g',
      protocol: 'HTTP',
      algorithm: 'round_robin',
      deregistrationDelayMs: 0,
      healthCheck: {
        path: '/45',
        port: 'traffic-port',
        intervalMs: 10_000,
        timeoutMs: 5_000,
        healthyThreshold: 2,
        unhealthyThreshold: 2,
        matcher: '200',
      },
      targets: [{ id: 't', host: '127.0.0.1', port: origin, phase: 'registered' }],
    },
  ],
};

if (mode === 'in-process') {
  const runtime = new Runtime(new Engine(), { probe, onHealth: () => undefined, onDrained: () => undefined });
  await runtime.apply(snapshot);
  setInterval(() => runtime.tick(), 1000);
  process.on('SIGTERM', () => process.exit(0));
} else {
  const balancer = startBalancer();
  const applied = await balancer.apply(snapshot);
  if (applied.failed.length > 0) throw new Error(JSON.stringify(applied.failed));
  process.on('SIGTERM', () => void balancer.stop(100).then(() => process.exit(0)));
}
