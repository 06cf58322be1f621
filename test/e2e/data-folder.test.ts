import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '../../src/base/index.ts';
import { processTree, runCommand, survivors, type Command } from '../support/processes.ts';

describe('the data folder of plimsoll up', { skip: process.platform !== 'linux' && 'reads /proc' }, () => {
  let temporary = '';

  before(() => {
    temporary = mkdtempSync(join(tmpdir(), 'plimsoll-up-test-'));
  });
  after(() => rmSync(temporary, { recursive: true, force: true }));

  const start = async (): Promise<Command> => {
    const env = { ...process.env, TMPDIR: temporary };
    const command = runCommand(['up', '--ephemeral', '--json', '--no-console', '--port', '0'], { env });
    await command.says(/"ready":true/);
    return command;
  };
  const folders = (): string[] => readdirSync(temporary).filter((name) => name.startsWith('plimsoll-up-'));
  const kill = async (command: Command): Promise<void> => {
    command.child.kill('SIGKILL');
    await command.finished;
  };
  const until = async (what: string, holds: () => boolean): Promise<void> => {
    for (let tries = 0; !holds(); tries++) {
      assert.ok(tries < 600, what);
      await systemClock.sleep(50);
    }
  };

  test('one that cannot be written to is one clear line', async () => {
    const tries: [string, string[]][] = [
      ['/proc/none', []],
      ['/proc/none', ['--control-plane-only']],
      ['/dev/null/below', []],
    ];
    for (const [folder, flags] of tries) {
      const { code, stderr } = await runCommand(['up', '--data', folder, '--port', '0', '--no-console', ...flags]).finished;
      assert.equal(code, 3, stderr);
      assert.match(stderr, /^plimsoll: the data folder cannot be used: .* --data \[PL_STATE_UNUSABLE\]\n$/);
      assert.ok(stderr.includes(`(${folder})`), stderr);
    }
  });

  test('one that was there keeps its rights for those who may look into it', async () => {
    const folder = mkdtempSync(join(temporary, 'own-'));
    const command = runCommand(['up', '--data', folder, '--json', '--no-console', '--port', '0', '--control-plane-only']);
    await command.says(/"ready":true/);
    command.child.kill('SIGINT');
    await command.finished;
    assert.equal(statSync(folder).mode & 0o776, 0o700);
    rmSync(folder, { recursive: true });
  });

  test('of --ephemeral is gone with it, also where it is killed', async () => {
    const command = await start();
    const [folder = ''] = folders();
    const tree = processTree(command.pid);
    await kill(command);
    await until('the folder is removed', () => !existsSync(join(temporary, folder)));
    assert.deepEqual(await survivors(tree, 5000), []);
  });

  test('of --ephemeral that was killed with its data plane is removed by the next start', async () => {
    const command = await start();
    const [left = ''] = folders();
    const { pid } = JSON.parse(readFileSync(join(temporary, left, 'data-plane.json'), 'utf8')) as { pid: number };
    process.kill(pid, 'SIGSTOP');
    await kill(command);
    const tree = processTree(pid);
    process.kill(pid, 'SIGKILL');
    assert.deepEqual(await survivors(tree, 5000), []);
    assert.deepEqual(folders(), [left]);
    const next = await start();
    assert.equal(folders().length, 1);
    assert.notEqual(folders()[0], left);
    next.child.kill('SIGINT');
    await next.finished;
    assert.deepEqual(readdirSync(temporary), []);
  });
});
