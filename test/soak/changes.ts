import { monotonicMs, systemClock } from '../../src/base/index.ts';
import { eventually, snapshotOf } from '../../src/balancer/testkit/index.ts';
import { greeter, load, within, withBalancer, type Finding } from './support.ts';

/** What happens to workers and configurations while clients go on. */

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
