import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { entry } from '../base/index.ts';
import type { Enforcement, WorkloadUsage } from '../model/index.ts';
import { until } from './test-support/driverSuite.ts';
import { cgroupsOf, isAlive, makeTestFolder } from './test-support/leftovers.ts';

interface Told {
  pids: number[];
  enforcement: Enforcement;
  uri: string;
  uid: number;
  usage: WorkloadUsage[];
}

const scenario = fileURLToPath(entry(import.meta.url, './test-support/scenario'));

async function runScenario(
  dataDir: string,
  cgroups: 'auto' | 'off',
  options: SpawnOptions = {},
): Promise<{ region: ChildProcess; told: Told }> {
  const region = spawn(process.execPath, [scenario, dataDir, cgroups], { ...options, stdio: ['pipe', 'pipe', 'inherit'] });
  let text = '';
  region.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await until(() => {
    assert.equal(region.exitCode, null, 'the scenario failed to start');
    return text.includes('\n') ? true : undefined;
  });
  return { region, told: JSON.parse(text) as Told };
}

for (const cgroups of ['auto', 'off'] as const) {
  test(`kill -9 of the region ends its tasks, their children and the database (cgroups: ${cgroups})`, async () => {
    const folder = makeTestFolder();
    const { region, told } = await runScenario(folder.path, cgroups);
    assert.equal(told.pids.length, 3);
    assert.deepEqual(told.pids.map(isAlive), [true, true, true]);
    region.kill('SIGKILL');
    await once(region, 'exit');
    await until(() => (told.pids.some(isAlive) ? undefined : true));
    await until(() => (cgroupsOf(region.pid ?? 0).length > 0 ? undefined : true));
    // The same folder serves the next run at once.
    const second = await runScenario(folder.path, cgroups);
    second.region.stdin?.end();
    const [code] = (await once(second.region, 'exit')) as [number];
    assert.equal(code, 0);
    assert.deepEqual(second.told.pids.filter(isAlive), []);
    assert.deepEqual(readdirSync(join(folder.path, 'running')), []);
    assert.deepEqual(cgroupsOf(second.region.pid ?? 0), []);
    folder.remove();
  });
}

test('all of it works for a user without rights', async (t) => {
  const nobody = { uid: 65534, gid: 65534, cwd: '/' };
  if (process.getuid?.() !== 0) {
    t.skip('the other tests ran as such a user already');
    return;
  }
  if (spawnSync(process.execPath, ['--check', scenario], nobody).status !== 0) {
    t.skip('nobody may not read this folder');
    return;
  }
  const folder = makeTestFolder();
  chownSync(folder.path, nobody.uid, nobody.gid);
  const { region, told } = await runScenario(folder.path, 'auto', nobody);
  assert.equal(told.uid, nobody.uid);
  if (told.enforcement.cpu === 'none') assert.match(told.enforcement.reason ?? '', /\w/);
  assert.equal(told.usage.length, 1);
  region.stdin?.end();
  const [code] = (await once(region, 'exit')) as [number];
  assert.equal(code, 0);
  assert.deepEqual(told.pids.filter(isAlive), []);
  folder.remove();
});
