import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PlimsollError } from '../base/index.ts';
import { resolveOptions } from './options/options.ts';
import { hostModuleNames } from './modules/index.ts';
import { compileScript } from './script/compile.ts';

/**
 * The ledger of what k6 has and Plimsoll has not. Each entry must be refused with a reason; an entry that
 * works is to be taken out. The list only shrinks.
 */

const modules = ['k6/browser', 'k6/experimental/browser', 'k6/x/sql', 'k6/nope'];

for (const name of modules)
  test(`the module ${name} is refused`, async () => {
    const source = `import it from '${name}';\nexport default () => it;`;
    await assert.rejects(
      compileScript({ file: '/script.js', source, hostModules: hostModuleNames }),
      (error) =>
        error instanceof PlimsollError &&
        error.code === 'PL_LOAD_MODULE_UNSUPPORTED' &&
        error.message.includes(name) &&
        error.message.includes('script.js:1:'),
    );
  });

test('a misspelt option is a warning, as in k6', () => {
  assert.deepEqual(resolveOptions({ durration: '1s' }).warnings, ['the option "durration" is unknown and has no effect']);
});
