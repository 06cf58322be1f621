import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { test } from 'node:test';
import fc from 'fast-check';
import { cpuQuota } from './cgroup.ts';
import { ownGroup, parseMounts } from './cgroupMounts.ts';
import { lineCharsMax, readLines } from './lines.ts';
import { parsePs, parseStat, treesOf, type ProcessEntry } from './table.ts';

test('a quota is the share of its period, and within what the kernel takes', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 200_000 }), (cpuUnits) => {
      const { quotaUs, periodUs } = cpuQuota(cpuUnits);
      assert.ok(quotaUs >= 1000 && periodUs >= 1000 && periodUs <= 1_000_000);
      assert.ok(Math.abs(quotaUs / periodUs - cpuUnits / 1024) < 0.0005 * Math.max(1, cpuUnits / 1024), `${quotaUs}/${periodUs}`);
    }),
  );
  assert.deepEqual(cpuQuota(256), { quotaUs: 5000, periodUs: 20_000 });
});

test('text comes out as its lines however it was cut into chunks', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.string({ unit: fc.constantFrom('a', 'é', '\n', '\r\n') })), async (chunks) => {
      const stream = new PassThrough();
      const lines: string[] = [];
      readLines(stream, (line) => lines.push(line));
      for (const chunk of chunks) stream.write(chunk);
      stream.end();
      await finished(stream);
      const expected = chunks.join('').split(/\r?\n/);
      if (expected.at(-1) === '') expected.pop();
      assert.deepEqual(lines, expected);
    }),
    { numRuns: 50 },
  );
});

test('a line without end is passed on in bounded pieces before it ends', async () => {
  const stream = new PassThrough();
  const lines: string[] = [];
  readLines(stream, (line) => lines.push(line));
  stream.end('y'.repeat(lineCharsMax * 2 + 1));
  await finished(stream);
  assert.deepEqual(
    lines.map((line) => line.length),
    [lineCharsMax, lineCharsMax, 1],
  );
});

test('a process whose name holds spaces and parentheses is read right', () => {
  const line = '4242 (a) b (c) S 7 4242 4200 0 -1 4194304 100 0 0 0 150 50 20 5 20 0 3 0 987654 1000000 300 18446744073709551615';
  const entry: ProcessEntry = {
    pid: 4242,
    parent: 7,
    group: 4242,
    session: 4200,
    startTicks: 987_654,
    cpuMs: 2250,
    rssBytes: 300 * 4096,
    zombie: false,
  };
  assert.deepEqual(parseStat(line), entry);
});

test('ps output is read in the forms of macOS and POSIX', () => {
  const entry = { pid: 10, parent: 1, group: 10, session: 0, startTicks: 0, rssBytes: 2_048_000, zombie: false };
  assert.deepEqual(parsePs('   10     1    10   2000   1:02.50 Ss'), { ...entry, cpuMs: 62_500 });
  assert.deepEqual(parsePs('10 1 10 2000 1-02:00:01 S'), { ...entry, cpuMs: 93_601_000 });
  assert.equal(parsePs(''), undefined);
});

test('a tree is its session, its group and their descendants, without the dead', () => {
  const entry = (pid: number, parent: number, group: number, session: number, zombie = false): ProcessEntry => ({
    pid,
    parent,
    group,
    session,
    startTicks: 0,
    cpuMs: 0,
    rssBytes: 0,
    zombie,
  });
  const entries = [
    entry(1, 0, 1, 1),
    entry(10, 1, 10, 10),
    entry(11, 10, 11, 10), // its own group, same session
    entry(12, 11, 12, 12), // a session of its own, still a descendant
    entry(13, 1, 10, 10), // orphaned, same session
    entry(14, 10, 10, 10, true), // dead
    entry(20, 1, 20, 20),
    entry(30, 1, 30, 30), // somebody else's
  ];
  const pids = [...treesOf(entries, [10, 20])].map(([root, tree]) => [root, tree.map(({ pid }) => pid)]);
  assert.deepEqual(pids, [
    [10, [10, 11, 12, 13]],
    [20, [20]],
  ]);
});

test('cgroup mounts are found in mountinfo, both versions', () => {
  const mountinfo = `22 1 0:20 / /proc rw - proc proc rw
33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
41 31 0:38 /docker/abc /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw,nsdelegate
`;
  assert.deepEqual(parseMounts(mountinfo), [
    { version: 1, path: '/sys/fs/cgroup/cpu,cpuacct', root: '/', controllers: ['rw', 'cpu', 'cpuacct'] },
    { version: 2, path: '/sys/fs/cgroup', root: '/docker/abc', controllers: ['rw', 'nsdelegate'] },
  ]);
});

test('our own group is sought where it is mounted, and where it is not visible the mount stands for it', () => {
  const mount = { version: 2, path: '/nowhere/cgroup', root: '/', controllers: [] } as const;
  assert.equal(ownGroup(mount, '0::/user.slice\n'), '/nowhere/cgroup');
  // Any folder does for a mount: /usr/bin exists.
  assert.equal(ownGroup({ ...mount, path: '/usr' }, '3:cpu:/x\n0::/bin\n'), '/usr/bin');
  assert.equal(ownGroup({ ...mount, path: '/usr', root: '/docker/abc' }, '0::/docker/abc/bin\n'), '/usr/bin');
  assert.equal(
    ownGroup({ ...mount, version: 1, path: '/usr', controllers: ['cpu', 'cpuacct'] }, '3:cpu,cpuacct:/bin\n0::/lib\n'),
    '/usr/bin',
  );
  assert.equal(ownGroup({ ...mount, path: '/usr', root: '/docker/abc' }, '0::/elsewhere\n'), '/usr');
});
