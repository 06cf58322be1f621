/**
 * `node bench/aws/large-state.ts`: 10,000 instances and 1,000 target groups in durable state: how long a describe
 * page takes, how long a start takes, and what it weighs.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EC2 } from '@aws-sdk/client-ec2';
import { ElasticLoadBalancingV2 } from '@aws-sdk/client-elastic-load-balancing-v2';

const instances = 10_000;
const groups = 1000;
const samples = 9;

const serve = fileURLToPath(new URL('serve.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'plimsoll-bench-'));

async function start(): Promise<{ stop: () => Promise<void>; url: string; startMs: number; rssMiB: () => number }> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, [serve, '0', folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const url = line.toString().trim();
  await new EC2(config(url)).describeVpcs({});
  return {
    url,
    startMs: performance.now() - startedMs,
    rssMiB: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024,
    stop: async () => {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

const config = (endpoint: string) => ({
  endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  maxAttempts: 1,
});

async function median(call: () => Promise<unknown>): Promise<number> {
  const spans: number[] = [];
  for (let sample = 0; sample < samples; sample++) {
    const startedMs = performance.now();
    await call();
    spans.push(performance.now() - startedMs);
  }
  return spans.toSorted((a, b) => a - b)[Math.floor(samples / 2)]!;
}

try {
  const first = await start();
  const ec2 = new EC2(config(first.url));
  const elb = new ElasticLoadBalancingV2(config(first.url));
  const { Vpcs } = await ec2.describeVpcs({});
  const { Subnets } = await ec2.describeSubnets({});
  const perCall = 100;
  const fillMs = performance.now();
  for (let made = 0; made < instances; made += perCall) {
    await ec2.runInstances({
      ImageId: 'ami-0123456789abcdef0',
      InstanceType: 't3.micro',
      MinCount: perCall,
      MaxCount: perCall,
      SubnetId: Subnets![(made / perCall) % Subnets!.length]!.SubnetId,
    });
  }
  for (let made = 0; made < groups; made++)
    await elb.createTargetGroup({ Name: `group-${made}`, Protocol: 'HTTP', Port: 80, VpcId: Vpcs![0]!.VpcId });
  console.log(`filled in ${((performance.now() - fillMs) / 1000).toFixed(1)} s, ${Math.round(first.rssMiB())} MiB`);
  await first.stop();
  const second = await start();
  const again = new EC2(config(second.url));
  const balancing = new ElasticLoadBalancingV2(config(second.url));
  console.log(`start-up to the first answer: ${Math.round(second.startMs)} ms`);
  const form = (query: string) => async (): Promise<unknown> =>
    (await fetch(second.url, { method: 'POST', body: new URLSearchParams(query) })).text();
  const pages: [string, () => Promise<unknown>][] = [
    ['DescribeInstances, page of 1000, last byte of the answer', form('Action=DescribeInstances&Version=2016-11-15&MaxResults=1000')],
    ['With the SDK: DescribeInstances, page of 100', () => again.describeInstances({ MaxResults: 100 })],
    ['DescribeInstances, page of 1000', () => again.describeInstances({ MaxResults: 1000 })],
    [
      'DescribeInstances by filter',
      () => again.describeInstances({ MaxResults: 100, Filters: [{ Name: 'instance-state-name', Values: ['running'] }] }),
    ],
    ['DescribeNetworkInterfaces, page of 1000', () => again.describeNetworkInterfaces({ MaxResults: 1000 })],
    ['DescribeVolumes, page of 500', () => again.describeVolumes({ MaxResults: 500 })],
    ['DescribeSubnets', () => again.describeSubnets({})],
    ['DescribeTargetGroups, page of 400', () => balancing.describeTargetGroups({ PageSize: 400 })],
  ];
  for (const [name, call] of pages) console.log(`${name}: ${(await median(call)).toFixed(1)} ms`);
  console.log(`after the pages: ${Math.round(second.rssMiB())} MiB`);
  await second.stop();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
