/**
 * What the console costs: bytes and time of the first load, CPU and memory of the browser and of the server while a page with
 * 50 tasks is open. `node bench/console/page.ts [SECONDS]`; Linux, needs Chromium.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { ECS } from '@aws-sdk/client-ecs';
import { EC2 } from '@aws-sdk/client-ec2';
import { ElasticLoadBalancingV2 } from '@aws-sdk/client-elastic-load-balancing-v2';

const spanMs = Number(process.argv[2] ?? 30) * 1000;
const bin = fileURLToPath(new URL('../../bin/plimsoll.js', import.meta.url));
const up = spawn(process.execPath, [bin, 'up', '--control-plane-only', '--ephemeral', '--json', '--port', '0', '--console-port', '0'], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const [line] = (await once(up.stdout, 'data')) as [Buffer];
const { endpoint, console: page } = JSON.parse(line.toString()) as { endpoint: string; console: string };
const config = { endpoint, region: 'us-east-1', credentials: { accessKeyId: 'x', secretAccessKey: 'x' } };
await make();

const executablePath = execFileSync('which', ['chromium'], { encoding: 'utf8' }).trim();
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
try {
  for (const path of ['/', '/load-balancers/front?tab=Monitoring', '/ecs/home/web?tab=Tasks']) {
    const tab = await browser.newPage({ viewport: { width: 1400, height: 900 } });
    let bytes = 0;
    const session = await tab.context().newCDPSession(tab);
    await session.send('Network.enable');
    session.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
    const startMs = performance.now();
    await tab.goto(page + path);
    await tab.locator('h1').waitFor();
    const shownMs = performance.now() - startMs;
    const loaded = bytes;
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const before = [cpuMs(up.pid!), cpuMs(...browserPids())] as const;
    const heapBefore = await heapOf(session);
    await new Promise((resolve) => setTimeout(resolve, spanMs));
    const after = [cpuMs(up.pid!), cpuMs(...browserPids())] as const;
    const percent = (index: 0 | 1): string => ((100 * (after[index] - before[index])) / spanMs).toFixed(1);
    const heap = `${(heapBefore / 2 ** 20).toFixed(1)} → ${((await heapOf(session)) / 2 ** 20).toFixed(1)} MB`;
    console.log(
      `${path}: ${(loaded / 1024).toFixed(0)} KB in ${shownMs.toFixed(0)} ms; server ${percent(0)} %, browser ${percent(1)} % of a core; heap of the page ${heap}`,
    );
    await tab.close();
  }
} finally {
  await browser.close();
  up.kill('SIGINT');
}

async function make(): Promise<void> {
  const { Subnets = [] } = await new EC2(config).describeSubnets({});
  const subnets = Subnets.slice(0, 2).map(({ SubnetId }) => SubnetId!);
  const elb = new ElasticLoadBalancingV2(config);
  const { TargetGroups } = await elb.createTargetGroup({
    Name: 'web',
    Protocol: 'HTTP',
    Port: 80,
    VpcId: Subnets[0]!.VpcId!,
    TargetType: 'ip',
  });
  const TargetGroupArn = TargetGroups![0]!.TargetGroupArn!;
  const { LoadBalancers } = await elb.createLoadBalancer({ Name: 'front', Subnets: subnets });
  const LoadBalancerArn = LoadBalancers![0]!.LoadBalancerArn!;
  await elb.createListener({ LoadBalancerArn, Port: 80, Protocol: 'HTTP', DefaultActions: [{ Type: 'forward', TargetGroupArn }] });
  const ecs = new ECS(config);
  await ecs.createCluster({ clusterName: 'home' });
  await ecs.registerTaskDefinition({
    family: 'web',
    networkMode: 'awsvpc',
    requiresCompatibilities: ['FARGATE'],
    cpu: '256',
    memory: '512',
    containerDefinitions: [{ name: 'web', image: 'web', portMappings: [{ containerPort: 80 }] }],
  });
  await ecs.createService({
    cluster: 'home',
    serviceName: 'web',
    taskDefinition: 'web',
    desiredCount: 50,
    launchType: 'FARGATE',
    networkConfiguration: { awsvpcConfiguration: { subnets } },
    loadBalancers: [{ targetGroupArn: TargetGroupArn, containerName: 'web', containerPort: 80 }],
  });
}

/** Used by processes so far; Linux counts in ticks of 10 ms. */
function cpuMs(...pids: number[]): number {
  let sum = 0;
  for (const pid of pids) {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    sum += (Number(fields[11]) + Number(fields[12])) * 10;
  }
  return sum;
}

/** Chromium and all processes below it. */
function browserPids(): number[] {
  const parents = new Map<number, number>();
  for (const pid of readdirSync('/proc').map(Number).filter(Number.isInteger)) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      parents.set(pid, Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // It has ended.
    }
  }
  const below = (root: number): number[] => [...parents].filter(([, parent]) => parent === root).flatMap(([pid]) => [pid, ...below(pid)]);
  return below(process.pid).filter((pid) => pid !== up.pid);
}

async function heapOf(session: {
  send(method: 'HeapProfiler.collectGarbage' | 'Runtime.getHeapUsage'): Promise<unknown>;
}): Promise<number> {
  await session.send('HeapProfiler.collectGarbage');
  return ((await session.send('Runtime.getHeapUsage')) as { usedSize: number }).usedSize;
}
