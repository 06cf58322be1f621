import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seededRandom } from '../../base/index.ts';
import type { Algorithm as AlgorithmName } from '../../model/index.ts';
import { algorithms, createAlgorithm, type Candidate } from './index.ts';

const candidates = (weights: readonly number[]): Candidate[] =>
  weights.map((weight, index) => ({ id: `t${index}`, weight, outstanding: 0 }));

/** Shares of `picks` choices; each request stays outstanding for a few choices, as under steady load. */
function shares(name: AlgorithmName, targets: Candidate[], picks = 12_000, seed = 1): number[] {
  const algorithm = createAlgorithm(name, seededRandom(seed));
  algorithm.update(targets);
  const counts = targets.map(() => 0);
  const open: Candidate[] = [];
  for (let i = 0; i < picks; i++) {
    const index = algorithm.pick();
    const target = targets[index] as Candidate;
    (counts[index] as number)++;
    target.outstanding++;
    open.push(target);
    if (open.length > 3) (open.shift() as Candidate).outstanding--;
  }
  return counts.map((count) => count / picks);
}

for (const name of Object.keys(algorithms) as AlgorithmName[]) {
  describe(name, () => {
    test('equal targets get equal shares', () => {
      for (const share of shares(name, candidates([1, 1, 1, 1]))) assert.ok(Math.abs(share - 0.25) < 0.0125, String(share));
    });

    test('one target gets everything, one of weight 0 nothing', () => {
      assert.deepEqual(shares(name, candidates([1]), 100), [1]);
      assert.deepEqual(shares(name, candidates([1, 0]), 100), [1, 0]);
    });

    test('a seed replays the choices', () => {
      const run = (): number[] => {
        const algorithm = createAlgorithm(name, seededRandom(9));
        algorithm.update(candidates([1, 1, 1]));
        return Array.from({ length: 50 }, () => algorithm.pick());
      };
      assert.deepEqual(run(), run());
    });

    test('a target that leaves is not chosen again, a new one is', () => {
      const algorithm = createAlgorithm(name, seededRandom(3));
      algorithm.update(candidates([1, 1, 1]));
      for (let i = 0; i < 10; i++) algorithm.pick();
      algorithm.update(candidates([1, 1]));
      const seen = new Set(Array.from({ length: 100 }, () => algorithm.pick()));
      assert.deepEqual(seen, new Set([0, 1]));
    });
  });
}

test('round robin spreads unequal weights smoothly and exactly', () => {
  const algorithm = createAlgorithm('round_robin', seededRandom(1));
  algorithm.update(candidates([2, 1]));
  const picks = Array.from({ length: 6 }, () => algorithm.pick()).join('');
  assert.equal(picks, '010010');
});

test('least outstanding requests prefers the idle', () => {
  const targets = candidates([1, 1, 1]);
  const [a, b, c] = targets as [Candidate, Candidate, Candidate];
  [a.outstanding, b.outstanding, c.outstanding] = [2, 1, 3];
  const algorithm = createAlgorithm('least_outstanding_requests', seededRandom(1));
  algorithm.update(targets);
  assert.deepEqual([...new Set(Array.from({ length: 20 }, () => algorithm.pick()))], [1]);
});
