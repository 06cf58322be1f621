import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import Docker from 'dockerode';
import { dbInstances, instances, tasks } from '../../src/aws/index.ts';
import { systemClock } from '../../src/base/index.ts';
import { regionKey, regionLabel } from '../../src/compute/docker/engine.ts';
import { makeNodeImage } from '../../src/compute/test-support/nodeImage.ts';
import type { Region } from '../../src/region/index.ts';
import { EngineProxy } from './engineProxy.ts';
import { createService } from './service.ts';
import { base64, refusal, region, startRegion, webServer, type TestRegion } from './support.ts';
import { startTraffic } from './traffic.ts';

const docker = new Docker();
const noEngine = await docker.ping().then(
  () => false as const,
  (error: unknown) => `no Docker Engine: ${String(error)}`,
);
const noMachines = await refusal();
const { DOCKER_HOST } = process.env;
const noProxy = DOCKER_HOST !== undefined && !DOCKER_HOST.startsWith('unix://') && 'the Engine has no socket of this computer';

/** Answers `/health`, and any other path once it has reached what it is to reach: its database, or another service. */
const program = `
const { DB_HOST, DB_PORT, UPSTREAM } = process.env;
const ask = (response) => require('node:http').get(UPSTREAM, (answer) => answer.pipe(response)).on('error', fail(response));
const fail = (response) => (error) => { response.statusCode = 500; response.end(String(error)); };
require('node:http').createServer((request, response) => {
  if (request.url === '/health') return response.end('ok');
  if (UPSTREAM) return ask(response);
  const socket = require('node:net').connect(Number(DB_PORT), DB_HOST);
  socket.on('connect', () => { socket.end(); response.end('1'); });
  socket.on('error', fail(response));
}).listen(8080, () => console.log('listens'));
process.on('SIGTERM', () => process.exit(0));
`;

/** What the course's launch template asks of each instance. */
const dockerRun = (host: string, port: number): string => `#!/bin/bash
yum update -y
yum install -y docker
service docker start
systemctl enable docker
usermod -a -G docker ec2-user
docker run --restart always -e DB_HOST=${host} -e DB_PORT=${port} -p 6400:8080 ghcr.io/example/todo:latest
`;

