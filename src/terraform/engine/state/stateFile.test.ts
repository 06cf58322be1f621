import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, beforeEach, test } from 'node:test';
import { PlimsollError } from '../../../base/index.ts';
import { asMap, record } from '../../language/index.ts';
import { type InstanceAddress, parseAddress } from '../address.ts';
import { stateFromText, stateToText } from './format.ts';
import { forceUnlock, lockFileOf, lockState, readLock } from './lock.ts';
import { State, type InstanceObject } from './state.ts';
import { StateFile } from './stateFile.ts';

let folder = '';
let file = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'plimsoll-state-'));
});
beforeEach(() => {
  for (const name of readdirSync(folder)) rmSync(join(folder, name));
  file = join(folder, 'plimsoll.tfstate');
});
after(() => rmSync(folder, { recursive: true, force: true }));

const provider = 'provider["registry.terraform.io/hashicorp/aws"]';
const object = (attributes: InstanceObject['attributes'], more: Partial<InstanceObject> = {}): InstanceObject => ({
  attributes,
  status: 'ready',
  sensitive: [],
  dependencies: [],
  createBeforeDestroy: false,
  ...more,
});

function address(text: string): InstanceAddress {
  const found = parseAddress(text);
  assert.ok(found, text);
  return found;
}

function sample(): State {
  const state = new State('7a1c', 3);
  state.outputs.set('url', { value: 'http://web', sensitive: false });
  state.outputs.set('password', { value: 'abc', sensitive: true });
  state.outputs.set('sizes', {
    value: record([
      ['a', asMap([['x', 1]], 'number')],
      ['b', [1, 'two', null]],
    ]),
    sensitive: false,
  });
  state.setCurrent(address('aws_instance.web[1]'), provider, object({ id: 'i-1', tags: { Name: 'web' } }, { status: 'tainted' }));
  state.setCurrent(address('aws_instance.web[0]'), provider, object({ id: 'i-0' }));
  state.setCurrent(
    address('module.db["eu"].aws_db_instance.main'),
    provider,
    object(
      { id: 'db', password: 'abc', tags: { secret: 's' }, health_check: [{ path: '/' }] },
      {
        sensitive: [['password'], ['tags', 'secret'], ['health_check', 0, 'path']],
        dependencies: ['module.db.aws_security_group.db'],
        createBeforeDestroy: true,
      },
    ),
  );
  state.depose(address('module.db["eu"].aws_db_instance.main'));
  state.setCurrent(address('data.aws_vpc.default'), provider, object({ id: 'vpc' }));
  return state;
}

/** The error's code and words. */
const failure = (code: string, words: RegExp) => (error: unknown) => {
  assert.ok(error instanceof PlimsollError);
  assert.equal(error.code, code);
  assert.match(error.message, words);
  return true;
};

test('a state is in its file what it was in memory', () => {
  const state = sample();
  const text = stateToText(state);
  const again = stateFromText(text, file);
  assert.deepEqual(again, state);
  assert.equal(stateToText(again), text);
});

test('the file has the form that Terraform gives it', () => {
  const { resources, outputs, ...head } = JSON.parse(stateToText(sample()));
  assert.deepEqual(head, { version: 4, terraform_version: '1.11.4', serial: 3, lineage: '7a1c', check_results: null });
  assert.deepEqual(outputs.password, { value: 'abc', type: 'string', sensitive: true });
  assert.deepEqual(outputs.sizes.type, ['object', { a: ['map', 'number'], b: ['tuple', ['number', 'string', 'dynamic']] }]);
  const web = resources.find(({ type }: { type: string }) => type === 'aws_instance');
  assert.deepEqual([web.mode, web.name, web.each, web.provider], ['managed', 'web', 'list', provider]);
  assert.deepEqual(
    web.instances.map(({ index_key, status }: Record<string, unknown>) => [index_key, status]),
    [
      [0, undefined],
      [1, 'tainted'],
    ],
  );
  const database = resources.find(({ type }: { type: string }) => type === 'aws_db_instance');
  assert.equal(database.module, 'module.db["eu"]');
  const [instance] = database.instances;
  assert.match(instance.deposed, /^[0-9a-f]{8}$/);
  assert.deepEqual(instance.sensitive_attributes, [
    [{ type: 'get_attr', value: 'password' }],
    [
      { type: 'get_attr', value: 'tags' },
      { type: 'index', value: { value: 'secret', type: 'string' } },
    ],
    [
      { type: 'get_attr', value: 'health_check' },
      { type: 'index', value: { value: 0, type: 'number' } },
      { type: 'get_attr', value: 'path' },
    ],
  ]);
  assert.deepEqual([instance.dependencies, instance.create_before_destroy], [['module.db.aws_security_group.db'], true]);
});

