import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLogger } from '../../src/base/index.ts';
import { openRegion, type Region } from '../../src/region/index.ts';
import { defaultNetwork, region } from './support.ts';

/** What a scenario tells at its end. */
export interface Told {
  /** What the API said to each write while the disk was full. */
  readonly refusals: readonly string[];
  /** Statuses of requests to the load balancer meanwhile. */
  readonly statuses: readonly number[];
  /** Clusters that were made, as far as the API said so. */
  readonly accepted: readonly string[];
  /** Those that there are after the next start. */
  readonly found: readonly string[];
}

/** A region whose data folder is small, and full for a while. */
async function main(dataDir: string): Promise<Told> {
  const live = await open(dataDir);
  const accepted: string[] = [];
  const refusals: string[] = [];
  const create = async (clusterName: string): Promise<void> => {
    try {
      await live.endpoint.call('ecs', 'CreateCluster', { clusterName }, region);
      accepted.push(clusterName);
    } catch (error) {
      refusals.push(String(error));
    }
  };
  const url = await balancer(live);
  await create('before');
  const ballast = join(dataDir, 'ballast');
  fill(ballast);
  for (let index = 0; index < 50; index++) await create(`meanwhile-${index}-${'x'.repeat(200)}`);
  const statuses = await Promise.all(Array.from({ length: 20 }, async () => (await fetch(url)).status));
  rmSync(ballast);
  await create('after');
  await live.close();
  const next = await open(dataDir);
  const { clusterArns = [] } = await next.endpoint.call('ecs', 'ListClusters', {}, region);
  const found = clusterArns.map((arn) => arn.split('/').at(-1) ?? '').toSorted();
  await next.close();
  return { refusals, statuses, accepted: accepted.toSorted(), found };
}

function open(dataDir: string): Promise<Region> {
  return openRegion({ dataDir, portsFor: () => [0], log: createLogger('test', 'silent') });
}

async function balancer(live: Region): Promise<string> {
  const { subnets } = await defaultNetwork(live);
  const { LoadBalancers = [] } = await live.endpoint.call(
    'elbv2',
    'CreateLoadBalancer',
    { Name: 'web', Subnets: subnets.slice(0, 2) },
    region,
  );
  const says = { Type: 'fixed-response', FixedResponseConfig: { StatusCode: '200', MessageBody: 'fine' } } as const;
  const { Listeners = [] } = await live.endpoint.call(
    'elbv2',
    'CreateListener',
    { LoadBalancerArn: LoadBalancers[0]?.LoadBalancerArn ?? '', Port: 80, Protocol: 'HTTP', DefaultActions: [says] },
    region,
  );
  const arn = Listeners[0]?.ListenerArn ?? '';
  await live.waitFor('the listener', 20_000, () => live.loadBalancing.boundTo(arn) !== undefined);
  const { host, port } = live.loadBalancing.boundTo(arn)!;
  return `http://${host}:${port}/`;
}

/** Takes all the room that is left. */
function fill(file: string): void {
  for (const bytes of [100_000, 4096, 1])
    try {
      for (;;) writeFileSync(file, Buffer.alloc(bytes), { flag: 'a' });
    } catch {
      // No room for so much.
    }
}

process.stdout.write(`${JSON.stringify(await main(process.argv[2] ?? ''))}\n`);
