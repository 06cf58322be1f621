import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FlowHash, flowHash, type Weighted } from './flow-hash.ts';

function shares(choices: readonly Weighted[], flows: number): Map<string, number> {
  const spread = new FlowHash(choices);
  const counts = new Map<string, number>();
  for (let i = 0; i < flows; i++) {
    const ends = { remoteAddress: `10.1.${i >> 8}.${i & 255}`, remotePort: 40_000 + (i % 20_000), localAddress: '10.0.0.1', localPort: 80 };
    const { id } = spread.pick(flowHash('tcp', ends))!;
    counts.set(id, (counts.get(id) ?? 0) + 1 / flows);
  }
  return counts;
}

test('shares of flows follow the weights', () => {
  const counts = shares(
    [
      { id: '10.0.1.1:80', weight: 1 },
      { id: '10.0.1.2:80', weight: 1 },
      { id: '10.0.1.3:80', weight: 2 },
    ],
    40_000,
  );
  for (const [id, share] of [
    ['10.0.1.1:80', 0.25],
    ['10.0.1.2:80', 0.25],
    ['10.0.1.3:80', 0.5],
  ] as const) {
    assert.ok(Math.abs(counts.get(id)! - share) < 0.05 * share, `${id}: ${counts.get(id)}`);
  }
});

test('every end of a flow counts', () => {
  const ends = { remoteAddress: '10.1.1.1', remotePort: 40_000, localAddress: '10.0.0.1', localPort: 80 };
  const all = [
    flowHash('tcp', ends),
    flowHash('udp', ends),
    flowHash('tcp', { ...ends, remoteAddress: '10.1.1.2' }),
    flowHash('tcp', { ...ends, remotePort: 40_001 }),
    flowHash('tcp', { ...ends, localAddress: '10.0.0.2' }),
    flowHash('tcp', { ...ends, localPort: 81 }),
  ];
  assert.equal(new Set(all).size, all.length);
});

const choices = fc.uniqueArray(fc.record({ id: fc.string({ minLength: 1 }), weight: fc.integer({ min: 1, max: 9 }) }), {
  minLength: 1,
  maxLength: 8,
  selector: ({ id }) => id,
});

test('the same hash finds the same choice in any order, and moves only when its choice leaves', () => {
  fc.assert(
    fc.property(choices, fc.integer({ min: 0, max: 0xffff_ffff }), (all, hash) => {
      const chosen = new FlowHash(all).pick(hash)!;
      assert.equal(new FlowHash([...all].reverse()).pick(hash), chosen);
      for (const gone of all) {
        const rest = all.filter((choice) => choice !== gone);
        if (gone !== chosen) assert.equal(new FlowHash(rest).pick(hash), chosen);
        else assert.equal(new FlowHash(all).pick(hash, [gone]), new FlowHash(rest).pick(hash));
      }
    }),
  );
});