test('what is no state of this format is refused, and says why', async () => {
  const refused: [string, string, RegExp][] = [
    ['{', 'PL_TERRAFORM_STATE_INVALID', /no JSON/],
    ['[]', 'PL_TERRAFORM_STATE_INVALID', /the file is no object/],
    ['{"version":5}', 'PL_TERRAFORM_STATE_NEWER', /format version 5, and 4 is the newest/],
    ['{"version":3,"serial":1,"lineage":"a"}', 'PL_TERRAFORM_STATE_INVALID', /before 0\.12/],
    ['{"version":4,"serial":-1,"lineage":"a"}', 'PL_TERRAFORM_STATE_INVALID', /lineage or serial/],
    ['{"version":4,"serial":1,"lineage":"a","resources":{}}', 'PL_TERRAFORM_STATE_INVALID', /resources is no list/],
    ['{"version":4,"serial":1,"lineage":"a","resources":[{"instances":[{}]}]}', 'PL_TERRAFORM_STATE_INVALID', /is no resource/],
  ];
  for (const [text, code, words] of refused) {
    writeFileSync(file, text);
    await assert.rejects(new StateFile(file).read(), failure(code, words), text);
    assert.equal(readFileSync(file, 'utf8'), text);
  }
});

test('a write takes the next serial, keeps the state as it was found beside it, and does nothing when nothing changed', async () => {
  const first = new StateFile(file);
  const state = await first.read();
  assert.ok(state.isEmpty);
  await first.write(state);
  assert.equal(existsSync(file), false, 'an empty state needs no file');
  state.outputs.set('a', { value: 1, sensitive: false });
  await first.write(state);
  assert.equal(existsSync(`${file}.backup`), false, 'there was nothing to keep');
  const found = readFileSync(file, 'utf8');
  const second = new StateFile(file);
  const again = await second.read();
  assert.deepEqual([again.serial, again.lineage], [1, state.lineage]);
  await second.write(again);
  assert.equal(readFileSync(file, 'utf8'), found);
  for (const value of [2, 3]) {
    again.outputs.set('a', { value, sensitive: false });
    await second.write(again);
  }
  assert.equal(JSON.parse(readFileSync(file, 'utf8')).serial, 3);
  assert.equal(readFileSync(`${file}.backup`, 'utf8'), found);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(folder).toSorted(), ['plimsoll.tfstate', 'plimsoll.tfstate.backup']);
});

/** A process of its own that runs `code`, with the modules of this folder at hand. */
function child(code: string, wrap: readonly string[] = []) {
  const modules = ['state.ts', 'stateFile.ts', 'lock.ts'].map(
    (name) => `import * as ${name.slice(0, -3)} from ${JSON.stringify(new URL(name, import.meta.url))};`,
  );
  const node = [process.execPath, '--input-type=module', '-e', `${modules.join('')}const file = ${JSON.stringify(file)};${code}`];
  const [command = '', ...args] = [...wrap, ...node];
  const running = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  return { running, lines: createInterface({ input: running.stdout }), ended: once(running, 'exit') };
}

test('a process killed while it writes leaves a whole state, and no write that it was told of is lost', { timeout: 60_000 }, async () => {
  const code = `
    const kept = new stateFile.StateFile(file);
    const state_ = await kept.read();
    for (let round = 1; ; round++) {
      state_.outputs.set('filler', { value: 'x'.repeat(300_000) + round, sensitive: false });
      await kept.write(state_);
      console.log(state_.serial);
    }`;
  let last = 0;
  for (let round = 0; round < 4; round++) {
    const { running, lines, ended } = child(code);
    let seen = 0;
    lines.on('line', (line) => {
      last = Number(line);
      if (++seen === 3 + round) running.kill('SIGKILL');
    });
    await ended;
    const { serial } = await new StateFile(file).read();
    assert.ok(serial >= last, `serial ${serial} in the file, ${last} was told`);
    last = serial;
  }
});

test('a full disk leaves the state as it was', { timeout: 60_000, skip: process.platform === 'win32' }, async () => {
  const kept = new StateFile(file);
  const state = await kept.read();
  state.outputs.set('a', { value: 1, sensitive: false });
  await kept.write(state);
  const found = readFileSync(file, 'utf8');
  const code = `
    const kept = new stateFile.StateFile(file);
    const state_ = await kept.read();
    state_.outputs.set('filler', { value: 'x'.repeat(3_000_000), sensitive: false });
    try { await kept.write(state_); console.log('written'); } catch (error) { console.log(error.code, state_.serial); }`;
  // Files of more than 1 MB cannot be written: what a full disk looks like to whoever writes.
  const { lines, ended } = child(code, ['bash', '-c', 'trap "" XFSZ; ulimit -f 1024; exec "$@"', 'bash']);
  const said: string[] = [];
  lines.on('line', (line) => said.push(line));
  await ended;
  assert.deepEqual(said, ['PL_TERRAFORM_STATE_WRITE 1']);
  assert.equal(readFileSync(file, 'utf8'), found);
  assert.deepEqual(readdirSync(folder).toSorted(), ['plimsoll.tfstate', 'plimsoll.tfstate.backup']);
});

