import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { systemClock } from '../../src/base/index.ts';
import { defaultCheck, snapshotOf } from '../../src/balancer/testkit/index.ts';
import type { Listener, TargetGroup } from '../../src/model/index.ts';
import { load, within, withBalancer, type Finding, type LoadResult } from './support.ts';

/** Targets that die while clients go on. */

const source = `require('http').createServer((q, s) => s.end('hello')).listen(+process.argv[2], process.argv[1], function () { console.log(this.address().port) })`;

/** An address of its own, so that no client's connection takes its port while it is down. */
async function startTarget(host: string, port = 0): Promise<{ child: ChildProcess; host: string; port: number }> {
  const child = spawn(process.execPath, ['-e', source, host, String(port)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, host, port: Number(line.toString()) };
}

interface Kind {
  readonly listener?: Partial<Listener>;
  readonly group?: Partial<TargetGroup>;
}

/** Three targets, killed -9 and started again one after the other. */
async function rollingKills(rounds: number, { listener = {}, group = {} }: Kind): Promise<LoadResult> {
  const targets = await Promise.all(['127.0.1.1', '127.0.1.2', '127.0.1.3'].map((host) => startTarget(host)));
  const healthCheck = { ...defaultCheck, intervalMs: 200, timeoutMs: 200, healthyThreshold: 2, unhealthyThreshold: 2 };
  const registered = targets.map(({ host, port }) => ({ id: host, host, port, phase: 'registered' as const }));
  try {
    const snapshot = snapshotOf([], { listener, group: { healthCheck, targets: registered, ...group } });
    return await withBalancer(1, snapshot, async (balancer, port) => {
      const healthy = new Set<string>();
      balancer.onHealth(({ targetId, state }) => void (state === 'healthy' ? healthy.add(targetId) : healthy.delete(targetId)));
      await within(5_000, () => healthy.size === 3);
      const clients = load(port, clientCount);
      for (let i = 0; i < rounds * 3; i++) {
        const target = targets[i % 3]!;
        target.child.kill('SIGKILL');
        await once(target.child, 'exit');
        await systemClock.sleep(500);
        Object.assign(target, await startTarget(target.host, target.port));
        await within(5_000, () => healthy.has(target.host));
        await systemClock.sleep(500);
      }
      return await clients.stop();
    });
  } finally {
    for (const { child } of targets) child.kill('SIGKILL');
  }
}

const clientCount = 8;

/** No idempotent request fails. */
export async function requestsWhileTargetsDie(rounds: number): Promise<Finding> {
  const { answered, failures } = await rollingKills(rounds, {});
  return { figures: `${answered} answered, ${rounds * 3} targets killed`, failures };
}

/** A layer 4 balancer cannot send again what a flow carried: a flow ends with its target, and each new one finds another. */
export async function flowsWhileTargetsDie(rounds: number): Promise<Finding> {
  const { answered, failures } = await rollingKills(rounds, { listener: { protocol: 'TCP' }, group: { protocol: 'TCP' } });
  const bad = failures.filter((failure) => failure !== 'connection lost');
  if (failures.length > rounds * 3 * clientCount)
    bad.push(`${failures.length} flows lost by ${rounds * 3} kills with ${clientCount} clients`);
  return { figures: `${answered} answered, ${rounds * 3} targets killed, ${failures.length} flows lost with their target`, failures: bad };
}
