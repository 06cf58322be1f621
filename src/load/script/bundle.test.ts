import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { PlimsollError } from '../../base/index.ts';
import { bundleScript } from './bundle.ts';

/** What scripts import, laid out as npm and its users do. */

const folder = mkdtempSync(join(tmpdir(), 'plimsoll-bundle-'));
after(() => rmSync(folder, { recursive: true }));

function put(files: Record<string, string>): void {
  for (const [name, content] of Object.entries(files)) {
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
}

const bundle = (source: string): Promise<string> =>
  bundleScript({ file: join(folder, 'script.ts'), source, hostModules: new Set(['k6', 'k6/http']) }).then(({ code }) => code);

test('files are found as bundlers find them', async () => {
  put({
    'data.json': '{ "users": ["from-json"] }',
    'lib/index.ts': `export * from './helper'; export type Id = string;`,
    'lib/helper.ts': `export const helper = (id: string): string => 'from-' + id;`,
    'packages/own/package.json': '{ "name": "own", "main": "main.js" }',
    'packages/own/main.js': `exports.own = 'from-workspace';`,
  });
  mkdirSync(join(folder, 'node_modules'), { recursive: true });
  symlinkSync(join(folder, 'packages/own'), join(folder, 'node_modules/own'));
  const code = await bundle(
    `import data from './data.json'; import { helper, type Id } from './lib'; import { own } from 'own';
     export default function () { return [data.users, helper('x'), own]; }`,
  );
  for (const text of ['from-json', 'from-', 'from-workspace']) assert.match(code, new RegExp(text));
});

test('packages give what they have for browsers, as there is nothing of Node', async () => {
  put({
    'node_modules/fields/package.json': '{ "main": "node.js", "browser": "web.js" }',
    'node_modules/fields/node.js': `require('fs');`,
    'node_modules/fields/web.js': `exports.where = process.env.NODE_ENV === 'production' ? 'by-field' : 'development';`,
    'node_modules/conditions/package.json':
      '{ "exports": { ".": { "browser": "./web.js", "default": "./node.js" }, "./k6": { "k6": "./k6.js" } } }',
    'node_modules/conditions/node.js': `import 'node:crypto';`,
    'node_modules/conditions/web.js': `export const where = 'by-condition';`,
    'node_modules/conditions/k6.js': `export const k6 = 'for-k6';`,
  });
  const code = await bundle(
    `import { where } from 'fields'; import { where as there } from 'conditions'; import { k6 } from 'conditions/k6'; export default () => [where, there, k6];`,
  );
  for (const text of ['by-field', 'by-condition', 'for-k6']) assert.match(code, new RegExp(text));
  assert.doesNotMatch(code, /process\.env/);
});

test('what cannot be had is said with its place', async () => {
  put({
    'node_modules/reader/package.json': '{ "main": "index.js" }',
    'node_modules/reader/index.js': `\nmodule.exports = require('fs');`,
  });
  for (const [source, message] of [
    [`import axios from 'axios'; axios;`, /unknown module "axios": it makes requests of its own, .*use k6\/http.*script\.ts:1:\d+/],
    [`import reader from 'reader'; reader;`, /could not resolve "fs": there is nothing of Node here.*reader\/index\.js:2:\d+/],
    [`\nimport { x } from './nowhere.js'; x;`, /could not resolve "\.\/nowhere\.js".*script\.ts:2:\d+/],
  ] as const) {
    const error = await bundle(`${source} export default () => 1;`).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof PlimsollError && error.exitCode === 107, String(error));
    assert.match(error.message, message);
  }
});
