import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '../../src/base/index.ts';
import { refusal } from '../region/support.ts';
import { processTree, runCommand, survivors, type Command } from '../support/processes.ts';

/** A region that runs 40 times as fast: the same story in little more than a minute. */
const fast = ['--time-scale', '40'];
const linux = process.platform === 'linux';
let folder = '';

before(() => (folder = mkdtempSync(join(tmpdir(), 'plimsoll-e2e-'))));
after(() => rmSync(folder, { recursive: true, force: true }));

const demo = (...args: string[]): Command => runCommand(['demo', ...args], { cwd: folder, env: { ...process.env, TMPDIR: folder } });

/** What a demo leaves in the folder that it was given for temporary files. */
const leftFiles = (): string[] => readdirSync(folder).filter((name) => name.startsWith('plimsoll-demo-'));

describe('plimsoll demo hello', { skip: await refusal() }, () => {
  test('replaces a web server under traffic without a failed request', async () => {
    const json = join(folder, 'hello.json');
    const { code, stdout, stderr } = await demo('hello', '--json', json).finished;
    assert.equal(code, 0, `${stdout}${stderr}`);
    const report = JSON.parse(readFileSync(json, 'utf8')) as { ok: boolean; failed: number; pages: Record<string, number> };
    assert.deepEqual([report.ok, report.failed], [true, 0]);
    assert.equal(Object.keys(report.pages).length, 3);
    assert.deepEqual(leftFiles(), []);
  });
});

