import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { entry } from '../../src/base/index.ts';
import type { Told } from './disk-scenario.ts';
import { processesOf } from './support.ts';

const run = promisify(execFile);
let folder = '';
before(() => void (folder = mkdtempSync(join(tmpdir(), 'plimsoll-disk-'))));
after(() => rmSync(folder, { recursive: true }));

const mount = 'mount -t tmpfs -o "size=$1" none "$2" && shift 2 && exec "$@"';

/** Runs a program while a file system of this size is mounted at the folder, which it alone sees. */
const withSmallDisk = (size: string, ...program: readonly string[]) =>
  run('unshare', ['--user', '--map-root-user', '--mount', 'sh', '-c', mount, 'sh', size, folder, ...program]);

const refused = await run('unshare', ['--user', '--map-root-user', '--mount', 'mount', '-t', 'tmpfs', 'none', tmpdir()]).then(
  () => false as const,
  () => 'needs user and mount namespaces',
);

test(
  'while the disk is full, writes are refused with the reason and traffic goes on; nothing accepted is lost',
  { skip: refused },
  async () => {
    const scenario = fileURLToPath(entry(import.meta.url, './disk-scenario'));
    const { stdout } = await withSmallDisk('3m', process.execPath, scenario, folder);
    const { refusals, statuses, accepted, found } = JSON.parse(stdout) as Told;
    assert.ok(refusals.length > 0);
    for (const refusal of refusals) assert.match(refusal, /the disk is full/);
    assert.deepEqual(new Set(statuses), new Set([200]));
    assert.deepEqual(found, accepted);
    assert.ok(accepted.includes('before') && accepted.includes('after'));
    assert.deepEqual(processesOf(folder), []);
  },
);

test('where the disk has no room from the start, that is what is said', { skip: refused }, async () => {
  const scenario = fileURLToPath(entry(import.meta.url, './disk-scenario'));
  await assert.rejects(withSmallDisk('16k', process.execPath, scenario, folder), (error: Error & { stderr?: string }) => {
    assert.match(error.stderr ?? '', /the state cannot be opened: database or disk is full/);
    return true;
  });
});
