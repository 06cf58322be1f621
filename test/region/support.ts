import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, systemClock } from '../../src/base/index.ts';
import { claimLoopbackNetwork, createMachines, createProcessDriver } from '../../src/compute/index.ts';
import { openRegion, type Region, type RegionOptions } from '../../src/region/index.ts';

export const region = 'us-east-1';

/** A region in a folder of its own. */
export interface TestRegion {
  readonly live: Region;
  readonly folder: string;
  /** Ends it, and says what it has left behind: nothing. */
  close(): Promise<void>;
}

export async function startRegion(options: Partial<RegionOptions> = {}): Promise<TestRegion> {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-region-'));
  chmodSync(folder, 0o711);
  const live = await openRegion({ dataDir: folder, portsFor: () => [0], log: createLogger('test', 'silent'), ...options });
  return {
    live,
    folder,
    async close() {
      await live.close();
      // What was killed a moment ago may still be ending.
      for (let tries = 0; tries < 100 && processesOf(folder).length > 0; tries++) await systemClock.sleep(50);
      assert.deepEqual(processesOf(folder), []);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Processes whose command line names the folder. */
export function processesOf(folder: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid !== process.pid)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder);
      } catch {
        return false;
      }
    });
}

/** The default VPC and its subnets. */
export async function defaultNetwork({ endpoint }: Region): Promise<{ vpcId: string; subnets: string[] }> {
  const { Subnets = [] } = await endpoint.call('ec2', 'DescribeSubnets', {}, region);
  return { vpcId: Subnets[0]?.VpcId ?? '', subnets: Subnets.flatMap(({ SubnetId }) => SubnetId ?? []) };
}

export const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** User data of a web server whose page is the instance's id. */
export const webServer = `#!/bin/bash
yum -y install httpd
systemctl enable httpd
systemctl start httpd
exec 3<>/dev/tcp/169.254.169.254/80
printf 'GET /latest/meta-data/instance-id HTTP/1.0\\r\\n\\r\\n' >&3
tail -n 1 <&3 > /var/www/html/index.html
`;

/** Whether this computer lets us make machines at all; where not, `plimsoll` says why and there is nothing to test. */
export async function refusal(): Promise<string | false> {
  if (process.platform !== 'linux') return 'needs Linux namespaces';
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-probe-'));
  const network = await claimLoopbackNetwork();
  const driver = await createProcessDriver({ dataDir: folder, network });
  try {
    await (await createMachines({ driver, network })).close();
    return false;
  } catch (error) {
    return String(error);
  } finally {
    await driver.close();
    await network.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A load balancer with one listener, of HTTP at port 80, that forwards to a target group; resolves with its URL once it listens. */
export async function listenAtPort80(
  live: Region,
  door: { name: string; subnets: readonly string[]; targetGroupArn: string; securityGroups?: readonly string[] },
): Promise<string> {
  const { name: Name, subnets, targetGroupArn, securityGroups = [] } = door;
  const shape = { Name, Subnets: subnets.slice(0, 2), SecurityGroups: [...securityGroups] };
  const { LoadBalancers = [] } = await live.endpoint.call('elbv2', 'CreateLoadBalancer', shape, region);
  const { Listeners = [] } = await live.endpoint.call(
    'elbv2',
    'CreateListener',
    {
      LoadBalancerArn: LoadBalancers[0]?.LoadBalancerArn ?? '',
      Port: 80,
      Protocol: 'HTTP',
      DefaultActions: [{ Type: 'forward', TargetGroupArn: targetGroupArn }],
    },
    region,
  );
  const listener = Listeners[0]?.ListenerArn ?? '';
  await live.waitFor('the listener', 90_000, () => live.loadBalancing.boundTo(listener) !== undefined);
  const bound = live.loadBalancing.boundTo(listener)!;
  return `http://${bound.host}:${bound.port}/`;
}
