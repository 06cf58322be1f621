import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { scriptRunner } from '../testkit.ts';

const run = scriptRunner();
let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plimsoll-files-'));
  await writeFile(join(folder, 'people.csv'), 'name;age\nJohn;30\n"Jane ""J""";25\n\nJim;9\n');
});

after(() => rm(folder, { recursive: true }));

test('files are read, sought and asked, each VU at its own place; init code awaits', async () => {
  const { failedChecks, exitCode } = await run(
    `import { open, SeekMode } from 'k6/experimental/fs'; import { check } from 'k6';
     export const options = { vus: 2, iterations: 2 };
     const file = await open(__ENV.FOLDER + '/people.csv');
     const text = (bytes) => String.fromCharCode(...bytes);
     export default async function () {
       const bytes = new Uint8Array(4);
       const first = await file.read(bytes);
       const at = await file.seek(-4, SeekMode.End);
       const last = new Uint8Array(9);
       const count = await file.read(last);
       const end = await file.read(last);
       const { name, size } = await file.stat();
       let refused = '';
       try { await open('x'); } catch (error) { refused = error.message; }
       check(0, { first: () => first === 4 && text(bytes) === 'name', last: () => count === 4 && text(last.slice(0, 4)) === 'm;9\\n', end: () => end === null,
         at: () => at === size - 4, stat: () => name === 'people.csv' && size === 40, refused: () => refused.includes('not allowed') });
     }`,
    { env: { FOLDER: folder } },
  );
  assert.deepEqual(failedChecks, []);
  assert.equal(exitCode, 0);
});

test('csv files are parsed as rows or objects, whole or one by one', async () => {
  const { failedChecks, exitCode } = await run(
    `import { open } from 'k6/experimental/fs'; import csv from 'k6/experimental/csv'; import { check } from 'k6';
     const file = await open(__ENV.FOLDER + '/people.csv');
     const rows = await csv.parse(file, { delimiter: ';', skipFirstLine: true });
     const people = await csv.parse(file, { delimiter: ';', asObjects: true, toLine: 2 });
     const parser = new csv.Parser(file, { delimiter: ';', fromLine: 2 });
     let late; (async () => { late = await csv.parse(file, { delimiter: ';' }); })();
     export default async function () {
       const seen = [];
       for (let next = await parser.next(); !next.done; next = await parser.next()) seen.push(next.value[0]);
       check(0, { rows: () => JSON.stringify(rows) === '[["John","30"],["Jane \\\\"J\\\\"","25"],["Jim","9"]]', seen: () => seen.join() === 'Jane "J",Jim',
         objects: () => people.length === 2 && people[1].age === '25' && Object.isFrozen(people), late: () => late.length === 4 });
     }`,
    { env: { FOLDER: folder } },
  );
  assert.deepEqual(failedChecks, []);
  assert.equal(exitCode, 0);
});

test('an error in init code that awaits, and a promise that never comes, are errors of the script', async () => {
  for (const [code, what] of [
    ["await Promise.reject(new Error('of mine'));", /of mine/],
    ['await new Promise((resolve) => setTimeout(resolve, 1));', /awaits what does not come/],
  ] as const) {
    const error = (await run(`${code} export default function () {}`).catch((thrown: unknown) => thrown)) as Error & { exitCode: number };
    assert.equal(error.exitCode, 107);
    assert.match(error.message, what);
  }
});
