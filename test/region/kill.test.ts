import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, beforeEach, afterEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import connect from 'postgres';
import { dbInstances, instances, loadBalancers } from '../../src/aws/index.ts';
import { createLogger, entry, PlimsollError, systemClock } from '../../src/base/index.ts';
import { openRegion, type Region, type RegionOptions } from '../../src/region/index.ts';
import type { Told } from './kill-scenario.ts';
import { images } from './service.ts';
import { processesOf, refusal, region } from './support.ts';
import { startTraffic } from './traffic.ts';

/** A region process that is killed and one that follows it. */
describe('kill -9 of the region', { skip: process.platform !== 'linux' && 'reads /proc' }, () => {
  let folder = '';
  let withInstance = false;

  before(async () => {
    withInstance = (await refusal()) === false;
  });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'plimsoll-kill-'));
    chmodSync(folder, 0o711);
  });

  afterEach(async () => {
    await until('nothing is left', () => processesOf(folder).length === 0);
    rmSync(folder, { recursive: true, force: true });
  });

  const open = (options: Partial<RegionOptions> = {}): Promise<Region> =>
    openRegion({ dataDir: folder, images, timeScale: 10, portsFor: () => [0], log: createLogger('test', 'silent'), ...options });

  async function runAndKill(orphanGraceMs: number, parts: readonly string[], meanwhile?: (told: Told) => unknown): Promise<Told> {
    const scenario = fileURLToPath(entry(import.meta.url, './kill-scenario'));
    const child = spawn(process.execPath, [scenario, folder, String(orphanGraceMs), ...parts], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await Promise.race([until('the scenario runs', () => text.includes('\n')), once(child, 'exit')]);
    const told = JSON.parse(text) as Told;
    await meanwhile?.(told);
    child.kill('SIGKILL');
    await once(child, 'exit');
    return told;
  }

  test('what carries traffic goes on, and the next start takes it on', async () => {
    const traffic: ReturnType<typeof startTraffic>[] = [];
    const parts = ['database', ...(withInstance ? ['instance'] : [])];
    const told = await runAndKill(60_000, parts, async ({ url, instance }) => {
      if (instance !== undefined)
        await until('the web server', () =>
          fetch(instance.url).then(
            ({ ok }) => ok,
            () => false,
          ),
        );
      traffic.push(startTraffic(url));
    });
    const sql = connect(told.database ?? '', { max: 1 });
    const [before] = await sql`select pg_postmaster_start_time()::text as started`;
    await systemClock.sleep(200);
    const second = await open();
    try {
      const tasks = () => second.services.tasksOf(told.service).map(({ task }) => task);
      assert.deepEqual(
        tasks().map(({ id, state }) => ({ id, state })),
        told.taskIds.map((id) => ({ id, state: 'RUNNING' })),
      );
      const at = second.place(region);
      assert.equal(at.table(dbInstances).get('db')?.DBInstanceStatus, 'available');
      if (told.instance !== undefined) {
        assert.equal(at.table(instances).get(told.instance.id)?.state, 'running');
        assert.equal(await (await fetch(told.instance.url)).text(), told.instance.id);
      }
      // It is in charge of them: a task is replaced, a further one started.
      const update = { cluster: 'test', service: 'web', desiredCount: 3 };
      await second.endpoint.call('ecs', 'UpdateService', update, region);
      await second.endpoint.call('ecs', 'StopTask', { cluster: 'test', task: told.taskIds[0] }, region);
      const healthy = () => tasks().filter(({ state, health }) => state === 'RUNNING' && health === 'HEALTHY');
      await second.waitFor(
        'three healthy tasks',
        60_000,
        () => healthy().length === 3 && !healthy().some(({ id }) => id === told.taskIds[0]),
      );
      const [again] = await sql`select pg_postmaster_start_time()::text as started`;
      assert.deepEqual(again, before);
      await traffic[0]?.stop();
      assert.deepEqual(traffic[0]?.failures, []);
      assert.ok((traffic[0]?.answers.get('1') ?? 0) > 100);
    } finally {
      await sql.end({ timeout: 1 });
      await second.close();
    }
    assert.equal(existsSync(join(folder, 'data-plane.json')), false);
    await assert.rejects(fetch(told.url));
  });

  test('where none follows, all of it ends by itself', async () => {
    const { url } = await runAndKill(300, []);
    await until('the load balancer ends', () =>
      fetch(url).then(
        () => false,
        () => true,
      ),
    );
  });

  test('where the data plane is killed too, the next start begins anew with the same address', async () => {
    let plane = 0;
    const told = await runAndKill(60_000, [], () => {
      plane = (JSON.parse(readFileSync(join(folder, 'data-plane.json'), 'utf8')) as { pid: number }).pid;
    });
    process.kill(plane, 'SIGKILL');
    const second = await open();
    try {
      const healthy = () =>
        second.services.tasksOf(told.service).filter(({ task }) => task.state === 'RUNNING' && task.health === 'HEALTHY');
      await second.waitFor('two healthy tasks', 90_000, () => healthy().length === 2);
      assert.ok(healthy().every(({ task }) => !told.taskIds.includes(task.id)));
      assert.equal(balancerOf(second), new URL(told.url).hostname);
    } finally {
      await second.close();
    }
    // Also after an end in order.
    const third = await open();
    try {
      await third.waitFor('the listener', 60_000, () => Object.keys(third.loadBalancing.whereabouts()).length === 1);
      assert.equal(balancerOf(third), new URL(told.url).hostname);
    } finally {
      await third.close();
    }
  });

  const balancerOf = (live: Region): string | undefined => live.place(region).table(loadBalancers).values()[0]?.DNSName;

  test('two regions do not share a data folder', async () => {
    const first = await open({ ephemeral: true });
    try {
      await assert.rejects(open({ ephemeral: true }), (error) => error instanceof PlimsollError && error.code === 'PL_REGION_DATA_IN_USE');
    } finally {
      await first.close();
    }
  });
});

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let waitedMs = 0; !(await holds()); waitedMs += 50) {
    assert.ok(waitedMs < 90_000, `${what}: not within 90 s`);
    await systemClock.sleep(50);
  }
}
