import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { runScript, scriptRunner } from '../testkit.ts';

const run = scriptRunner();

test('k6-utils works under its usual URL without a network', async () => {
  const result = await run(`
    import { check as checkNow, randomSeed, sleep } from 'k6';
    import exec from 'k6/execution';
    import { check, findBetween, getCurrentStageIndex, normalDistributionStages, parseDuration, randomIntBetween, randomItem, randomString,
      tagWithCurrentStageIndex, tagWithCurrentStageProfile, uuidv4 } from 'https://jslib.k6.io/k6-utils/1.4.0/index.js';
    export const options = { scenarios: { a: { executor: 'ramping-vus', startVUs: 1, stages: [{ duration: '300ms', target: 1 }] } } };
    export default async function () {
      const many = Array.from({ length: 200 }, () => randomIntBetween(1, 3));
      randomSeed(7); const one = randomString(8);
      randomSeed(7); const two = randomString(8);
      const waited = await check(Promise.resolve(3), { later: async (n) => n === 3, now: (n) => n > 2, plain: true });
      tagWithCurrentStageIndex();
      tagWithCurrentStageProfile();
      checkNow(null, {
        between: Math.min(...many) === 1 && Math.max(...many) === 3,
        item: [4, 5].includes(randomItem([4, 5])),
        seeded: one === two && /^[a-z]{8}$/.test(one) && /^[01]{5}$/.test(randomString(5, '01')),
        uuid: /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(uuidv4()) && uuidv4(true) !== uuidv4(true),
        find: findBetween('<a>x</a><a>y</a>', '<a>', '</a>') === 'x' && findBetween('<a>x</a><a>y</a>', '<a>', '</a>', true).join() === 'x,y' && findBetween('', 'a', 'b') === null,
        duration: parseDuration('1d2h3m4s5ms') === 93784005 && parseDuration('250') === 250 && parseDuration('1.5h') === 5400000,
        stages: normalDistributionStages(10, 60).length === 12 && normalDistributionStages(10, 60).some((stage) => stage.target === 10),
        check: waited === true,
        stage: getCurrentStageIndex() === 0 && exec.vu.tags.stage === '0' && exec.vu.tags.stage_profile === 'ramp-up',
      });
      sleep(0.05);
    }`);
  assert.deepEqual(result.failedChecks, []);
  assert.equal(result.checks.length, 12);
});

test('k6-summary prints what 0.4x printed and writes JUnit', async () => {
  const result = await run(`
    import { check, group } from 'k6';
    import { Trend } from 'k6/metrics';
    import { humanizeValue, jUnit, textSummary } from 'https://jslib.k6.io/k6-summary/0.1.0/index.js';
    const span = new Trend('span', true);
    export const options = { iterations: 4, thresholds: { checks: ['rate==1'], iterations: ['count==4'] } };
    export default function () {
      group('inner', () => check(null, { good: true, odd: __ITER % 2 === 1 }));
      span.add(12.5);
    }
    export function handleSummary(data) {
      return {
        stdout: textSummary(data, { indent: ' ', enableColors: false }),
        'junit.xml': jUnit(data, { name: 'all' }),
        'value.txt': humanizeValue(1500, { type: 'trend', contains: 'time' }),
      };
    }`);
  const text = result.summaryText;
  assert.match(text, /█ inner\n\n\s+✓ good\n\s+✗ odd\n\s+↳ {2}50% — ✓ 2 \/ ✗ 2/);
  assert.match(text, /✗ checks\.+: 75\.00% +✓ 6 +✗ 2/);
  assert.match(text, /✓ iterations\.+: 4 +[\d.]+\/s/);
  assert.match(text, /span\.+: avg=12\.5ms +min=12\.5ms/);
  assert.match(
    String(result.files['junit.xml']),
    /<testsuite name="all" tests="2" failures="1">\n<testcase name="checks - rate==1"><failure/,
  );
  assert.equal(result.files['value.txt'], '1.5s');
});

test('papaparse reads tables under its usual URL', async () => {
  const result = await run(`
    import papaparse from 'https://jslib.k6.io/papaparse/5.1.1/index.js';
    import { SharedArray } from 'k6/data';
    import { check } from 'k6';
    const users = new SharedArray('users', () => papaparse.parse('name,age\\nann,"3,1"\\nbob,42', { header: true }).data);
    export default function () {
      check(users, { rows: (list) => list.length === 2 && list[0].age === '3,1' && list[1].name === 'bob' });
      check(papaparse.unparse([['a', 'b,c']]), { unparse: (text) => text === 'a,"b,c"' });
    }`);
  assert.deepEqual(result.lines, []);
  assert.deepEqual(result.failedChecks, []);
  assert.equal(result.checks.length, 2);
});

test('the example script runs', async () => {
  const result = await runScript(fileURLToPath(new URL('../../../examples/scripts/jslib.js', import.meta.url)), {
    options: { iterations: 2 },
  });
  assert.equal(result.exitCode, 0);
  assert.deepEqual(result.failedChecks, []);
  assert.match(result.summaryText, /iterations\.+: 2/);
});
