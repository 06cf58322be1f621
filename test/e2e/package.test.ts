import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { systemClock } from '../../src/base/index.ts';
import { processTree, root, survivors } from '../support/processes.ts';

let folder = '';
let files: string[] = [];

/** The package as `npm install` would lay it out, with this repository's dependencies in place of downloaded ones. */
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'plimsoll-package-'));
  const packed = execFileSync('npm', ['pack', '--json', '--pack-destination', folder], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [{ filename, files: listed }] = JSON.parse(packed.slice(packed.indexOf('['))) as [{ filename: string; files: { path: string }[] }];
  files = listed.map((file) => file.path);
  mkdirSync(join(folder, 'node_modules'));
  execFileSync('tar', ['xzf', join(folder, filename), '-C', join(folder, 'node_modules')]);
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules/package/node_modules'));
});

after(() => rmSync(folder, { recursive: true, force: true }));

const bin = (): string => join(folder, 'node_modules/package/bin/plimsoll.js');

test('the package holds what runs and nothing of the tests', () => {
  for (const file of [
    'bin/plimsoll.js',
    'dist/src/cli/main.js',
    'dist/src/balancer/worker.js',
    'dist/src/console/built/console.js',
    'dist/src/console/built/console.css',
    'dist/examples/taskoverflow/main.js',
    'examples/scripts/taskoverflow.js',
    'LICENSE',
  ]) {
    assert.ok(files.includes(file), `${file} is missing`);
  }
  assert.deepEqual(
    files.filter((file) => /\.test\.|test-support|testkit|^test\/|^bench\//.test(file)),
    [],
  );
});

test('installed, it shows its help and its version', () => {
  assert.match(execFileSync(process.execPath, [bin(), '--help'], { encoding: 'utf8' }), /demo \[options\].*run \[options\]/s);
  assert.match(execFileSync(process.execPath, [bin(), '--version'], { encoding: 'utf8' }), /^\d+\.\d+\.\d+/);
});

test('installed, it starts the demo from its compiled files', { skip: process.platform !== 'linux' && 'reads /proc' }, async () => {
  const child = spawn(process.execPath, [bin(), 'demo'], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  while (!output.includes('one task is healthy')) {
    assert.equal(child.exitCode, null, output);
    await systemClock.sleep(100);
  }
  const tree = processTree(child.pid ?? -1);
  assert.ok(tree.some(({ command }) => command.includes('dist/examples/taskoverflow/main.js')));
  child.kill('SIGINT');
  assert.deepEqual(await survivors(tree, 10_000), []);
});

test('an older Node is told in one line what is needed', () => {
  const old = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.1.0' } }); await import(${JSON.stringify(bin())})`;
  let failure: { status: number; stderr: string } | undefined;
  try {
    execFileSync(process.execPath, ['--input-type=module', '-e', old], { encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    failure = error as { status: number; stderr: string };
  }
  assert.equal(failure?.status, 3);
  assert.match(failure.stderr, /^plimsoll: Node 24 or newer is needed, this is Node 20\.1\.0 .*\n$/);
});
