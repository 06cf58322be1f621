import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createConsole } from './console.ts';
import type { Vu } from './vu.ts';

function logged(...values: unknown[]): string {
  let line = '';
  const vu = { engine: { log: (_level: string, message: string) => (line = message) } } as unknown as Vu;
  createConsole(vu)['log']?.(...values);
  return line;
}

/** As k6 1.8 prints them. */
const cases: [values: unknown[], line: string][] = [
  [['text', 1, -0, NaN, true, null, undefined, 10n], 'text 1 0 NaN true null undefined 10'],
  [[{ a: 1, b: 'x', c: [1, 'two', { d: null }], 'm-n': undefined }], '{ a: 1, b: "x", c: [ 1, "two", { d: null } ], m-n: null }'],
  [[[], {}, [[]], new Map([[1, 2]]), new Set([1])], '[] {} [ [] ] {} {}'],
  [[{ p: { q: { r: { s: { t: 1 } } } } }], '{ p: { q: { r: { s: { t: 1 } } } } }'],
  [[() => 1, Map, [function named() {}]], '[object Function] [object Function] [ [object Function] ]'],
  [[Symbol('s'), [Symbol('s')]], 's [ "s" ]'],
  [[new Date(0), { at: new Date(0) }], '"1970-01-01T00:00:00.000Z" { at: "1970-01-01T00:00:00.000Z" }'],
  [[new TypeError('no'), [new Error('in')]], 'TypeError: no [ Error: in ]'],
  [[new Uint8Array([1, 2]), new Float64Array([1.5])], 'Uint8Array(2) [ 1, 2 ] Float64Array(1) [ 1.5 ]'],
  [[new Uint8Array([1, 255]).buffer], 'ArrayBuffer { [Uint8Contents]: <01 ff>, byteLength: 2 }'],
  // oxlint-disable-next-line no-sparse-arrays -- a hole is what is tested
  [[[1, , 3]], '[ 1, null, 3 ]'],
];

for (const [values, line] of cases) test(`the console shows ${line}`, () => assert.equal(logged(...values), line));

test('the console shows an object within itself once', () => {
  const circle: Record<string, unknown> = { n: 1 };
  circle['self'] = circle;
  assert.equal(logged(circle, { twice: [circle['n'], {}] }), '{ n: 1, self: [Circular] } { twice: [ 1, {} ] }');
});
