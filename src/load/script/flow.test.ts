import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'acorn';
import { analyse } from './blocking.ts';
import { analyseFlow } from './flow.ts';
import { analyseScopes } from './scope.ts';

/** A library as most are: functions in tables, called by names that are only known at run time. */
function library(size: number): string {
  const parts = Array.from(
    { length: size },
    (_, i) => `table[key + ${i}] = function (f, x) { return this[key](f, x, table['m${i}'], pick(x)[key]()); }; list.push(table.m${i});`,
  );
  return `const table = {}, list = []; let key = 'm'; function pick(x) { return table[x] || list[x]; } ${parts.join('\n')}`;
}

function work(size: number): number {
  const program = parse(library(size), { sourceType: 'module', ecmaVersion: 'latest', preserveParens: true });
  const { calls, stored } = analyseFlow(program, analyseScopes(program));
  assert.ok(stored.size >= size, 'its functions are found');
  assert.ok(calls.filter(({ reachesStored }) => reachesStored).length >= size, 'its calls may reach them');
  return calls.reduce((sum, { targets }) => sum + targets.size, 0);
}

test('what the analysis of a library notes grows with its length, not with the square of it', () => {
  assert.ok(work(400) < 3 * work(200), `${work(200)} targets for 200 functions, ${work(400)} for 400`);
});

test("a class of k6's runs no function of the script, so that what blocks beside it can wait", () => {
  const program = parse(
    `import http from 'k6/http'; import { group } from 'k6'; import grpc from 'k6/net/grpc';
     export default function () {
       group('g', function () { const jar = new http.CookieJar(); http.get('/', { jar }); });
       (function* () { new grpc.Client().connect('x'); })();
     }`,
    { sourceType: 'module', ecmaVersion: 'latest', preserveParens: true },
  );
  assert.deepEqual(analyse(program).refusals, []);
});

/** How many functions of a library may block beside a script. */
function blockingIn(script: string): number {
  const program = parse(`${library(60)} ${script}`, { sourceType: 'module', ecmaVersion: 'latest', preserveParens: true });
  return analyse(program).scopes.functions.filter(({ blocks }) => blocks > 0).length;
}

test('a script that blocks does not make a library beside it block', () => {
  const body = 'http.get("x"); table.m1(String, 1);';
  assert.equal(blockingIn(`import http from 'k6/http'; function main() { ${body} } export { main as default };`), 1);
  assert.equal(blockingIn(`function before() { ${body} } var http = __require("k6/http"); exports.default = before;`), 1);
  assert.equal(blockingIn(`var { sleep: pause } = __require("k6"); module.exports.default = () => pause(table.m1(String, 1));`), 1);
  assert.equal(
    blockingIn(
      `import http from 'k6/http'; import { group } from 'k6'; function main() { group('g', () => { ${body} }); } export { main as default };`,
    ),
    2,
  );
  assert.equal(
    blockingIn(`import http from 'k6/http'; var main = () => __async(null, null, function* () { ${body} }); export { main as default };`),
    2,
  );
});
