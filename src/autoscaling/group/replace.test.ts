import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { AutoScalingGroup } from '../../model/index.ts';
import type { GroupCommand } from './command.ts';
import { GroupWorld, sampleGroup as group } from './test-support.ts';

const MINUTE = 60_000;

function settled(change: Partial<AutoScalingGroup> = {}): GroupWorld {
  const world = new GroupWorld({ ...group, ...change });
  world.settle();
  return world;
}

const causes = (commands: readonly GroupCommand[]): string[] => commands.flatMap((command) => ('cause' in command ? [command.cause] : []));
const types = (commands: readonly GroupCommand[]): string[] => commands.map(({ type }) => type);

describe('an instance refresh', () => {
  const refresh = { id: 'r', templateVersion: '2', startedAtMs: 0 };

  it('replaces in batches that leave the healthy minimum', () => {
    const world = settled({ desiredCapacity: 4, instanceWarmupMs: MINUTE });
    world.nowMs += MINUTE;
    world.group = { ...world.group, templateVersion: '2', refresh: { ...refresh, minHealthyPercentage: 50, maxHealthyPercentage: 100 } };
    const commands = world.step();
    assert.equal(world.in('Terminating').length, 2);
    assert.match(causes(commands)[0] as string, /taken out of service in response to an instance refresh/);
    world.settle();
    assert.equal(world.refreshPercent, 0, 'new instances have to warm up first');
    assert.equal(world.requeueAfterMs, MINUTE);
    world.nowMs += MINUTE;
    world.step();
    assert.equal(world.refreshPercent, 50);
    world.settle();
    world.nowMs += MINUTE;
    world.settle();
    assert.equal(world.refreshPercent, 100);
    assert.ok(world.instances.every(({ templateVersion }) => templateVersion === '2'));
  });

  it('launches first where the maximum allows it', () => {
    const world = settled({ desiredCapacity: 2 });
    world.group = { ...world.group, templateVersion: '2', refresh: { ...refresh, minHealthyPercentage: 100, maxHealthyPercentage: 150 } };
    const commands = world.step();
    assert.deepEqual(types(commands), ['launch']);
    assert.match(causes(commands)[0] as string, /launched in response to an instance refresh/);
    for (let i = 0; i < 60; i++) {
      assert.ok(world.in('InService').length >= 2);
      world.step();
      for (const { id } of world.instances) world.progress(id);
    }
    world.settle();
    assert.deepEqual(
      world.instances.map(({ templateVersion }) => templateVersion),
      ['2', '2'],
    );
    assert.equal(world.refreshPercent, 100);
  });

  it('of any shape ends with the new version alone and, once under way, keeps to its minimum and maximum', () => {
    const orders = fc.infiniteStream(fc.nat(1000));
    const shape = fc.record({
      desiredCapacity: fc.integer({ min: 1, max: 6 }),
      minHealthyPercentage: fc.constantFrom(0, 50, 90, 100),
      maxHealthyPercentage: fc.constantFrom(100, 110, 150, 200),
    });
    fc.assert(
      fc.property(shape, orders, ({ desiredCapacity, minHealthyPercentage, maxHealthyPercentage }, order) => {
        const world = settled({ desiredCapacity });
        world.group = { ...world.group, templateVersion: '2', refresh: { ...refresh, minHealthyPercentage, maxHealthyPercentage } };
        const countMax = Math.max(desiredCapacity, Math.floor((desiredCapacity * maxHealthyPercentage) / 100));
        const healthyMin = Math.ceil((desiredCapacity * minHealthyPercentage) / 100);
        for (let i = 0; i < 300; i++) {
          world.step();
          const coming = world.instances.filter(({ state }) => state === 'Pending' || state === 'InService').length;
          assert.ok(coming <= countMax);
          const least = countMax > desiredCapacity ? healthyMin : Math.min(healthyMin, desiredCapacity - 1);
          assert.ok(world.in('InService').length >= least);
          const instance = world.instances[(order.next().value ?? 0) % world.instances.length];
          if (instance) world.progress(instance.id);
        }
        world.settle();
        assert.equal(world.refreshPercent, 100);
        assert.deepEqual(
          world.instances.map(({ templateVersion }) => templateVersion),
          Array.from({ length: desiredCapacity }, () => '2'),
        );
      }),
    );
  });

  it('replaces a lone instance although the minimum forbids it: nothing else would', () => {
    const world = settled({ desiredCapacity: 1 });
    world.group = { ...world.group, templateVersion: '2', refresh: { ...refresh, minHealthyPercentage: 90, maxHealthyPercentage: 100 } };
    world.settle();
    assert.equal(world.instances[0]?.templateVersion, '2');
  });
});
