import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';

const root = fileURLToPath(new URL('..', import.meta.url));
const tsc = join(root, 'node_modules/.bin/tsc');

/** The folders that each layer may import, from its tsconfig.json. */
function references(folder: string): string[] {
  const config = JSON.parse(readFileSync(join(root, 'src', folder, 'tsconfig.json'), 'utf8')) as { references: { path: string }[] };
  return config.references.map((reference) => basename(reference.path));
}

const layers = readdirSync(join(root, 'src')).filter((folder) => existsSync(join(root, 'src', folder, 'tsconfig.json')));
let copy = '';

before(() => {
  copy = mkdtempSync(join(tmpdir(), 'plimsoll-layers-'));
  for (const name of ['tsconfig.base.json', 'package.json']) cpSync(join(root, name), join(copy, name));
  cpSync(join(root, 'src'), join(copy, 'src'), { recursive: true, filter: (path) => !path.endsWith('.test.ts') });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
});

after(() => rmSync(copy, { recursive: true, force: true }));

test('the layers have no cycle', () => {
  const open = new Set<string>();
  const done = new Set<string>();
  const visit = (folder: string): void => {
    assert.ok(!open.has(folder), `cycle through src/${folder}`);
    if (done.has(folder)) return;
    open.add(folder);
    for (const below of references(folder)) visit(below);
    open.delete(folder);
    done.add(folder);
  };
  for (const folder of layers) visit(folder);
  assert.equal(done.size, layers.length);
});

test('an import that its layer does not allow fails to compile, an allowed one does not', () => {
  const probe = (folder: string, target: string): { ok: boolean; output: string } => {
    const file = join(copy, 'src', folder, 'layer-probe.ts');
    writeFileSync(file, `import * as other from '../${target}/index.ts';\nexport const probe = other;\n`);
    const result = spawnSync(tsc, ['-b', `src/${folder}`], { cwd: copy, encoding: 'utf8' });
    rmSync(file);
    return { ok: result.status === 0, output: result.stdout };
  };
  assert.ok(probe('model', 'base').ok, 'model may import base');
  for (const [folder, target] of [
    ['base', 'model'],
    ['http1', 'model'],
    ['model', 'region'],
    ['autoscaling', 'metrics'],
    ['metrics', 'compute'],
    ['load', 'model'],
  ] as const) {
    assert.ok(!references(folder).includes(target));
    const { ok, output } = probe(folder, target);
    assert.ok(!ok && /TS6307|TS6059/.test(output), `src/${folder} importing src/${target} must not compile: ${output}`);
  }
});

test('every folder of src is built by the root project', () => {
  const config = readFileSync(join(root, 'tsconfig.json'), 'utf8');
  for (const folder of layers) assert.ok(config.includes(`"src/${folder}"`), `tsconfig.json lacks src/${folder}`);
});
