import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import Docker from 'dockerode';
import { createLogger, entry, systemClock } from '../../src/base/index.ts';
import { regionKey, regionLabel } from '../../src/compute/docker/engine.ts';
import { makeNodeImage } from '../../src/compute/test-support/nodeImage.ts';
import { openRegion, type Region } from '../../src/region/index.ts';
import type { Told } from './kill-scenario.ts';
import { processesOf, region } from './support.ts';
import { startTraffic } from './traffic.ts';

const docker = new Docker();
const noEngine = await docker.ping().then(
  () => false as const,
  (error: unknown) => `no Docker Engine: ${String(error)}`,
);

/** First the region is killed, then the data plane of the one that took over. */
describe('kill -9 of a region whose tasks are containers', { skip: noEngine }, () => {
  let folder = '';
  let told: Told;
  let live: Region | undefined;
  let traffic: ReturnType<typeof startTraffic>;

  const until = async (what: string, holds: () => boolean): Promise<void> => {
    for (let waitedMs = 0; !holds(); waitedMs += 50) {
      assert.ok(waitedMs < 90_000, `${what}: not within 90 s`);
      await systemClock.sleep(50);
    }
  };
  const filters = () => ({ label: [`${regionLabel}=${regionKey(folder)}`] });
  const containers = async (): Promise<string[]> => (await docker.listContainers({ filters: filters() })).map(({ Id }) => Id).toSorted();
  const tasks = () => live?.services.tasksOf(told.service).map(({ task }) => task) ?? [];
  const healthy = () => tasks().filter(({ state, health }) => state === 'RUNNING' && health === 'HEALTHY');

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'plimsoll-kill-'));
    chmodSync(folder, 0o711);
    const image = await makeNodeImage(docker);
    const scenario = fileURLToPath(entry(import.meta.url, './kill-scenario'));
    const child = spawn(process.execPath, [scenario, folder, '60000', `docker:${image}`], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await Promise.race([until('the scenario runs', () => text.includes('\n')), once(child, 'exit')]);
    told = JSON.parse(text) as Told;
    traffic = startTraffic(told.url);
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  after(async () => {
    await traffic?.stop();
    await live?.close();
    await until('nothing is left', () => processesOf(folder).length === 0);
    rmSync(folder, { recursive: true, force: true });
    const left = [
      ...(await docker.listContainers({ all: true, filters: filters() })),
      ...(await docker.listNetworks({ filters: filters() })),
    ];
    assert.deepEqual(left, []);
  });

  test('of the region: containers go on under traffic, and the next start takes them on', async () => {
    const before = await containers();
    assert.ok(before.length >= 2);
    live = await openRegion({
      compute: 'docker',
      dataDir: folder,
      timeScale: 10,
      portsFor: () => [0],
      log: createLogger('test', 'silent'),
    });
    assert.deepEqual(
      tasks().map(({ id, state }) => ({ id, state })),
      told.taskIds.map((id) => ({ id, state: 'RUNNING' })),
    );
    assert.deepEqual(await containers(), before);
    // It is in charge of them.
    await live.endpoint.call('ecs', 'UpdateService', { cluster: 'test', service: 'web', desiredCount: 3 }, region);
    await live.endpoint.call('ecs', 'StopTask', { cluster: 'test', task: told.taskIds[0] }, region);
    await until('three healthy tasks', () => healthy().length === 3 && !healthy().some(({ id }) => id === told.taskIds[0]));
    await traffic.stop();
    assert.deepEqual(traffic.failures, []);
    assert.ok((traffic.answers.get('1') ?? 0) > 20);
  });

  test('of the data plane: another takes its place, with containers of its own behind the same address', async () => {
    const before = new Set(tasks().map(({ id }) => id));
    const { pid } = JSON.parse(readFileSync(join(folder, 'data-plane.json'), 'utf8')) as { pid: number };
    process.kill(pid, 'SIGKILL');
    await until('it is noticed', () => tasks().some(({ id }) => !before.has(id)));
    await until('three healthy tasks', () => healthy().length === 3 && !healthy().some(({ id }) => before.has(id)));
    traffic = startTraffic(told.url);
    await until('answers', () => (traffic.answers.get('1') ?? 0) > 20);
    await traffic.stop();
    assert.deepEqual(traffic.failures, []);
  });
});
