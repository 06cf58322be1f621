import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seededRandom } from '../../base/index.ts';
import type { Algorithm as AlgorithmName } from '../../model/index.ts';
import { algorithms, createAlgorithm, hashText, type Candidate } from './index.ts';

const candidates = (weights: readonly number[]): Candidate[] =>
  weights.map((weight, index) => ({ id: `t${index}`, weight, outstanding: 0, latencyMs: 0, latencyAtMs: 0, answers: 0, failures: 0 }));

/** Shares of `picks` choices for as many keys; each request stays outstanding for a few choices, as under steady load. */
function shares(name: AlgorithmName, targets: Candidate[], picks = 20_000, seed = 1): number[] {
  const algorithm = createAlgorithm(name, seededRandom(seed));
  algorithm.update(targets);
  const counts = targets.map(() => 0);
  const open: Candidate[] = [];
  for (let i = 0; i < picks; i++) {
    const index = algorithm.pick({ hash: hashText(`key ${i}`), nowMs: i });
    const target = targets[index] as Candidate;
    (counts[index] as number)++;
    target.outstanding++;
    open.push(target);
    if (open.length > 400) {
      const done = open.shift() as Candidate;
      done.outstanding--;
      algorithm.onAnswer(done, 10, false, i);
    }
  }
  return counts.map((count) => count / picks);
}

const names = Object.keys(algorithms) as AlgorithmName[];
const request = { hash: 1, nowMs: 0 };

for (const name of names) {
  describe(name, () => {
    test('equal targets get equal shares', () => {
      for (const share of shares(name, candidates([1, 1, 1, 1]))) assert.ok(Math.abs(share - 0.25) < 0.0125, String(share));
    });

    test('one target gets everything', () => assert.deepEqual(shares(name, candidates([1]), 100), [1]));

    if (name !== 'least_outstanding_requests') {
      test('weights are kept, those of a slow start too', () => {
        const got = shares(name, candidates([3, 1, 0.5]));
        for (const [index, ideal] of [3 / 4.5, 1 / 4.5, 0.5 / 4.5].entries()) {
          // Two draws pull towards the less loaded: near the weights, not on them.
          const tolerance: number = name === 'random_two_choices' || name === 'peak_ewma' ? 0.35 : 0.05;
          assert.ok(Math.abs((got[index] as number) / ideal - 1) < tolerance, got.join());
        }
      });
    }

    test('a seed replays the choices', () => {
      const run = (): number[] => {
        const algorithm = createAlgorithm(name, seededRandom(9));
        algorithm.update(candidates([1, 1, 1]));
        return Array.from({ length: 50 }, (_, i) => algorithm.pick({ hash: i * 7919, nowMs: 0 }));
      };
      assert.deepEqual(run(), run());
    });

    test('a target that leaves is not chosen again', () => {
      const algorithm = createAlgorithm(name, seededRandom(3));
      algorithm.update(candidates([1, 1, 1]));
      for (let i = 0; i < 10; i++) algorithm.pick(request);
      algorithm.update(candidates([1, 1]));
      const seen = new Set(Array.from({ length: 100 }, (_, i) => algorithm.pick({ hash: hashText(String(i)), nowMs: 0 })));
      assert.deepEqual(
        [...seen].toSorted((a, b) => a - b),
        [0, 1],
      );
    });
  });
}

test('round robin spreads unequal weights smoothly and exactly', () => {
  const algorithm = createAlgorithm('round_robin', seededRandom(1));
  algorithm.update(candidates([2, 1]));
  assert.equal(Array.from({ length: 6 }, () => algorithm.pick(request)).join(''), '010010');
});

test('least outstanding requests prefers the idle', () => {
  const targets = candidates([1, 1, 1]);
  for (const [index, outstanding] of [2, 1, 3].entries()) (targets[index] as Candidate).outstanding = outstanding;
  const algorithm = createAlgorithm('least_outstanding_requests', seededRandom(1));
  algorithm.update(targets);
  assert.deepEqual(new Set(Array.from({ length: 20 }, () => algorithm.pick(request))), new Set([1]));
});

test('consistent hash: a key stays, and only the keys of a target that leaves move', () => {
  const algorithm = createAlgorithm('consistent_hash', seededRandom(1));
  const targets = candidates([1, 1, 1, 1, 1]);
  const where = (): string[] => Array.from({ length: 5000 }, (_, i) => targets[algorithm.pick({ hash: hashText(`k${i}`), nowMs: 0 })]!.id);
  algorithm.update(targets);
  const before = where();
  const gone = targets.pop() as Candidate;
  algorithm.update(targets);
  const after = where();
  for (const [index, id] of before.entries()) if (id !== gone.id) assert.equal(after[index], id);
});

test('consistent hash: a hot key spills over instead of drowning its target', () => {
  const targets = candidates([1, 1, 1, 1]);
  const algorithm = createAlgorithm('consistent_hash', seededRandom(1));
  algorithm.update(targets);
  for (let i = 0; i < 400; i++) (targets[algorithm.pick(request)] as Candidate).outstanding++;
  for (const target of targets) assert.ok(target.outstanding <= 126, String(target.outstanding));
});

test('peak EWMA leaves a target that turns slow, and comes back to it later', () => {
  const targets = candidates([1, 1]);
  const algorithm = createAlgorithm('peak_ewma', seededRandom(1));
  algorithm.update(targets);
  const [slow, fast] = targets as [Candidate, Candidate];
  algorithm.onAnswer(slow, 100, false, 1000);
  algorithm.onAnswer(fast, 10, false, 1000);
  const picks = (nowMs: number): number =>
    Array.from({ length: 100 }, () => algorithm.pick({ hash: 0, nowMs })).filter((index) => index === 0).length;
  assert.equal(picks(1000), 0);
  algorithm.onAnswer(fast, 10, false, 31_000);
  assert.equal(picks(31_000), 100);
});

test('weighted random with mitigation starves a failing target and takes it back', () => {
  const targets = candidates([1, 1, 1, 1]);
  const algorithm = createAlgorithm('weighted_random', seededRandom(1), true);
  algorithm.update(targets);
  let failing = true;
  const share = (from: number): number => {
    let bad = 0;
    for (let i = 0; i < 4000; i++) {
      const index = algorithm.pick(request);
      if (index === 0) bad++;
      algorithm.onAnswer(targets[index] as Candidate, 1, failing && index === 0, from);
    }
    algorithm.tick(from);
    return bad / 4000;
  };
  let nowMs = 0;
  for (let window = 0; window < 6; window++) share((nowMs += 6000));
  assert.ok(share((nowMs += 6000)) < 0.02);
  failing = false;
  for (let window = 0; window < 8; window++) share((nowMs += 6000));
  assert.ok(share((nowMs += 6000)) > 0.22);
});
