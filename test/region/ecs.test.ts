import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { tasks as taskRecords } from '../../src/aws/index.ts';
import type { Region } from '../../src/region/index.ts';
import { createService, images, type TestService } from './service.ts';
import { defaultNetwork, region, startRegion, type TestRegion } from './support.ts';
import { startTraffic } from './traffic.ts';

const probe = `fetch('http://localhost:8080/health').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))`;
const quick = { intervalS: 5, timeoutS: 2, healthy: 2, unhealthy: 2 };

describe('ECS services that really run', { skip: process.platform !== 'linux' && 'reads /proc' }, () => {
  let own: TestRegion;
  let live: Region;

  before(async () => {
    own = await startRegion({ timeScale: 20, images });
    live = own.live;
  });
  after(() => own?.close());

  const until = (what: string, holds: () => boolean): Promise<void> => live.waitFor(what, 90_000, holds);
  const settled = (service: TestService, count: number): Promise<void> =>
    until(`${count} healthy tasks`, () => service.healthy().length === count && service.tasks().length === count);
  const recordOf = (id: string) =>
    live
      .place(region)
      .table(taskRecords)
      .find(({ taskArn }) => taskArn.endsWith(id))!;

  test('under load: a new version rolls out, tasks are killed and stopped, and no request fails', async () => {
    const service = await createService(live, {
      name: 'steady',
      desiredCount: 2,
      healthCheck: quick,
      environment: { VERSION: 'old', DELAY_MS: '5' },
    });
    await settled(service, 2);
    const traffic = startTraffic(service.url);
    await service.update({ taskDefinition: await service.revise({ VERSION: 'new', DELAY_MS: '5' }) });
    await until('the rollout', () => service.record().deployments?.every(({ rolloutState }) => rolloutState === 'COMPLETED') === true);
    await settled(service, 2);
    assert.equal(await (await fetch(service.url)).text(), 'new');

    const before = service.tasks().map(({ id }) => id);
    await service.update({ forceNewDeployment: true });
    await until('all are new', () => service.tasks().every(({ id }) => !before.includes(id)));
    await settled(service, 2);

    const [victim] = service.tasks();
    await live.endpoint.call('ecs', 'StopTask', { cluster: 'test', task: victim?.id ?? '', reason: 'a drill' }, region);
    await until('it has stopped', () => service.tasks().every(({ id }) => id !== victim?.id));
    await settled(service, 2);
    const [killed] = service.tasks();
    await live.driver.stop(killed?.id ?? '', 0);
    await until('it is gone', () => service.tasks().every(({ id }) => id !== killed?.id));
    await settled(service, 2);
    await traffic.stop();
    assert.deepEqual(traffic.failures, []);
    assert.deepEqual([...traffic.answers.keys()].toSorted(), ['new', 'old']);
    const { stoppedReason, stopCode } = recordOf(victim?.id ?? '');
    assert.deepEqual({ stoppedReason, stopCode }, { stoppedReason: 'a drill', stopCode: 'UserInitiated' });
    const [replaced = ''] = before;
    assert.equal(recordOf(replaced).stopCode, 'ServiceSchedulerInitiated');
    assert.match(recordOf(replaced).stoppedReason ?? '', /^Scaling activity initiated by \(deployment ecs-svc\/\d+\)$/);
  });

  test('a task that hangs is replaced in the order of ECS: unhealthy, started, registered, healthy, then the old one drains and stops', async () => {
    const service = await createService(live, { name: 'hung', healthCheck: quick, container: { stopTimeout: 2 } });
    await settled(service, 1);
    const [old] = service.tasks();
    const steps: string[] = [];
    live.tasks.onChange(() => {
      const all = [...service.tasks(), ...service.stopped()];
      const is = (task: (typeof all)[number] | undefined): string => (task === undefined ? 'none' : `${task.state} ${task.health}`);
      const step = `${is(all.find(({ id }) => id === old?.id))}, ${is(all.find(({ id }) => id !== old?.id))}`;
      if (!steps.includes(step)) steps.push(step);
    });
    await fetch(`${service.url}hang`);
    await until('it has stopped', () => service.stopped().some(({ id }) => id === old?.id));
    const order = [
      'RUNNING UNHEALTHY, PENDING UNKNOWN',
      'RUNNING UNHEALTHY, RUNNING UNKNOWN',
      'DEACTIVATING UNHEALTHY, RUNNING HEALTHY',
      'STOPPING UNHEALTHY, RUNNING HEALTHY',
      'STOPPED UNHEALTHY, RUNNING HEALTHY',
    ];
    assert.deepEqual(
      steps.filter((step) => order.includes(step)),
      order,
      steps.join('\n'),
    );
    assert.match(service.stopped()[0]?.stoppedReason ?? '', /^Task failed ELB health checks in \(target-group arn:.*\)$/);
    await settled(service, 1);
  });

  test('a container whose own health check fails is replaced before it is stopped', async () => {
    const service = await createService(live, {
      name: 'checked',
      balanced: false,
      container: { healthCheck: { command: ['CMD', process.execPath, '-e', probe], interval: 5, timeout: 2, retries: 2 } },
    });
    const passes = (): string[] => service.tasks().flatMap(({ id, containerHealth }) => (containerHealth === 'HEALTHY' ? [id] : []));
    await until('it is healthy', () => passes().length === 1);
    const [victim] = service.tasks();
    assert.equal(recordOf(victim?.id ?? '').healthStatus, 'HEALTHY');
    await fetch(`http://${victim?.address ?? ''}:8080/sicken`);
    await until('another took its place', () => service.tasks().length === 1 && service.tasks()[0]?.id !== victim?.id);
    const ended = recordOf(victim?.id ?? '');
    assert.equal(ended.stoppedReason, 'Task failed container health checks');
    const successor = recordOf(passes()[0] ?? '');
    assert.ok((successor.startedAt ?? 0) < (ended.stoppedAt ?? 0), 'the replacement ran before');
    assert.ok(service.events().includes(`(task ${victim?.id}) failed container health checks.`), service.events().join('\n'));
  });

  test('a task gets secrets of Systems Manager, arguments and overrides; what it lacks is said in ECS’s words', async () => {
    await live.endpoint.call('ssm', 'PutParameter', { Name: '/app/version', Value: 'from a secret', Type: 'SecureString' }, region);
    const service = await createService(live, {
      name: 'secret',
      container: { secrets: [{ name: 'VERSION', valueFrom: '/app/version' }] },
      healthCheck: quick,
    });
    await settled(service, 1);
    assert.equal(await (await fetch(service.url)).text(), 'from a secret');

    const lacking = await service.revise({}, { secrets: [{ name: 'VERSION', valueFrom: '/app/none' }] });
    const awsvpcConfiguration = { subnets: service.record().networkConfiguration?.awsvpcConfiguration?.subnets ?? [] };
    const common = { cluster: 'test', launchType: 'FARGATE', networkConfiguration: { awsvpcConfiguration } } as const;
    const run = async (input: { taskDefinition: string; overrides?: { containerOverrides: object[] } }): Promise<string> => {
      const { tasks = [] } = await live.endpoint.call('ecs', 'RunTask', { ...common, ...input }, region);
      const id = tasks[0]?.taskArn?.split('/').at(-1) ?? '';
      await until('the task has stopped', () => recordOf(id).lastStatus === 'STOPPED');
      return id;
    };
    const unstarted = recordOf(await run({ taskDefinition: lacking }));
    assert.equal(unstarted.stopCode, 'TaskFailedToStart');
    assert.match(unstarted.stoppedReason ?? '', /ResourceInitializationError: unable to pull secrets .*\/app\/none/);

    const { tasks = [] } = await live.endpoint.call('ecs', 'RunTask', { ...common, taskDefinition: 'secret:1' }, region);
    const early = tasks[0]?.taskArn?.split('/').at(-1) ?? '';
    await live.endpoint.call('ecs', 'StopTask', { cluster: 'test', task: early, reason: 'too early' }, region);
    await until('a task that is stopped while it starts is gone', () => recordOf(early).lastStatus === 'STOPPED');
    assert.equal(recordOf(early).stoppedReason, 'too early');

    const overrides = { containerOverrides: [{ name: 'secret', environment: [{ name: 'EXIT', value: '7' }] }] };
    const failed = recordOf(await run({ taskDefinition: 'secret:1', overrides }));
    assert.equal(failed.stopCode, 'EssentialContainerExited');
    assert.equal(failed.containers?.[0]?.exitCode, 7);
    assert.equal(failed.stoppedReason, 'Essential container in task exited');
    assert.equal(failed.containers?.[0]?.reason, 'exit code 7: the settings make no sense');
  });

  test('containers of a task start as they depend on each other, and what does not matter may end', async () => {
    const { endpoint } = live;
    const folder = join(own.folder, 's3', 'settings', 'app');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'a.env'), '# of the course\nVERSION=from a file\nDELAY_MS=1\n');
    writeFileSync(join(folder, 'b.env'), 'VERSION=too late\n');
    const steps: string[] = [];
    live.tasks.onChange(({ containers }) => {
      const step = containers.map(({ state, exitCode }) => `${state}${exitCode ?? ''}`).join(' ');
      if (containers.length === 3 && steps.at(-1) !== step) steps.push(step);
    });
    const run = async (setupCode: number): Promise<string> => {
      const common = { image: 'program', portMappings: [] };
      const setup = { ...common, name: 'setup', essential: false, entryPoint: ['sh', '-c', `exit ${setupCode}`] };
      const app = {
        ...common,
        name: 'app',
        portMappings: [{ containerPort: 8080 }],
        dependsOn: [{ containerName: 'setup', condition: 'SUCCESS' as const }],
        environmentFiles: ['a', 'b'].map((name) => ({ type: 's3' as const, value: `arn:aws:s3:::settings/app/${name}.env` })),
        healthCheck: { command: ['CMD', process.execPath, '-e', probe], interval: 5, retries: 10 },
      };
      const shell = `trap 'exit 0' TERM; while :; do sleep 0.05; done`;
      const helper = { ...common, name: 'helper', essential: false, entryPoint: ['bash', '-c', shell] };
      const dependsOn = [{ containerName: 'app', condition: 'HEALTHY' as const }];
      const definition = { family: 'three', networkMode: 'awsvpc' as const, cpu: '1024', memory: '512' };
      const containerDefinitions = [setup, app, { ...helper, dependsOn }];
      const { taskDefinition } = await endpoint.call('ecs', 'RegisterTaskDefinition', { ...definition, containerDefinitions }, region);
      const awsvpcConfiguration = { subnets: (await defaultNetwork(live)).subnets.slice(0, 1) };
      const asked = { cluster: 'test', launchType: 'FARGATE' as const, networkConfiguration: { awsvpcConfiguration } };
      const taskArn = taskDefinition?.taskDefinitionArn ?? '';
      const { tasks = [] } = await endpoint.call('ecs', 'RunTask', { ...asked, taskDefinition: taskArn }, region);
      return tasks[0]?.taskArn?.split('/').at(-1) ?? '';
    };
    await endpoint.call('ecs', 'CreateCluster', { clusterName: 'test' }, region);
    const id = await run(0);
    await until('it runs', () => recordOf(id).lastStatus === 'RUNNING');
    const { address = '' } = live.tasks.all().find(({ task }) => task.id === id)?.task ?? {};
    assert.equal(await (await fetch(`http://${address}:8080`)).text(), 'from a file');
    await endpoint.call('ecs', 'StopTask', { cluster: 'test', task: id, reason: 'done' }, region);
    await until('it has stopped', () => recordOf(id).lastStatus === 'STOPPED');
    const order = [
      'STOPPED0 PENDING PENDING',
      'STOPPED0 RUNNING PENDING',
      'STOPPED0 RUNNING RUNNING',
      'STOPPED0 RUNNING STOPPED0',
      'STOPPED0 STOPPED0 STOPPED0',
    ];
    assert.deepEqual(
      steps.filter((step) => order.includes(step)),
      order,
      steps.join('\n'),
    );

    const failed = await run(4);
    await until('it has stopped', () => recordOf(failed).lastStatus === 'STOPPED');
    const { stopCode, stoppedReason, containers = [] } = recordOf(failed);
    assert.deepEqual(
      { stopCode, stoppedReason },
      { stopCode: 'EssentialContainerExited', stoppedReason: 'Essential container in task exited' },
    );
    assert.equal(containers[0]?.exitCode, 4);
    assert.match(containers[1]?.reason ?? '', /\[setup\] for target \[app\] did not reach SUCCESS/);
  });

  test('the EC2 launch type without container instances says what is missing, once', async () => {
    const service = await createService(live, { name: 'nowhere', balanced: false, settings: { launchType: 'EC2' } });
    await until('the event', () => service.events().length > 0);
    assert.deepEqual(service.events(), [
      'was unable to place a task because no container instance met all of its requirements. Reason: No Container Instances were found in your cluster.',
    ]);
    assert.deepEqual(service.tasks(), []);
  });

  test('a version that cannot start backs off, trips the circuit breaker and is rolled back, while the old one serves', async () => {
    const service = await createService(live, {
      name: 'breaker',
      healthCheck: quick,
      settings: { deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: true } } },
    });
    await settled(service, 1);
    await until('the first deployment', () => service.record().deployments?.[0]?.rolloutState === 'COMPLETED');
    const traffic = startTraffic(service.url, 1);
    await service.update({ taskDefinition: await service.revise({ EXIT: '3' }) });
    await until('the breaker', () => service.events().some((message) => message.includes('rolling back')));
    await until('it is back', () => service.record().deployments?.[0]?.rolloutState === 'COMPLETED');
    await traffic.stop();
    assert.deepEqual(traffic.failures, []);
    const failed = service.stopped().filter(({ id }) => recordOf(id).containers?.[0]?.exitCode === 3);
    assert.equal(failed.length, 3, 'half of the desired count, at least three');
    const starts = failed.map(({ createdAtMs }) => createdAtMs).toSorted((a, b) => a - b);
    assert.ok(starts[1]! - starts[0]! >= 10_000 && starts[2]! - starts[1]! >= 20_000, `region time between starts: ${starts.join(', ')}`);
  });

  test('a task that takes more memory than it may is ended and replaced', async () => {
    const service = await createService(live, { name: 'hungry', healthCheck: quick, memoryMiB: 512 });
    await settled(service, 1);
    const [victim] = service.tasks();
    if (live.driver.enforcement.memory === 'none') return;
    await fetch(`${service.url}fill`);
    await until('it is gone', () => service.tasks().every(({ id }) => id !== victim?.id));
    await settled(service, 1);
    const { containers = [], stoppedReason } = recordOf(victim?.id ?? '');
    assert.match(`${containers[0]?.reason} ${stoppedReason}`, /OutOfMemoryError: Container killed due to memory usage/);
  });
});
