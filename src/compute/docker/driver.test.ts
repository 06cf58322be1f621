import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PlimsollError } from '../../base/index.ts';
import { describeDriver, until, type SuiteDriver } from '../test-support/driverSuite.ts';
import { makeTestFolder } from '../test-support/leftovers.ts';
import { makeNodeImage } from '../test-support/nodeImage.ts';
import { createDockerDriver, type DockerDriver } from './driver.ts';
import { openEngine, regionKey, regionLabel } from './engine.ts';

const docker = await openEngine().catch((error: unknown) => String(error));
const image = typeof docker === 'string' ? '' : await makeNodeImage(docker);

async function create(dataDir?: string): Promise<SuiteDriver & { driver: DockerDriver }> {
  const folder = makeTestFolder();
  const driver = await createDockerDriver({ dataDir: dataDir ?? folder.path, closeGraceMs: 0 });
  return {
    driver,
    image,
    async dispose() {
      assert.deepEqual(await leftOf(folder.path), []);
      folder.remove();
    },
  };
}

/** Names of the containers and networks of a region. */
async function leftOf(dataDir: string): Promise<string[]> {
  assert.ok(typeof docker !== 'string');
  const filters = { label: [`${regionLabel}=${regionKey(dataDir)}`] };
  const [containers, networks] = await Promise.all([docker.listContainers({ all: true, filters }), docker.listNetworks({ filters })]);
  return [...containers.map(({ Id }) => Id), ...networks.map(({ Name }) => Name)];
}

const sleeper = {
  command: 'node',
  args: ['-e', 'console.log("up"); setInterval(() => {}, 1000)'],
  cwd: '/',
  env: {},
  cpuUnits: 512,
  memoryMiB: 128,
};

if (typeof docker === 'string') test('docker driver', { skip: docker }, () => undefined);
else {
  describeDriver('docker driver', create);

  test('what a killed run leaves is found by its label and removed at the next start', async () => {
    const folder = makeTestFolder();
    const killed = await createDockerDriver({ dataDir: folder.path });
    const lost: string[] = [];
    killed.onExit(({ id }) => lost.push(id));
    await killed.start({ ...sleeper, image, id: 'left', address: killed.leaseAddress() });
    assert.equal((await leftOf(folder.path)).length, 2);
    const next = await createDockerDriver({ dataDir: folder.path });
    await until(() => (lost.includes('left') ? true : undefined));
    assert.deepEqual(
      (await leftOf(folder.path)).filter((name) => !name.startsWith('plimsoll-')),
      [],
    );
    await next.close();
    assert.deepEqual(await leftOf(folder.path), []);
    folder.remove();
  });

  test('a container is reached at its address, has its limits, and what it sends is counted', async () => {
    const made = await create();
    const { driver } = made;
    try {
      const address = driver.leaseAddress();
      const serve = 'require("node:http").createServer((_, r) => r.end("x".repeat(100_000))).listen(8000, () => console.log("up"))';
      const up = new Promise<void>((heard) => driver.onLine((_id, line) => line === 'up' && heard()));
      await driver.start({ ...sleeper, args: ['-e', serve], image, id: 'server', address });
      await up;
      await driver.sample();
      assert.equal((await (await fetch(`http://${address}:8000`)).text()).length, 100_000);
      const [usage] = await driver.sample();
      assert.ok((usage?.networkOutBytes ?? 0) > 100_000, `${usage?.networkOutBytes} bytes out`);
      assert.ok((usage?.networkInBytes ?? 0) > 0);
      const [found] = await docker.listContainers({ filters: { label: ['plimsoll.workload=server'] } });
      const { HostConfig } = await docker.getContainer(found?.Id ?? '').inspect();
      assert.equal(HostConfig.NanoCpus, 500_000_000);
      assert.equal(HostConfig.Memory, 128 * 2 ** 20);
      assert.deepEqual(driver.enforcement, { cpu: 'docker', memory: 'docker' });
    } finally {
      await driver.close();
      await made.dispose();
    }
  });

  test('containers of one network share an address and localhost, until the last has ended', async () => {
    const made = await create();
    const { driver } = made;
    try {
      const shared = { image, address: driver.leaseAddress(), network: 'task' };
      const lines: string[] = [];
      const exits: string[] = [];
      driver.onLine((_id, line) => lines.push(line));
      driver.onExit(({ id }) => exits.push(id));
      const serve = 'require("node:http").createServer((_, r) => r.end("from next door")).listen(8000)';
      await driver.start({ ...sleeper, ...shared, id: 'first', args: ['-e', 'console.log("first")'] });
      await until(() => (exits.includes('first') ? true : undefined));
      await driver.start({ ...sleeper, ...shared, id: 'server', args: ['-e', serve] });
      const ask =
        'const ask = () => fetch("http://localhost:8000").then((r) => r.text()).then(console.log, () => setTimeout(ask, 50)); ask()';
      await driver.start({ ...sleeper, ...shared, id: 'client', args: ['-e', ask] });
      await until(() => (lines.includes('from next door') ? true : undefined));
      assert.equal(await (await fetch(`http://${shared.address}:8000`)).text(), 'from next door');
      await driver.stop('server', 0);
      await until(() => (exits.includes('client') && exits.includes('server') ? true : undefined));
      driver.releaseAddress(shared.address);
      const [network] = await docker.listNetworks({ filters: { name: [driver.bridge.name] } });
      assert.deepEqual((await docker.getNetwork(network?.Id ?? '').inspect()).Containers, {});
    } finally {
      await driver.close();
      await made.dispose();
    }
  });

  test('an image that is nowhere to be had is named, with what to do', async () => {
    const made = await create();
    try {
      const address = made.driver.leaseAddress();
      const start = made.driver.start({ ...sleeper, image: 'localhost:1/no-such-image', id: 'x', address });
      await assert.rejects(start, (error) => error instanceof PlimsollError && error.code === 'PL_COMPUTE_DOCKER_IMAGE');
    } finally {
      await made.driver.close();
      await made.dispose();
    }
  });
}
