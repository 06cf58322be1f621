import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scriptRunner } from '../testkit.ts';

const run = scriptRunner();

test("a script's global object is its own: what it puts there is found by name, Node's own things are not there", async () => {
  const { failedChecks, exitCode, lines } = await run(
    `import { check } from 'k6';
     globalThis.mine = 5;
     globalThis.process = { env: { A: 'b' } };
     globalThis.double = (x) => 2 * x;
     globalThis.Base = class { name() { return 'base'; } };
     class Derived extends Base {}
     const names = ['Buffer', 'fetch', 'Blob', 'AbortController', 'WebAssembly', 'sessionStorage', 'setImmediate'];
     export default function () {
       const { mine: own, ...rest } = { mine: 1 };
       check(null, {
         'by name': mine === 5 && ({ mine }).mine === 5 && \`\${mine}\` === '5' && double(mine) === 10 && tagged\`x\` === 'x',
         'of libraries': process.env.A === 'b' && typeof process === 'object' && new Derived().name() === 'base',
         'not declared': (() => { try { return nothing; } catch (error) { return error instanceof ReferenceError; } })() && typeof nothing === 'undefined',
         'names of its own': ((mine) => mine)(2) === 2 && own === 1 && (() => { mine: for (;;) break mine; return ({ mine: 3 }).mine; })() === 3,
         "Node's": typeof Buffer + typeof fetch + typeof Blob + typeof setImmediate === 'undefined'.repeat(4) && names.every((name) => !(name in globalThis)),
         data: new URL('http://a/b').pathname === '/b' && globalThis.setTimeout === setTimeout,
         'import.meta': import.meta.resolve('./a.txt').startsWith('file://') && import.meta.resolve('./a.txt').endsWith('/a.txt'),
       });
       delete globalThis.mine;
     }
     globalThis.tagged = (parts) => parts[0];`,
  );
  assert.deepEqual(failedChecks, [], JSON.stringify(lines));
  assert.equal(exitCode, 0);
});
