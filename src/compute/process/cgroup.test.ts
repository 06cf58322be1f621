import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { until } from '../test-support/driverSuite.ts';
import { cgroupsOf } from '../test-support/leftovers.ts';
import { Cgroup, openCgroups } from './cgroup.ts';
import { findCgroupParents, ownGroup, parseMounts } from './cgroupMounts.ts';

test('a group of version 2 counts the CPU time of its members, knows them and ends them', async (t) => {
  const mount =
    process.platform === 'linux'
      ? parseMounts(readFileSync('/proc/self/mountinfo', 'latin1')).find((entry) => entry.version === 2)
      : undefined;
  if (!mount) {
    t.skip('no cgroup2 is mounted');
    return;
  }
  const path = join(ownGroup(mount, readFileSync('/proc/self/cgroup', 'latin1')), `plimsoll-${process.pid}-0-test`);
  let group: Cgroup;
  try {
    group = new Cgroup({ cpuacct: { version: 2, path } }, { cpuUnits: 256, memoryMiB: 64 });
  } catch (error) {
    t.skip(String(error));
    return;
  }
  const member = spawn('/bin/sh', ['-c', 'echo 0 > "$1"; while :; do :; done', 'sh', ...group.memberFiles]);
  await until(() => (group.pids().includes(member.pid ?? 0) && (group.cpuMs() ?? 0) > 0 ? true : undefined));
  assert.equal(group.remove(), false);
  group.kill();
  await once(member, 'exit');
  assert.deepEqual(group.pids(), []);
  await until(() => (group.remove() ? true : undefined));
  assert.equal(existsSync(path), false);
});

test('groups of a process that died are swept, with their members', async (t) => {
  const cgroups = await openCgroups();
  const prefix = cgroups.prefixes[0];
  if (prefix === undefined) {
    t.skip(cgroups.enforcement.reason ?? '');
    return;
  }
  // This process did not start at tick 1, so its number is another's here.
  const stale = join(prefix, '..', `plimsoll-${process.pid}-1-1`);
  mkdirSync(stale);
  const member = spawn('/bin/sh', ['-c', 'echo 0 > "$1/cgroup.procs"; exec sleep 600', 'sh', stale]);
  const ended = once(member, 'exit');
  await until(() => (readFileSync(join(stale, 'cgroup.procs'), 'latin1').includes(String(member.pid)) ? true : undefined));
  await openCgroups();
  await ended;
  await openCgroups();
  assert.deepEqual(cgroupsOf(process.pid), []);
});

test(
  'where no group can be used each controller is none, with the first obstacle as reason',
  { skip: process.platform !== 'linux' },
  async () => {
    const found = await findCgroupParents(() => Promise.resolve('refused'));
    assert.deepEqual(found.parents, {});
    assert.match(found.reason ?? '', /\w/);
    assert.deepEqual((await openCgroups('off')).create({ cpuUnits: 256 }), undefined);
  },
);
