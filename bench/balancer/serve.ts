/**
 * One balancer for the benchmarks: `serve.ts --port PORT --origins PORT,… [--protocol HTTP] [--algorithm round_robin] [--workers 1]
 * [--access-log FILE] [--certificates FOLDER] [--in-process]`. FOLDER holds cert.pem and key.pem, for HTTPS and TLS. In-process runs
 * the worker's parts without a child, for runtimes whose child processes cannot talk to ours.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Engine } from '../../src/balancer/engine.ts';
import { probe } from '../../src/balancer/health/probe.ts';
import { startBalancer } from '../../src/balancer/index.ts';
import { Runtime } from '../../src/balancer/runtime.ts';
import { isNetworkProtocol, type Algorithm, type Listener, type RoutingSnapshot, type TargetGroup } from '../../src/model/index.ts';

const { values: flags } = parseArgs({
  options: {
    port: { type: 'string', default: '' },
    origins: { type: 'string', default: '' },
    protocol: { type: 'string', default: 'HTTP' },
    algorithm: { type: 'string', default: 'round_robin' },
    workers: { type: 'string', default: '1' },
    'access-log': { type: 'string', default: '' },
    certificates: { type: 'string', default: '' },
    'in-process': { type: 'boolean', default: false },
  },
});
const protocol = flags.protocol as Listener['protocol'];
const flows = isNetworkProtocol(protocol);
const pem = (name: string): string => readFileSync(join(flags.certificates, name), 'utf8');
const groupProtocol: TargetGroup['protocol'] = protocol === 'UDP' ? 'UDP' : flows ? 'TCP' : 'HTTP';
const snapshot: RoutingSnapshot = {
  revision: 1,
  listeners: [
    {
      id: 'l',
      loadBalancerId: 'lb',
      host: '127.0.0.1',
      port: Number(flags.port),
      protocol,
      defaultAction: { type: 'forward', targetGroupId: 'g' },
      ...(flags.certificates === '' ? {} : { certificates: [{ certificate: pem('cert.pem'), privateKey: pem('key.pem') }] }),
      ...(flags['access-log'] === '' ? {} : { attributes: { accessLog: flags['access-log'] } }),
    },
  ],
  targetGroups: [
    {
      id: 'g',
      protocol: groupProtocol,
      algorithm: flags.algorithm as Algorithm,
      deregistrationDelayMs: 0,
      healthCheck: {
        path: '/45',
        port: 'traffic-port',
        intervalMs: 10_000,
        timeoutMs: 5_000,
        protocol: flows ? 'TCP' : 'HTTP',
        healthyThreshold: 2,
        unhealthyThreshold: 2,
        matcher: '200',
      },
      targets: flags.origins.split(',').map((port) => ({ id: port, host: '127.0.0.1', port: Number(port), phase: 'registered' })),
    },
  ],
};

if (flags['in-process']) {
  const runtime = new Runtime(new Engine(), { probe, onHealth: () => undefined, onDrained: () => undefined });
  await runtime.apply(snapshot);
  setInterval(() => runtime.tick(), 1000);
  process.on('SIGTERM', () => process.exit(0));
} else {
  const balancer = startBalancer({ workers: Number(flags.workers) });
  const applied = await balancer.apply(snapshot);
  if (applied.failed.length > 0) throw new Error(JSON.stringify(applied.failed));
  process.on('SIGTERM', () => void balancer.stop(100).then(() => process.exit(0)));
}
