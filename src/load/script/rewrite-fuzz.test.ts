import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../base/index.ts';
import { compareRuns } from './rewrite-harness.ts';
import { ProgramWriter } from './rewrite-programs.ts';

/**
 * Random programs, run as they are and rewritten. The two must never differ; a program that cannot be
 * rewritten must be refused or caught. PLIMSOLL_FUZZ_SEED replays a run, PLIMSOLL_FUZZ_PROGRAMS makes it longer.
 */

const seed = process.env['PLIMSOLL_FUZZ_SEED'] ?? '1';
const programs = Number(process.env['PLIMSOLL_FUZZ_PROGRAMS'] ?? 150);

test(`random programs do the same when rewritten (seed ${seed})`, async () => {
  const writer = new ProgramWriter(seededRandom(`rewrite ${seed}`));
  const kinds = { equal: 0, refused: 0, caught: 0, overflown: 0, wrong: 0 };
  let calls = 0;
  for (let i = 0; i < programs; i++) {
    const source = writer.program();
    const outcome = await compareRuns(source);
    kinds[outcome.kind]++;
    if (outcome.kind === 'equal') calls += outcome.calls;
    if (outcome.kind === 'wrong')
      assert.fail(
        `program ${i} of seed ${seed} differs: ${outcome.fault}\n--- program\n${source}\n--- as it is\n${JSON.stringify(outcome.expected)}\n--- rewritten\n${JSON.stringify(outcome.actual)}\n--- code\n${outcome.code}`,
      );
  }
  // A generator of programs that are all refused would prove nothing.
  assert.ok(kinds.equal > programs / 2, JSON.stringify(kinds));
  assert.ok(calls > programs, 'the programs make calls that block');
});
