import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import Docker from 'dockerode';
import { dbInstances } from '../../src/aws/index.ts';
import { makeNodeImage } from '../../src/compute/test-support/nodeImage.ts';
import { createService } from './service.ts';
import { region, startRegion } from './support.ts';
import { startTraffic } from './traffic.ts';

const docker = new Docker();
const refusal = await docker.ping().then(
  () => false as const,
  (error: unknown) => `no Docker Engine: ${String(error)}`,
);

/** Answers `/health`, and any other path once it has reached the database: with the container's own host name. */
const program = `
const { DB_HOST, DB_PORT } = process.env;
require('node:http').createServer((request, response) => {
  if (request.url === '/health') return response.end('ok');
  const socket = require('node:net').connect(Number(DB_PORT), DB_HOST);
  socket.on('connect', () => { socket.end(); response.end('1'); });
  socket.on('error', (error) => { response.statusCode = 500; response.end(String(error)); });
}).listen(8080, () => console.log('listens'));
process.on('SIGTERM', () => process.exit(0));
`;

describe('a region whose tasks are containers', { skip: refusal }, () => {
  test('a service behind a load balancer reaches its database, and replaces a container that is killed', async () => {
    const image = await makeNodeImage(docker);
    const own = await startRegion({ compute: 'docker', timeScale: 10 });
    const { live } = own;
    try {
      const asked = { DBInstanceIdentifier: 'db', DBInstanceClass: 'db.t3.micro', Engine: 'postgres', AllocatedStorage: 20 };
      await live.endpoint.call('rds', 'CreateDBInstance', { ...asked, MasterUsername: 'todo', MasterUserPassword: 'verysecret1' }, region);
      const database = () => live.place(region).table(dbInstances).get('db');
      await live.waitFor('the database', 30_000, () => database()?.DBInstanceStatus === 'available');
      const { Address = '', Port = 0 } = database()?.Endpoint ?? {};
      const service = await createService(live, {
        name: 'web',
        desiredCount: 2,
        environment: { DB_HOST: Address, DB_PORT: String(Port) },
        container: { image, entryPoint: ['node', '-e', program], command: [] },
      });
      await live.waitFor('two healthy tasks', 60_000, () => service.healthy().length === 2);
      const traffic = startTraffic(service.url, 2);
      const [victim] = service.tasks();
      const [found] = await docker.listContainers({ filters: { label: [`plimsoll.workload=${victim?.id}`] } });
      await live.endpoint.call('ecs', 'UpdateService', { cluster: 'test', service: 'web', desiredCount: 3 }, region);
      await live.waitFor('three healthy tasks', 60_000, () => service.healthy().length === 3);
      await traffic.stop();
      assert.deepEqual(traffic.failures, []);
      assert.ok((traffic.answers.get('1') ?? 0) > 20);
      await docker.getContainer(found?.Id ?? '').kill();
      await live.waitFor(
        'a replacement',
        60_000,
        () => service.healthy().length === 3 && service.tasks().every(({ id }) => id !== victim?.id),
      );
      assert.match(service.stopped()[0]?.stoppedReason ?? '', /SIGKILL/);
    } finally {
      await own.close();
    }
    const left = await docker.listContainers({ all: true, filters: { label: ['plimsoll.region'] } });
    assert.deepEqual(
      left.filter(({ Labels }) => Labels['plimsoll.workload']?.length === 32),
      [],
    );
  });
});