describe('plimsoll demo', { skip: !linux && 'reads /proc' }, () => {
  test('scales 1 → 4 → 1 under load without a failed request, and says what it carried', async () => {
    const json = join(folder, 'demo.json');
    const { code, stdout, stderr } = await demo(...fast, '--json', json).finished;
    const report = JSON.parse(readFileSync(json, 'utf8')) as Record<string, never> & DemoJson;
    assert.equal(code, 0, `${stdout}${stderr}${JSON.stringify(report.problems)}`);
    assert.equal(report.ok, true);
    assert.deepEqual(report.tasks, { min: 1, peak: 4, final: 1 });
    assert.equal(report.failed, 0);
    assert.equal(report.checksRate, 1);
    assert.ok(report.requests > 1000);
    assert.ok(report.latencyMs.p50 <= report.latencyMs.p95 && report.latencyMs.p95 <= report.latencyMs.p99);
    const first = report.activities[0];
    assert.match(first?.description ?? '', /^Setting desired count to [2-4]\.$/);
    assert.match(
      first?.cause ?? '',
      /^monitor alarm TargetTracking-service\/.*-AlarmHigh-.* in state ALARM triggered policy taskoverflow-cpu$/,
    );
    assert.match(report.activities.at(-1)?.cause ?? '', /-AlarmLow-/);
    assert.ok((report.limit.fourTasks?.users ?? 0) > 0, 'what four tasks carried');
    assert.match(report.database, /^PostgreSQL \d+/);
    assert.match(stdout, /REPORT/);
  });

  test('Ctrl-C ends it in order: exit code 130, no process, no file', async () => {
    const command = demo(...fast);
    await command.says(/one task is healthy/);
    const tree = processTree(command.pid);
    assert.ok(tree.length >= 4, 'region, balancer, PostgreSQL and a task run');
    command.child.kill('SIGINT');
    const { code, stderr } = await command.finished;
    assert.equal(code, 130);
    assert.equal(stderr, 'plimsoll: interrupted, stopping everything\n');
    assert.deepEqual(await survivors(tree, 2000), []);
    assert.deepEqual(leftFiles(), []);
  });

  test('killed without warning, its children end by themselves, and its folder goes with them', async () => {
    const command = demo(...fast);
    await command.says(/one task is healthy/);
    const tree = processTree(command.pid);
    command.child.kill('SIGKILL');
    await command.finished;
    assert.deepEqual(await survivors(tree, 10_000), []);
    for (let tries = 0; tries < 600 && leftFiles().length > 0; tries++) await systemClock.sleep(50);
    assert.deepEqual(leftFiles(), []);
  });

  test('two at once do not meet: each has its own port and addresses', async () => {
    const [one, other] = [demo(...fast), demo(...fast)];
    await Promise.all([one.says(/one task is healthy/), other.says(/one task is healthy/)]);
    const urlOf = (command: Command): string => /listens on (\S+)/.exec(command.stdout())?.[1] ?? '';
    const databaseOf = (command: Command): string => /available at (\S+)/.exec(command.stdout())?.[1] ?? '';
    assert.notEqual(urlOf(one), urlOf(other));
    assert.notEqual(databaseOf(one), databaseOf(other));
    for (const command of [one, other]) {
      const answer = await fetch(`${urlOf(command)}/api/v1/todos`);
      assert.equal(answer.status, 200);
      assert.ok(Array.isArray(await answer.json()));
      command.child.kill('SIGTERM');
    }
    assert.deepEqual([(await one.finished).code, (await other.finished).code], [143, 143]);
    assert.deepEqual(leftFiles(), []);
  });

  test('a user without rights gets the same demo, and is told what is not enforced', { skip: notRootOrHidden() }, async () => {
    const home = mkdtempSync(join(tmpdir(), 'plimsoll-user-'));
    const nobody = 65_534;
    const { chownSync } = await import('node:fs');
    chownSync(home, nobody, nobody);
    try {
      const command = runCommand(['demo', ...fast], {
        cwd: home,
        uid: nobody,
        env: { PATH: process.env['PATH'], HOME: home, TMPDIR: home },
      });
      await command.says(/one task is healthy/);
      assert.match(command.stdout(), /a task has 0\.25 vCPU \((not enforced|cgroup v[12])\)/);
      const tree = processTree(command.pid);
      command.child.kill('SIGINT');
      assert.equal((await command.finished).code, 130);
      assert.deepEqual(await survivors(tree, 2000), []);
      assert.deepEqual(readdirSync(home), []);
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  });
});

describe('plimsoll demo refuses, in one line and with its exit code', () => {
  const refuses = async (args: string[], code: number, line: RegExp): Promise<void> => {
    const { code: got, stderr } = await demo(...args).finished;
    assert.match(stderr, line);
    assert.equal(got, code);
    assert.deepEqual(leftFiles(), []);
  };

  test('a port that is taken', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await refuses(
      ['--port', String(port)],
      3,
      /^plimsoll: the load balancer cannot listen: .*EADDRINUSE.*; free that port .* \[PL_REGION_LISTENER_FAILED\]\n$/,
    );
    server.close();
  });

  test('a report that cannot be written, before anything is started', async () => {
    await refuses(['--json', '/nowhere/demo.json'], 3, /^plimsoll: the report cannot be written: .* \[PL_CLI_OUTPUT\]\n$/);
  });

  test('a folder with something in it', async () => {
    await refuses(['--data', process.cwd()], 2, /^plimsoll: the folder for --data is not empty .* \[PL_CLI_DATA_NOT_EMPTY\]\n$/);
  });

  test('a stack that it does not have, and values that make no sense', async () => {
    await refuses(['mainframe'], 2, /^plimsoll: there is no demo of the stack "mainframe"; .* \[PL_CLI_STACK_UNKNOWN\]\n$/);
    await refuses(['--time-scale', '0'], 2, /^plimsoll: option '--time-scale <n>' argument '0' is invalid\. It is a number from 1 to 60\./);
    await refuses(['--port', '70000'], 2, /It is a port from 1 to 65535/);
    await refuses(['--colour'], 2, /unknown option '--colour'/);
  });
});

interface DemoJson {
  ok: boolean;
  problems: string[];
  requests: number;
  failed: number;
  checksRate: number;
  latencyMs: { p50: number; p95: number; p99: number };
  tasks: { min: number; peak: number; final: number };
  activities: { description: string; cause: string }[];
  limit: { oneTask: { users: number } | null; fourTasks: { users: number } | null };
  database: string;
}

function notRootOrHidden(): string | false {
  if (process.getuid?.() !== 0) return 'only root can become another user';
  return existsSync('/root') && process.cwd().startsWith('/root') ? 'another user cannot read this folder' : false;
}
