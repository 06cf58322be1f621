import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ComputeDriver } from '../../model/index.ts';
import { claimLoopbackNetwork } from '../network.ts';
import { describeDriver, until, type SuiteDriver } from '../test-support/driverSuite.ts';
import { cgroupsOf, isAlive, makeTestFolder } from '../test-support/leftovers.ts';
import { createProcessDriver } from './driver.ts';
import { sweepLeftovers } from './records.ts';
import { readProcess } from './table.ts';

async function create(cgroups: 'auto' | 'off'): Promise<SuiteDriver & { folder: string }> {
  const folder = makeTestFolder();
  const network = await claimLoopbackNetwork();
  const driver = await createProcessDriver({ dataDir: folder.path, network, cgroups, closeGraceMs: 0 });
  return {
    driver,
    folder: folder.path,
    async dispose() {
      await network.close();
      assert.deepEqual(readdirSync(join(folder.path, 'running')), []);
      folder.remove();
    },
  };
}

describeDriver('process driver', () => create('auto'));
describeDriver('process driver without cgroups', () => create('off'));

async function withDriver(run: (driver: ComputeDriver, folder: string) => Promise<void>): Promise<void> {
  const made = await create('auto');
  try {
    await run(made.driver, made.folder);
  } finally {
    await made.driver.close();
    await made.dispose();
  }
}

const sleeper = {
  command: process.execPath,
  args: ['-e', 'console.log(process.pid); setInterval(() => {}, 1000)'],
  cwd: '/',
  env: {},
  cpuUnits: 256,
  memoryMiB: 128,
};

test('a file that may not be executed, a missing file and a missing folder are told apart', async () => {
  await withDriver(async (driver, folder) => {
    const file = join(folder, 'task.sh');
    writeFileSync(file, '#!/bin/sh\n');
    chmodSync(file, 0o644);
    const start = (command: string, cwd: string): Promise<void> =>
      driver.start({ ...sleeper, id: 'x', address: '127.0.0.1', command, cwd });
    await assert.rejects(start(file, '/'), { code: 'PL_COMPUTE_COMMAND_NOT_EXECUTABLE' });
    await assert.rejects(start('./task.sh', folder), { code: 'PL_COMPUTE_COMMAND_NOT_EXECUTABLE' });
    await assert.rejects(start('./other.sh', folder), { code: 'PL_COMPUTE_COMMAND_NOT_FOUND' });
    await assert.rejects(start('/bin/sh', join(folder, 'missing')), { code: 'PL_COMPUTE_FOLDER_MISSING' });
    await assert.rejects(start('/bin/sh', file), { code: 'PL_COMPUTE_FOLDER_MISSING' });
    chmodSync(file, 0o755);
    await start('./task.sh', folder);
  });
});

test('close ends every workload, also one that is just being started', async () => {
  const made = await create('auto');
  const { driver } = made;
  const pids: number[] = [];
  driver.onLine((_id, line) => pids.push(Number(line)));
  let exits = 0;
  driver.onExit(() => exits++);
  await Promise.all([1, 2, 3].map((n) => driver.start({ ...sleeper, id: `w${n}`, address: driver.leaseAddress() })));
  await until(() => (pids.length === 3 ? true : undefined));
  const late = driver.start({ ...sleeper, id: 'late', address: driver.leaseAddress() });
  await driver.close();
  await late;
  assert.equal(exits, 4);
  assert.deepEqual(pids.filter(isAlive), []);
  await made.dispose();
});

test('a process that leaves the session of its workload ends with it where cgroups hold the tree', async (t) => {
  await withDriver(async (driver) => {
    if (driver.enforcement.cpu === 'none') {
      t.skip(driver.enforcement.reason ?? '');
      return;
    }
    let daemon = 0;
    driver.onLine((_id, line) => (daemon = Number(line)));
    const script = `const d = require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' }); d.unref(); console.log(d.pid)`;
    const exited = new Promise((resolve) => driver.onExit(resolve));
    await driver.start({ ...sleeper, id: 'daemon', address: '127.0.0.1', args: ['-e', script] });
    await exited;
    assert.ok(daemon > 0);
    assert.equal(isAlive(daemon), false);
  });
});

test(
  'what a killed run recorded is ended by the next start; what runs, and what only bears its number, is let be',
  { skip: process.platform !== 'linux' },
  async () => {
    const folder = makeTestFolder();
    const children = [1, 2, 3].map(() =>
      spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' }),
    );
    const [orphan = 0, owned = 0, reused = 0] = children.map((child) => child.pid ?? 0);
    const who = (pid: number): string => `${pid}-${readProcess(pid)?.startTicks}`;
    mkdirSync(join(folder.path, 'running'));
    writeFileSync(join(folder.path, 'running', `${who(orphan)}.999999999-1`), '');
    writeFileSync(join(folder.path, 'running', `${who(owned)}.${who(process.pid)}`), '');
    writeFileSync(join(folder.path, 'running', `${reused}-1.999999999-1`), '');
    assert.equal(await sweepLeftovers(folder.path), 1);
    assert.deepEqual([orphan, owned, reused].map(isAlive), [false, true, true]);
    assert.deepEqual(readdirSync(join(folder.path, 'running')), [`${who(owned)}.${who(process.pid)}`]);
    for (const child of children.slice(1)) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    folder.remove();
    assert.deepEqual(cgroupsOf(process.pid), []);
  },
);