describe('a region whose tasks are containers', { skip: noEngine }, () => {
  const proxy = new EngineProxy(DOCKER_HOST?.replace('unix://', '') ?? '/var/run/docker.sock');
  let own: TestRegion;
  let live: Region;
  let image: string;
  let todo: Docker.Image;
  let database: { host: string; port: number };

  before(async () => {
    image = await makeNodeImage(docker);
    const made = await docker.createContainer({ Image: image, Entrypoint: ['node', '-e', program] });
    await made.commit({ repo: 'plimsoll-test-todo', tag: made.id.slice(0, 12) });
    await made.remove();
    const name = `plimsoll-test-todo:${made.id.slice(0, 12)}`;
    todo = docker.getImage(name);
    const stand = { command: 'false', args: [], cwd: '/', environment: {}, image: name };
    await proxy.open();
    if (noProxy === false) process.env['DOCKER_HOST'] = `unix://${proxy.path}`;
    own = await startRegion({ compute: 'docker', timeScale: 10, images: new Map([['ghcr.io/example/todo', stand]]) });
    live = own.live;
    const asked = { DBInstanceIdentifier: 'db', DBInstanceClass: 'db.t3.micro', Engine: 'postgres', AllocatedStorage: 20 };
    await live.endpoint.call('rds', 'CreateDBInstance', { ...asked, MasterUsername: 'todo', MasterUserPassword: 'verysecret1' }, region);
    const record = () => live.place(region).table(dbInstances).get('db');
    await live.waitFor('the database', 30_000, () => record()?.DBInstanceStatus === 'available');
    database = { host: record()?.Endpoint?.Address ?? '', port: record()?.Endpoint?.Port ?? 0 };
  });
  after(async () => {
    await own?.close();
    await proxy.remove();
    await todo?.remove();
    const filters = { label: [`${regionLabel}=${regionKey(own.folder)}`] };
    const left = [...(await docker.listContainers({ all: true, filters })), ...(await docker.listNetworks({ filters }))];
    assert.deepEqual(left, []);
  });

  const containerOf = async (workload: string): Promise<Docker.Container> => {
    const [found] = await docker.listContainers({ filters: { label: [`plimsoll.workload=${workload}`] } });
    return docker.getContainer(found?.Id ?? '');
  };
  const serve = (name: string, environment: Record<string, string>, desiredCount: number) =>
    createService(live, { name, desiredCount, environment, container: { image, entryPoint: ['node', '-e', program], command: [] } });

  test('a service behind a load balancer reaches its database and another service, and replaces a container that is killed', async () => {
    const service = await serve('web', { DB_HOST: database.host, DB_PORT: String(database.port) }, 2);
    // By the load balancer's name as it stands, from a container to others.
    const front = await serve('front', { UPSTREAM: service.url }, 1);
    await live.waitFor('healthy tasks', 60_000, () => service.healthy().length === 2 && front.healthy().length === 1);
    assert.notEqual(new URL(service.url).hostname, new URL(front.url).hostname);
    const traffic = startTraffic(front.url, 2);
    const [victim] = service.tasks();
    const container = await containerOf(victim?.id ?? '');
    await live.endpoint.call('ecs', 'UpdateService', { cluster: 'test', service: 'web', desiredCount: 3 }, region);
    await live.waitFor('three healthy tasks', 60_000, () => service.healthy().length === 3);
    await traffic.stop();
    assert.deepEqual(traffic.failures, []);
    assert.ok((traffic.answers.get('1') ?? 0) > 20);
    await container.kill();
    await live.waitFor(
      'a replacement',
      60_000,
      () => service.healthy().length === 3 && service.tasks().every(({ id }) => id !== victim?.id),
    );
    const record = live
      .place(region)
      .table(tasks)
      .find(({ taskArn }) => taskArn.endsWith(victim?.id ?? ''));
    assert.equal(record?.stoppedReason, 'Essential container in task exited');
    assert.equal(record.containers?.[0]?.exitCode, 137);
  });

  test(
    'tasks go on serving while the Engine is away; what ended or was to end meanwhile is seen to when it is back',
    { skip: noProxy },
    async () => {
      const service = await serve('steady', { DB_HOST: database.host, DB_PORT: String(database.port) }, 2);
      await live.waitFor('healthy tasks', 60_000, () => service.healthy().length === 2);
      const traffic = startTraffic(service.url, 2);
      const [killed = '', stopped = ''] = service.tasks().map(({ id }) => id);
      const container = await containerOf(killed);
      await proxy.shut();
      await live.endpoint.call('ecs', 'UpdateService', { cluster: 'test', service: 'steady', desiredCount: 3 }, region);
      await live.waitFor('a task that cannot be started', 60_000, () => service.stopped().length > 0);
      assert.match(service.stopped()[0]?.stoppedReason ?? '', /^Task failed to start: .*no Docker Engine answers/);
      assert.equal(service.healthy().length, 2);
      await traffic.stop();
      assert.deepEqual(traffic.failures, []);

      await container.kill();
      await live.endpoint.call('ecs', 'StopTask', { cluster: 'test', task: stopped, reason: 'a drill' }, region);
      await live.waitFor('its stop', 60_000, () => service.tasks().some(({ id, state }) => id === stopped && state === 'STOPPING'));
      await proxy.open();
      const reasons = (): unknown[] => [killed, stopped].map((old) => service.stopped().find(({ id }) => id === old)?.stoppedReason);
      await live.waitFor('three healthy tasks', 60_000, () => service.healthy().length === 3 && !reasons().includes(undefined));
      assert.deepEqual(reasons(), ['Essential container in task exited', 'a drill']);
    },
  );

  test('user data runs as it is: a web server in the machine, a container beside it', { skip: noMachines }, async () => {
    const launch = async (userData: string): Promise<string> => {
      const { Instances = [] } = await live.endpoint.call(
        'ec2',
        'RunInstances',
        { ImageId: 'ami-005f9685cb30f234b', InstanceType: 't2.micro', MinCount: 1, MaxCount: 1, UserData: base64(userData) },
        region,
      );
      return Instances[0]?.InstanceId ?? '';
    };
    const [page, todos] = [await launch(webServer), await launch(dockerRun(database.host, database.port))];
    const answers = async (id: string, port: number, expected: string): Promise<void> => {
      let last = '';
      for (let tries = 0; tries < 1800; tries++) {
        const host = live.instances.whereabouts()[id]?.host;
        if (host !== undefined) {
          live.instances.expose(id, port);
          last = await fetch(`http://${host}:${port}/`).then((found) => found.text(), String);
          if (last.trim() === expected) return;
        }
        await systemClock.sleep(50);
      }
      assert.fail(`not in time: ${last}\n${live.instances.consoleOf(id)}`);
    };
    // To others than root a machine's port 80 is a port 80 of this computer, which they may not open.
    if (process.getuid?.() === 0) await answers(page, 80, page);
    await answers(todos, 6400, '1');
    await live.waitFor('its output', 60_000, () => live.instances.consoleOf(todos).includes('listens'));

    await (await containerOf(`${todos}.1`)).kill();
    await live.waitFor('it is told', 60_000, () => live.instances.consoleOf(todos).includes('exit code 137; restarting'));
    await answers(todos, 6400, '1');

    await live.endpoint.call('ec2', 'TerminateInstances', { InstanceIds: [page, todos] }, region);
    const stateOf = (id: string) => live.place(region).table(instances).get(id)?.state;
    await live.waitFor('they are gone', 60_000, () => stateOf(page) === 'terminated' && stateOf(todos) === 'terminated');
    const left = await docker.listContainers({ all: true, filters: { label: [`plimsoll.workload=${todos}.2`] } });
    assert.deepEqual(left, []);
  });
});