test('a locked state is refused to others, who are told who holds it', async () => {
  const lock = await lockState(file, 'OperationTypeApply');
  assert.equal(lockFileOf(file), join(folder, '.plimsoll.tfstate.lock.info'));
  const { ID, Who, Operation, Path } = JSON.parse(readFileSync(lockFileOf(file), 'utf8'));
  assert.deepEqual([ID, Who, Operation, Path], [lock.info.ID, lock.info.Who, 'OperationTypeApply', file]);
  await assert.rejects(
    lockState(file, 'OperationTypePlan'),
    failure('PL_TERRAFORM_STATE_LOCKED', new RegExp(`locked by .*@.* \\(process ${process.pid}\\) since \\d{4}-.*force-unlock ${ID}`)),
  );
  await lock.release();
  assert.deepEqual(readdirSync(folder), []);
  const next = await lockState(file, 'OperationTypePlan');
  assert.equal(next.takenFrom, undefined);
  await lock.release();
  assert.equal((await readLock(file))?.ID, next.info.ID, 'a lock is released by its holder only');
  await next.release();
});

test('one of many gets the lock', async () => {
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => lockState(file, 'OperationTypeApply')));
  const got = results.filter((result) => result.status === 'fulfilled');
  assert.equal(got.length, 1);
  await got[0]?.value.release();
  assert.deepEqual(readdirSync(folder), []);
});

test('the lock of a process that was killed is taken over by one of many', { timeout: 60_000 }, async () => {
  const { running, lines, ended } = child(
    `await lock.lockState(file, 'OperationTypeApply'); console.log('held'); setInterval(() => {}, 1000);`,
  );
  await once(lines, 'line');
  await assert.rejects(lockState(file, 'OperationTypePlan'), failure('PL_TERRAFORM_STATE_LOCKED', new RegExp(`process ${running.pid}`)));
  running.kill('SIGKILL');
  await ended;
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => lockState(file, 'OperationTypePlan')));
  const got = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  assert.equal(got.length, 1);
  await got[0]?.release();
  assert.deepEqual(readdirSync(folder), []);
});

test('whoever takes a lock over knows from whom', async () => {
  const { running, lines, ended } = child(`await lock.lockState(file, 'OperationTypeApply'); console.log('held');`);
  await once(lines, 'line');
  await ended;
  const mine = await lockState(file, 'OperationTypePlan');
  assert.equal(mine.takenFrom?.Pid, running.pid);
  await mine.release();
  assert.deepEqual(readdirSync(folder), []);
});

test('a lock of another computer stays until it is taken away by its id', async () => {
  const theirs = {
    ID: 'abc',
    Operation: 'OperationTypeApply',
    Info: '',
    Who: 'eve@elsewhere',
    Version: '1.9.0',
    Created: '2026-01-01T00:00:00Z',
    Path: file,
    Pid: 1,
  };
  writeFileSync(lockFileOf(file), JSON.stringify(theirs));
  await assert.rejects(lockState(file, 'OperationTypePlan'), failure('PL_TERRAFORM_STATE_LOCKED', /eve@elsewhere/));
  await assert.rejects(forceUnlock(file, 'abd'), failure('PL_TERRAFORM_STATE_LOCKED', /has the id abc, not abd/));
  assert.equal((await forceUnlock(file, 'abc')).Who, 'eve@elsewhere');
  await assert.rejects(forceUnlock(file, 'abc'), failure('PL_TERRAFORM_STATE_LOCKED', /not locked/));
});

test('a state that Terraform wrote is read, marks and instances with it', () => {
  const text = JSON.stringify({
    version: 4,
    terraform_version: '1.9.8',
    serial: 12,
    lineage: 'b7',
    outputs: { ports: { value: [80, 443], type: ['list', 'number'] } },
    resources: [
      {
        mode: 'managed',
        type: 'aws_lb',
        name: 'main',
        provider,
        instances: [
          { schema_version: 0, attributes: { id: 'lb' }, sensitive_attributes: [], private: 'bnVsbA==', dependencies: ['aws_vpc.a'] },
        ],
      },
    ],
    check_results: null,
  });
  const state = stateFromText(text, file);
  assert.equal(state.get('aws_lb.main')?.current?.attributes['id'], 'lb');
  assert.deepEqual(state.outputs.get('ports')?.value, [80, 443]);
});
