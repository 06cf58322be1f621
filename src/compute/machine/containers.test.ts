import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import { PlimsollError } from '../../base/index.ts';
import type { ComputeDriver, MachineSpec, WorkloadExit, WorkloadSpec, WorkloadUsage } from '../../model/index.ts';
import { computeErrors } from '../errors.ts';
import { leasesOf } from '../network.ts';
import { until } from '../test-support/driverSuite.ts';
import { makeTestFolder } from '../test-support/leftovers.ts';
import { machineOf, MachineContainers, withContainers, type ContainerEvent, type ContainerRequest } from './containers.ts';

const program = { command: 'false', args: [], cwd: '/', environment: {} };
const machine: MachineSpec = {
  id: 'i-1',
  hostname: 'ip-172-31-0-5',
  address: '172.31.0.5',
  host: '172.31.0.5',
  cpuUnits: 512,
  memoryMiB: 256,
  images: { todo: { ...program, image: 'todo:dev' } },
  metadata: { values: {}, endpoint: 'enabled', tokens: 'optional' },
};

/** A driver that starts what it is told to, in its head. */
class FakeDriver {
  readonly started: WorkloadSpec[] = [];
  readonly stops: [string, number][] = [];
  refusal: Error | undefined;
  exit: (exit: WorkloadExit) => void = () => undefined;
  line: (id: string, line: string) => void = () => undefined;

  get driver(): ComputeDriver {
    const fake: Partial<ComputeDriver> = {
      start: async (spec) => {
        if (this.refusal !== undefined) throw this.refusal;
        this.started.push(spec);
      },
      stop: async (id, graceMs) => {
        this.stops.push([id, graceMs]);
        this.exit({ id, code: 0, signal: null, outOfMemory: false, lastLines: [] });
      },
      onExit: (handler) => void (this.exit = handler),
      onLine: (handler) => void (this.line = handler),
    };
    return fake as ComputeDriver;
  }
}

async function opened(t: TestContext) {
  const folder = makeTestFolder();
  const fake = new FakeDriver();
  const reached = new Set<string>();
  const addresses = ['172.30.1.0', '172.30.1.1'];
  const containers = new MachineContainers({
    driver: fake.driver,
    leases: leasesOf({ kind: 'slice', name: 'test', addresses }),
    onPort: (target, open) => (open ? reached.add(target) : reached.delete(target)),
  });
  const sockets: Socket[] = [];
  const path = join(folder.path, 'engine.sock');
  await containers.open(machine, path);
  const run = (request: ContainerRequest) => {
    const socket = connect(path);
    sockets.push(socket);
    const events: ContainerEvent[] = [];
    socket.on('error', () => undefined);
    const lines = createInterface({ input: socket }).on('error', () => undefined);
    lines.on('line', (line) => events.push(JSON.parse(line) as ContainerEvent));
    socket.write(`${JSON.stringify(request)}\n`);
    const event = (type: ContainerEvent['type']) => until(() => events.find((one) => one.type === type));
    return { socket, event };
  };
  const close = async (): Promise<void> => {
    await containers.close(machine.id);
    for (const socket of sockets) socket.destroy();
    folder.remove();
  };
  t.after(close);
  return { fake, reached, containers, run };
}

const request: ContainerRequest = { image: 'todo:latest', env: ['A=b=c', 'EMPTY'], args: ['serve'], ports: [8080] };

test('a container is what its machine asks for, reached at its ports until it ends with its exit code', async (t) => {
  const { fake, reached, run } = await opened(t);
  const { event } = run(request);
  assert.deepEqual(await event('started'), { type: 'started', address: '172.30.1.0' });
  const { id, ...spec } = fake.started[0]!;
  assert.deepEqual(spec, {
    image: 'todo:dev',
    command: '',
    args: ['serve'],
    cwd: '',
    env: { A: 'b=c', EMPTY: '' },
    address: '172.30.1.0',
    cpuUnits: 512,
    memoryMiB: 256,
  });
  assert.equal(machineOf(id), 'i-1');
  assert.deepEqual([...reached], ['172.30.1.0:8080']);
  fake.line(id, 'listens');
  assert.deepEqual(await event('line'), { type: 'line', line: 'listens' });
  fake.exit({ id, code: null, signal: 'SIGKILL', outOfMemory: false, lastLines: [] });
  assert.deepEqual(await event('exit'), { type: 'exit', code: 137 });
  await until(() => (reached.size === 0 ? true : undefined));
});

test('a container ends with whoever asked for it, and with its machine', async (t) => {
  const { fake, containers, run } = await opened(t);
  const first = run(request);
  await first.event('started');
  first.socket.end();
  await until(() => (fake.stops.length > 0 ? true : undefined));
  assert.deepEqual(fake.stops, [[fake.started[0]!.id, 10_000]]);
  await run({ ...request, image: 'other:1' }).event('started');
  assert.equal(fake.started[1]!.image, 'other:1');
  await containers.close(machine.id);
  assert.deepEqual(fake.stops[1], [fake.started[1]!.id, 0]);
});

test('what cannot be started is refused with the reason, for good unless the Engine is away', async (t) => {
  const { fake, run } = await opened(t);
  fake.refusal = new Error('no such image');
  assert.deepEqual(await run(request).event('refused'), { type: 'refused', message: 'no such image', final: true });
  fake.refusal = new PlimsollError(computeErrors.PL_COMPUTE_DOCKER_UNREACHABLE, { what: 'away' });
  const refused = await run(request).event('refused');
  assert.ok(refused.type === 'refused' && !refused.final);
});

test('what containers use counts as their machine’s', () => {
  const usage = (id: string, part: number): WorkloadUsage => ({
    id,
    cpuPercent: part,
    memoryBytes: part,
    memoryPercent: part,
    networkInBytes: part,
  });
  const found = withContainers([usage('i-1', 1), usage('task', 5), usage('i-1.1', 10), usage('i-1.2', 20), usage('i-2.1', 7)]);
  assert.deepEqual(found, [
    { id: 'i-1', cpuPercent: 31, memoryBytes: 31, memoryPercent: 31, networkInBytes: 1 },
    { id: 'task', cpuPercent: 5, memoryBytes: 5, memoryPercent: 5, networkInBytes: 5 },
  ]);
});
