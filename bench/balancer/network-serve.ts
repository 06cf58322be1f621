/** A network balancer with one TCP listener and one target for the benchmark: `network-serve.ts PORT ORIGIN_PORT`. */
import { startBalancer } from '../../src/balancer/index.ts';

const [port, origin] = process.argv.slice(2).map(Number) as [number, number];
const balancer = startBalancer();
const applied = await balancer.apply({
  revision: 1,
  listeners: [
    { id: 'l', loadBalancerId: 'lb', host: '127.0.0.1', port, protocol: 'TCP', defaultAction: { type: 'forward', targetGroupId: 'g' } },
  ],
  targetGroups: [
    {
      id: 'g',
      protocol: 'TCP',
      algorithm: 'round_robin',
      deregistrationDelayMs: 0,
      healthCheck: {
        path: '/',
        port: 'traffic-port',
        intervalMs: 10_000,
        timeoutMs: 5_000,
        protocol: 'TCP',
        healthyThreshold: 2,
        unhealthyThreshold: 2,
        matcher: '200',
      },
      targets: [{ id: 't', host: '127.0.0.1', port: origin, phase: 'registered' }],
    },
  ],
});
if (applied.failed.length > 0) throw new Error(JSON.stringify(applied.failed));
process.on('SIGTERM', () => void balancer.stop(100).then(() => process.exit(0)));
