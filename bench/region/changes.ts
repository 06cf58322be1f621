/**
 * `node bench/region/changes.ts`: how long a change takes from the API to the running data plane. Each is asked for by the
 * AWS SDK over HTTP, while one client asks the load balancer for a page again and again; it is there with the first answer
 * (a deregistration: after the last) that shows it. Then the data plane is killed, and what fails meanwhile is counted.
 */
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateTargetGroupCommand,
  DeregisterTargetsCommand,
  ElasticLoadBalancingV2Client,
  ModifyListenerCommand,
  RegisterTargetsCommand,
  type Action,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { createLogger, monotonicMs, systemClock } from '../../src/base/index.ts';
import { openRegion } from '../../src/region/index.ts';

const runs = 50;
const dataDir = mkdtempSync(join(tmpdir(), 'plimsoll-bench-'));
chmodSync(dataDir, 0o711);
const region = await openRegion({ dataDir, portsFor: () => [0], log: createLogger('bench', 'silent') });
const client = new ElasticLoadBalancingV2Client({
  endpoint: region.endpoint.url,
  region: 'us-east-1',
  credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
});
const servers: Server[] = [];
try {
  const [one, two] = [await serve('one'), await serve('two')];
  const { Subnets = [] } = await region.endpoint.call('ec2', 'DescribeSubnets', {}, 'us-east-1');
  const subnets = Subnets.slice(0, 2).flatMap(({ SubnetId }) => SubnetId ?? []);
  const vpc = Subnets[0]?.VpcId ?? '';
  const { LoadBalancers = [] } = await client.send(new CreateLoadBalancerCommand({ Name: 'bench', Subnets: subnets }));
  const [first, second] = [await group('first', one, vpc), await group('second', two, vpc)];
  const { Listeners = [] } = await client.send(
    new CreateListenerCommand({
      LoadBalancerArn: LoadBalancers[0]?.LoadBalancerArn,
      Port: 80,
      Protocol: 'HTTP',
      DefaultActions: [forward(100, 0)],
    }),
  );
  const ListenerArn = Listeners[0]?.ListenerArn ?? '';
  await region.waitFor('the listener', 5000, () => region.loadBalancing.boundTo(ListenerArn) !== undefined);
  const bound = region.loadBalancing.boundTo(ListenerArn);
  const url = `http://${bound?.host}:${bound?.port}/`;
  const change = (DefaultActions: Action[]) => client.send(new ModifyListenerCommand({ ListenerArn, DefaultActions }));

  const times = { rule: [] as number[], weights: [] as number[], registration: [] as number[], deregistration: [] as number[] };
  for (let run = 0; run < runs; run++) {
    times.rule.push(
      await until(
        () => change([says(`page ${run}`)]),
        (page) => page === `page ${run}`,
      ),
    );
    await change([forward(100, 0)]);
    await systemClock.sleep(100);
    times.weights.push(
      await until(
        () => change([forward(0, 100)]),
        (page) => page === 'two',
      ),
    );
    await change([forward(100, 0)]);
    await systemClock.sleep(100);
    const target = { TargetGroupArn: first, Targets: [{ Id: '127.0.0.1', Port: two }] };
    times.registration.push(
      await until(
        () => client.send(new RegisterTargetsCommand(target)),
        (page) => page === 'two',
      ),
    );
    times.deregistration.push(await lastOf('two', () => client.send(new DeregisterTargetsCommand(target))));
  }
  console.log(`from the request to the data plane, ms (${runs} each)`);
  for (const [what, all] of Object.entries(times)) {
    const sorted = all.toSorted((a, b) => a - b);
    const at = (part: number): string => (sorted[Math.floor(part * (sorted.length - 1))] ?? 0).toFixed(1).padStart(6);
    console.log(`  ${what.padEnd(16)} median ${at(0.5)}  p95 ${at(0.95)}  most ${at(1)}`);
  }

  const { pid } = JSON.parse(readFileSync(join(dataDir, 'data-plane.json'), 'utf8')) as { pid: number };
  const killedMs = monotonicMs();
  process.kill(pid, 'SIGKILL');
  let failed = 0;
  // Its workers answer until they notice.
  while ((await ask()) !== undefined);
  const downMs = monotonicMs();
  for (; (await ask()) === undefined; failed++) await systemClock.sleep(5);
  console.log(
    `data plane killed: the last answer after ${Math.round(downMs - killedMs)} ms, the next ${Math.round(monotonicMs() - downMs)} ms`,
  );
  console.log(`later, ${failed + 1} requests failed meanwhile`);

  async function ask(): Promise<string | undefined> {
    try {
      const answer = await fetch(url);
      const page = await answer.text();
      return answer.status === 200 ? page : undefined;
    } catch {
      return undefined;
    }
  }

  async function until(act: () => Promise<unknown>, shows: (page: string | undefined) => boolean): Promise<number> {
    const startMs = monotonicMs();
    const acted = act();
    while (!shows(await ask())) if (monotonicMs() - startMs > 60_000) throw new Error('the change never came');
    const tookMs = monotonicMs() - startMs;
    await acted;
    return tookMs;
  }

  /** When the last answer came that says `page`, of those of half a second. */
  async function lastOf(page: string, act: () => Promise<unknown>): Promise<number> {
    const startMs = monotonicMs();
    let lastMs = startMs;
    const acted = act();
    while (monotonicMs() - startMs < 500) if ((await ask()) === page) lastMs = monotonicMs();
    await acted;
    return lastMs - startMs;
  }

  function forward(...weights: number[]): Action {
    const TargetGroups = [first, second].map((TargetGroupArn, index) => ({ TargetGroupArn, Weight: weights[index] ?? 0 }));
    return { Type: 'forward', ForwardConfig: { TargetGroups } };
  }
} finally {
  client.destroy();
  for (const server of servers) server.close();
  await region.close();
  rmSync(dataDir, { recursive: true, force: true });
}

function says(MessageBody: string): Action {
  return { Type: 'fixed-response', FixedResponseConfig: { StatusCode: '200', MessageBody } };
}

async function serve(page: string): Promise<number> {
  const server = createServer((_, response) => response.end(page));
  servers.push(server);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return (server.address() as AddressInfo).port;
}

async function group(Name: string, port: number, VpcId: string): Promise<string> {
  const { TargetGroups = [] } = await client.send(
    new CreateTargetGroupCommand({ Name, Port: port, Protocol: 'HTTP', VpcId, TargetType: 'ip' }),
  );
  const TargetGroupArn = TargetGroups[0]?.TargetGroupArn ?? '';
  await client.send(new RegisterTargetsCommand({ TargetGroupArn, Targets: [{ Id: '127.0.0.1', Port: port }] }));
  return TargetGroupArn;
}
