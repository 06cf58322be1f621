import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { monotonicMs, systemClock } from '../../src/base/index.ts';
import { defaultCheck, eventually, snapshotOf } from '../../src/balancer/testkit.ts';
import { greeter, load, within, withBalancer, type Finding } from './support.ts';

/** What happens to workers, configurations and targets while clients go on. */

/** Workers killed -9 in turn: only requests on connections that the killed one had may be lost, at most one for each client. */
export async function killedWorkers(kills: number, workers: number): Promise<Finding> {
  await using target = await greeter();
  return await withBalancer(workers, snapshotOf([target.port]), async (balancer, port) => {
    const clientCount = 8;
    const clients = load(port, clientCount);
    await within(5_000, () => clients.answered() > 50);
    let longestMs = 0;
    for (let i = 0; i < kills; i++) {
      const before = balancer.pids[i % workers]!;
      const startMs = monotonicMs();
      process.kill(before, 'SIGKILL');
      await eventually(() => balancer.pids[i % workers] !== before);
      const answered = clients.answered();
      await within(5_000, () => clients.answered() > answered + clientCount * 20);
      longestMs = Math.max(longestMs, monotonicMs() - startMs);
      await systemClock.sleep(5_100);
    }
    const { answered, failures } = await clients.stop();
    const bad = failures.filter((failure) => failure !== 'connection lost');
    if (failures.length > kills * clientCount) bad.push(`${failures.length} requests lost by ${kills} kills with ${clientCount} clients`);
    return {
      figures: `${answered} answered, ${failures.length} lost with their connection, flowing again in ${longestMs.toFixed(0)} ms`,
      failures: bad,
    };
  });
}

/** Workers replaced again and again under load: nothing is lost. */
export async function replacedWorkers(times: number): Promise<Finding> {
  await using target = await greeter();
  return await withBalancer(2, snapshotOf([target.port]), async (balancer, port) => {
    const clients = load(port, 8);
    for (let i = 0; i < times; i++) {
      await balancer.replaceWorkers(10_000);
      await systemClock.sleep(100);
    }
    const { answered, failures } = await clients.stop();
    return { figures: `${answered} answered`, failures };
  });
}

/** Configurations swapped under load: nothing is dropped. */
export async function swaps(count: number): Promise<Finding> {
  await using a = await greeter();
  await using b = await greeter();
  return await withBalancer(2, snapshotOf([a.port]), async (balancer, port) => {
    const clients = load(port, 8);
    const sets = [[a.port], [a.port, b.port], [b.port]];
    for (let revision = 2; revision < count + 2; revision++) await balancer.apply(snapshotOf(sets[revision % 3]!, { revision }));
    const { answered, failures } = await clients.stop();
    return { figures: `${answered} answered`, failures };
  });
}

const source = `require('http').createServer((q, s) => s.end('hello')).listen(+process.argv[2], process.argv[1], function () { console.log(this.address().port) })`;

/** An address of its own, so that no client's connection takes its port while it is down. */
async function startTarget(host: string, port = 0): Promise<{ child: ChildProcess; host: string; port: number }> {
  const child = spawn(process.execPath, ['-e', source, host, String(port)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, host, port: Number(line.toString()) };
}

/** Three targets, killed -9 and started again one after the other: no idempotent request fails. */
export async function rollingKills(rounds: number): Promise<Finding> {
  const targets = await Promise.all(['127.0.1.1', '127.0.1.2', '127.0.1.3'].map((host) => startTarget(host)));
  const healthCheck = { ...defaultCheck, intervalMs: 200, timeoutMs: 200, healthyThreshold: 2, unhealthyThreshold: 2 };
  try {
    const registered = targets.map(({ host, port }) => ({ id: host, host, port, phase: 'registered' as const }));
    return await withBalancer(1, snapshotOf([], { group: { healthCheck, targets: registered } }), async (balancer, port) => {
      const healthy = new Set<string>();
      balancer.onHealth(({ targetId, state }) => void (state === 'healthy' ? healthy.add(targetId) : healthy.delete(targetId)));
      await within(5_000, () => healthy.size === 3);
      const clients = load(port, 8);
      for (let i = 0; i < rounds * 3; i++) {
        const target = targets[i % 3]!;
        target.child.kill('SIGKILL');
        await once(target.child, 'exit');
        await systemClock.sleep(500);
        Object.assign(target, await startTarget(target.host, target.port));
        await within(5_000, () => healthy.has(target.host));
        await systemClock.sleep(500);
      }
      const { answered, failures } = await clients.stop();
      return { figures: `${answered} answered, ${rounds * 3} targets killed`, failures };
    });
  } finally {
    for (const { child } of targets) child.kill('SIGKILL');
  }
}
