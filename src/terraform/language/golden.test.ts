/**
 * golden/*.golden hold expressions and what they give. To write them anew after a change: `PLIMSOLL_UPDATE_GOLDEN=1 node --test` on this file, and
 * read the difference.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluateText, goldenNames, goldenPlace, readGolden, resultOf, writeGolden } from './testkit.ts';

for (const name of goldenNames()) {
  test(`every expression of golden/${name} gives what stands below it`, async () => {
    const golden = readGolden(name);
    const scope = await goldenPlace(name).scope();
    const cases = golden.cases.map(({ expression }) => ({ expression, result: resultOf(() => evaluateText(expression, scope)) }));
    if (process.env['PLIMSOLL_UPDATE_GOLDEN'] === '1') writeGolden(name, { ...golden, cases });
    else for (const [index, { expression, result }] of golden.cases.entries()) assert.equal(cases[index]?.result, result, expression);
  });
}
