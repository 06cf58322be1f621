/**
 * `node bench/aws/target-groups.ts [MOTO_SERVER]`: create + describe of a target group through the AWS SDK, eight
 * calls in flight, operations per second, against this endpoint (in memory and durable) and, when its command is given,
 * against Moto's server. Each server runs alone on core 0, the client on core 1 (taskset); they take turns, so that none
 * has the client before it is warm or the computer when it is busy, and the median of the turns counts.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EC2 } from '@aws-sdk/client-ec2';
import { ElasticLoadBalancingV2 } from '@aws-sdk/client-elastic-load-balancing-v2';

const turns = 3;
const warmups = 100;
const rounds = 600;
/** Calls in flight, so that client and server both work all the time. */
const inFlight = 8;
const port = await freePort();

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: found } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return found;
}

interface Candidate {
  readonly name: string;
  readonly command: readonly string[];
}

const serve = fileURLToPath(new URL('serve.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'plimsoll-bench-'));
const moto = process.argv[2];
const candidates: Candidate[] = [
  { name: 'plimsoll, in memory', command: [process.execPath, serve, String(port)] },
  { name: 'plimsoll, durable', command: [process.execPath, serve, String(port), folder] },
  ...(moto === undefined ? [] : [{ name: 'moto server', command: [moto, '-p', String(port)] }]),
];

const config = {
  endpoint: `http://127.0.0.1:${port}`,
  region: 'us-east-1',
  credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  maxAttempts: 1,
};

async function ready(): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    try {
      await fetch(config.endpoint);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw new Error('the server did not start');
}

/** User and system time of a process so far; ticks are hundredths of a second (proc(5), sysconf CLK_TCK). */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

interface Measured {
  readonly perSecond: number;
  /** CPU time of the server for each operation. */
  readonly cpuMsEach: number;
}

async function measure(pid: number): Promise<Measured> {
  const { Vpcs } = await new EC2(config).describeVpcs({});
  const elb = new ElasticLoadBalancingV2(config);
  const once = async (index: number): Promise<void> => {
    const { TargetGroups } = await elb.createTargetGroup({ Name: `group-${index}`, Protocol: 'HTTP', Port: 80, VpcId: Vpcs![0]!.VpcId });
    await elb.describeTargetGroups({ TargetGroupArns: [TargetGroups![0]!.TargetGroupArn!] });
  };
  for (let index = 0; index < warmups; index++) await once(index);
  const cpuBeforeMs = cpuMs(pid);
  const startedMs = performance.now();
  let next = warmups;
  const worker = async (): Promise<void> => {
    while (next < warmups + rounds) await once(next++);
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  const operations = rounds * 2;
  const perSecond = (operations * 1000) / (performance.now() - startedMs);
  return { perSecond, cpuMsEach: (cpuMs(pid) - cpuBeforeMs) / operations };
}

function stopped(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}

async function turn({ command }: Candidate): Promise<Measured> {
  const child = spawn('taskset', ['-c', '0', ...command], { stdio: 'ignore' });
  try {
    await ready();
    return await measure(child.pid!);
  } finally {
    await stopped(child);
    rmSync(folder, { recursive: true, force: true });
  }
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

try {
  // The client's own code is warm after a first turn, which does not count.
  await turn(candidates[0]!);
  const measured = candidates.map((): Measured[] => []);
  for (let round = 0; round < turns; round++)
    for (const [index, candidate] of candidates.entries()) measured[index]!.push(await turn(candidate));
  for (const [index, { name }] of candidates.entries()) {
    const perSecond = measured[index]!.map((one) => Math.round(one.perSecond));
    const cpu = median(measured[index]!.map(({ cpuMsEach }) => cpuMsEach));
    console.log(`${name}: ${median(perSecond)} operations/s (${perSecond.join(', ')}), ${cpu.toFixed(2)} ms of CPU each in the server`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
