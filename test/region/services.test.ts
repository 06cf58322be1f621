import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { services } from '../../src/aws/index.ts';
import { systemClock } from '../../src/base/index.ts';
import { createEcsStack, setDesiredCount } from '../../src/cli/demo/ecs.ts';
import { databaseOf, healthyUnits, type Stack } from '../../src/cli/demo/stack.ts';
import type { Region } from '../../src/region/index.ts';
import { processesOf, startRegion, type TestRegion } from './support.ts';

/** The whole stack on real parts: what breaks is mended without help. */
describe('a running region', { skip: process.platform !== 'linux' && 'reads /proc' }, () => {
  let own: TestRegion;
  let folder = '';
  let region: Region;
  let stack: Stack;

  before(async () => {
    own = await startRegion({ timeScale: 20 });
    folder = own.folder;
    region = own.live;
    const signal = new AbortController().signal;
    stack = await createEcsStack(region, { cpuUnits: 1024, memoryMiB: 512, targetCpuPercent: 1000, signal }, () => undefined);
  });

  after(async () => {
    await own?.close();
  });

  const todos = (): Promise<Response> => fetch(`${stack.url}/api/v1/todos`);
  const serviceArn = 'arn:aws:ecs:us-east-1:123456789012:service/taskoverflow/taskoverflow';
  const tasks = (): string[] => stack.units().map(({ id }) => id);
  const healthy = (count: number): Promise<void> =>
    region.waitFor(`${count} healthy tasks`, 90_000, () => healthyUnits(stack) === count && tasks().length === count);

  test('scaling out and in under traffic loses no request', async () => {
    let answered = 0;
    const failures: string[] = [];
    const traffic = { on: true };
    const client = async (): Promise<void> => {
      while (traffic.on) {
        const answer = await todos().catch((error: unknown) => String(error));
        if (typeof answer !== 'string' && answer.status === 200) answered++;
        else failures.push(typeof answer === 'string' ? answer : `status ${answer.status}`);
        if (typeof answer !== 'string') await answer.arrayBuffer();
      }
    };
    const clients = Array.from({ length: 8 }, client);
    await setDesiredCount(region, 3);
    await healthy(3);
    await setDesiredCount(region, 1);
    await healthy(1);
    traffic.on = false;
    await Promise.all(clients);
    assert.deepEqual(failures, []);
    assert.ok(answered > 100, `${answered} answers`);
  });

  test('a task that is killed is replaced', async () => {
    const [victim = ''] = tasks();
    await region.driver.stop(victim, 0);
    await region.waitFor('the replacement', 90_000, () => !tasks().includes(victim));
    await healthy(1);
    assert.equal((await todos()).status, 200);
    const ended = region.services.tasksOf(serviceArn).find(({ task }) => task.id === victim)?.task;
    assert.match(ended?.stoppedReason ?? '', /^Essential container in task exited/);
  });

  test('a PostgreSQL that is killed comes back at its address, and the service with it', async () => {
    const [pid = 0] = processesOf(join(folder, 'rds'));
    const address = databaseOf(region).Endpoint?.Address;
    process.kill(pid, 'SIGKILL');
    await region.waitFor('the database is gone', 90_000, () => databaseOf(region).DBInstanceStatus !== 'available');
    await region.waitFor('the database is back', 90_000, () => databaseOf(region).DBInstanceStatus === 'available');
    assert.equal(databaseOf(region).Endpoint?.Address, address);
    await healthy(1);
    assert.equal((await todos()).status, 200);
  });

  test('while the database is away its service says so and is unhealthy; when it is back all mends without help', async () => {
    const change = (operation: 'StopDBInstance' | 'StartDBInstance') =>
      region.endpoint.call('rds', operation, { DBInstanceIdentifier: 'taskoverflow' }, 'us-east-1');
    const victim = region.services.tasksOf(serviceArn).find(({ task }) => task.state === 'RUNNING');
    await change('StopDBInstance');
    await region.waitFor('the database has stopped', 90_000, () => databaseOf(region).DBInstanceStatus === 'stopped');
    const answer = await fetch(`http://${victim?.task.address}:6400/api/v1/health`);
    assert.equal(answer.status, 503);
    assert.match(await answer.text(), /database/);
    await region.waitFor('none is healthy', 90_000, () => healthyUnits(stack) === 0);
    await change('StartDBInstance');
    await region.waitFor('one is healthy', 90_000, () => healthyUnits(stack) === 1);
    assert.equal((await todos()).status, 200);
  });

  test('a balancer process that is killed is started again with what it knew', async () => {
    const [pid = 0] = region.balancerPids;
    process.kill(pid, 'SIGKILL');
    await region.waitFor('another process', 90_000, () => !region.balancerPids.includes(pid));
    let answer: Response | undefined;
    for (let tries = 0; tries < 100 && answer?.status !== 200; tries++) {
      answer = await todos().catch(() => undefined);
      await systemClock.sleep(50);
    }
    assert.equal(answer?.status, 200);
  });

  test('what happened is in the events and metrics, in AWS’s words', async () => {
    const record = region.place('us-east-1').table(services).get(serviceArn);
    const events = (record?.events ?? []).map(({ message = '' }) => message);
    assert.ok(events.some((message) => /^\(service taskoverflow\) has started 2 tasks: \(task \w{32}\) \(task \w{32}\)\.$/.test(message)));
    assert.ok(events.some((message) => message === '(service taskoverflow) has reached a steady state.'));
    const nowMs = region.clock.nowMs();
    const identity = {
      namespace: 'AWS/ECS',
      name: 'CPUUtilization',
      dimensions: { ClusterName: 'taskoverflow', ServiceName: 'taskoverflow' },
    };
    const query = { identity, statistic: 'Average', periodS: 60, startMs: nowMs - 3_600_000, endMs: nowMs } as const;
    assert.ok(region.measurements.of(region.place('us-east-1')).statistics(query).length > 0);
    const names = new Set(
      region.measurements
        .of(region.place('us-east-1'))
        .list({ namespace: 'AWS/ApplicationELB' })
        .map((metric) => metric.name),
    );
    for (const name of ['RequestCount', 'TargetResponseTime', 'HTTPCode_Target_2XX_Count']) assert.ok(names.has(name), name);
  });
});
