import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { AutoScalingGroup, GroupInstance, LifecycleHook } from '../../model/index.ts';
import { groupActivities, groupCauses } from './activities.ts';
import type { GroupCommand } from './command.ts';
import { groupMetrics, warmingUp } from './metrics.ts';
import { GroupWorld, sampleGroup as group } from './test-support.ts';

const MINUTE = 60_000;

function settled(change: Partial<AutoScalingGroup> = {}): GroupWorld {
  const world = new GroupWorld({ ...group, ...change });
  world.settle();
  return world;
}

const causes = (commands: readonly GroupCommand[]): string[] => commands.flatMap((command) => ('cause' in command ? [command.cause] : []));
const types = (commands: readonly GroupCommand[]): string[] => commands.map(({ type }) => type);

function hook(name: string, transition: 'LAUNCHING' | 'TERMINATING', change: Partial<LifecycleHook> = {}): LifecycleHook {
  return {
    name,
    transition: `autoscaling:EC2_INSTANCE_${transition}`,
    heartbeatTimeoutMs: 10 * MINUTE,
    defaultResult: 'ABANDON',
    ...change,
  };
}

describe('an Auto Scaling group', () => {
  it('launches what lacks, spread over its zones, and says why as AWS does', () => {
    const world = new GroupWorld({ ...group, desiredCapacity: 3 });
    world.capacityCauses = [groupCauses.update(world.nowMs, { min: 1, max: 8, desired: 3 }, 0)];
    const launches = world.step();
    assert.deepEqual(world.perZone('Pending'), [2, 1]);
    assert.deepEqual(
      new Set(causes(launches)),
      new Set([
        'At 2026-01-01T00:00:00Z a user request update of AutoScalingGroup constraints to min: 1, max: 8, desired: 3 changing the desired capacity from 0 to 3.  ' +
          'At 2026-01-01T00:00:00Z an instance was started in response to a difference between desired and actual capacity, increasing the capacity from 0 to 3.',
      ]),
    );
    world.settle();
    assert.equal(world.in('InService').length, 3);
    assert.ok(world.steady);
    assert.equal(groupActivities.launching('i-0001'), 'Launching a new EC2 instance: i-0001');
  });

  it('registers an instance before it is in service, once its machine runs', () => {
    const world = new GroupWorld({ ...group, desiredCapacity: 1 });
    world.step();
    assert.deepEqual(world.step(), []);
    world.change('i-0001', { machine: 'running' });
    assert.deepEqual(world.step(), [{ type: 'register', instanceId: 'i-0001' }]);
    assert.equal(world.instance('i-0001').state, 'InService');
  });

  it('scales in by draining first and names the chosen instances', () => {
    const world = settled({ desiredCapacity: 3 });
    world.capacityCauses = [groupCauses.alarm(world.nowMs, 'cpu-low', 'down', 3, 2)];
    world.group = { ...world.group, desiredCapacity: 2 };
    const commands = world.step();
    assert.deepEqual(types(commands), ['terminate', 'deregister']);
    assert.deepEqual(causes(commands), [
      'At 2026-01-01T00:00:00Z a monitor alarm cpu-low in state ALARM triggered policy down changing the desired capacity from 3 to 2.  ' +
        'At 2026-01-01T00:00:00Z an instance was taken out of service in response to a difference between desired and actual capacity, shrinking the capacity from 3 to 2.  ' +
        'At 2026-01-01T00:00:00Z instance i-0001 was selected for termination.',
    ]);
    assert.deepEqual(world.step(), [], 'requests are in flight');
    world.change('i-0001', { registration: 'none' });
    assert.deepEqual(world.step(), [{ type: 'destroy', instanceId: 'i-0001' }]);
    assert.deepEqual(world.perZone('InService'), [1, 1]);
    assert.equal(groupActivities.terminating('i-1', true), 'Terminating EC2 instance: i-1 - Waiting For ELB Connection Draining.');
  });

  it('does not scale in on what is still pending', () => {
    const world = settled({ desiredCapacity: 1 });
    world.group = { ...world.group, desiredCapacity: 3 };
    world.step();
    world.group = { ...world.group, desiredCapacity: 1 };
    assert.deepEqual(world.step(), []);
    world.settle();
    assert.equal(world.in('InService').length, 1);
  });

  it('waits longer and longer after launches that fail', () => {
    const world = new GroupWorld({ ...group, desiredCapacity: 1 });
    world.step();
    world.crash('i-0001');
    assert.deepEqual(types(world.step()), ['terminate']);
    assert.equal(world.requeueAfterMs, 10_000);
    world.nowMs += 10_000;
    world.settle();
    assert.equal(world.in('InService').length, 1);
  });

  it('honours suspended processes', () => {
    const launchOff = new GroupWorld({ ...group, suspendedProcesses: ['Launch'] });
    assert.deepEqual(launchOff.step(), []);
    const world = settled();
    world.group = { ...world.group, desiredCapacity: 1, suspendedProcesses: ['Terminate'] };
    assert.deepEqual(world.step(), []);
    world.group = { ...group, suspendedProcesses: ['ReplaceUnhealthy'] };
    world.crash('i-0001');
    assert.deepEqual(world.step(), []);
  });
});

describe('the health of an instance', () => {
  it('that is lost is made good at once, each with its cause', () => {
    for (const [change, cause] of [
      [{ machine: 'gone' }, /in response to an EC2 health check indicating it has been terminated or stopped\.$/],
      [{ targetHealth: 'UNHEALTHY' }, /in response to an ELB system health check failure\.$/],
      [{ setHealth: 'Unhealthy' }, /in response to a user health-check\.$/],
    ] as const) {
      const world = settled();
      world.change('i-0001', change);
      const commands = world.step();
      assert.deepEqual(types(commands), ['terminate', 'deregister', 'launch']);
      assert.match(causes(commands)[0] as string, cause);
      assert.match(
        causes(commands)[1] as string,
        /an instance was launched in response to an unhealthy instance needing to be replaced\.$/,
      );
      world.settle();
      assert.deepEqual(world.perZone('InService'), [1, 1]);
    }
  });

  it('as the balancer sees it counts only for groups that listen to it, and after the grace', () => {
    const deaf = settled({ healthCheckType: 'EC2' });
    deaf.change('i-0001', { targetHealth: 'UNHEALTHY' });
    assert.deepEqual(deaf.step(), []);
    const world = settled({ healthCheckGracePeriodMs: 5 * MINUTE });
    world.change('i-0001', { targetHealth: 'UNHEALTHY' });
    world.nowMs += MINUTE;
    assert.deepEqual(world.step(), []);
    assert.equal(world.requeueAfterMs, 4 * MINUTE);
    world.nowMs += 4 * MINUTE;
    assert.ok(types(world.step()).includes('terminate'));
  });
});

describe('lifecycle hooks', () => {
  it('hold an instance on its way in and out, one after the other, until they are answered', () => {
    const world = new GroupWorld({
      ...group,
      desiredCapacity: 1,
      hooks: [hook('a', 'LAUNCHING'), hook('b', 'LAUNCHING'), hook('bye', 'TERMINATING')],
    });
    world.step();
    world.change('i-0001', { machine: 'running' });
    const answer = (): void =>
      void world.change('i-0001', {
        hook: { ...(world.instance('i-0001').hook as NonNullable<GroupInstance['hook']>), result: 'CONTINUE' },
      });
    assert.deepEqual(world.step(), [{ type: 'startHook', instanceId: 'i-0001', hook: 'a' }]);
    assert.equal(world.instance('i-0001').state, 'Pending:Wait');
    assert.deepEqual(world.step(), []);
    assert.equal(world.requeueAfterMs, 10 * MINUTE);
    answer();
    assert.deepEqual(types(world.step()), ['endHook', 'startHook']);
    answer();
    world.step();
    assert.equal(world.instance('i-0001').state, 'Pending:Proceed');
    world.settle();
    world.group = { ...world.group, minSize: 0, desiredCapacity: 0 };
    world.step();
    assert.deepEqual(world.step(), [], 'drains before its hook');
    world.change('i-0001', { registration: 'none' });
    assert.deepEqual(world.step(), [{ type: 'startHook', instanceId: 'i-0001', hook: 'bye' }]);
    world.settle();
    assert.deepEqual(world.instances, []);
  });

  it('that are abandoned or run out end an instance on its way in', () => {
    for (const end of ['abandoned', 'timeout'] as const) {
      const world = new GroupWorld({ ...group, desiredCapacity: 1, hooks: [hook('a', 'LAUNCHING')] });
      world.step();
      world.change('i-0001', { machine: 'running' });
      world.step();
      if (end === 'abandoned') world.change('i-0001', { hook: { name: 'a', heartbeatAtMs: world.nowMs, result: 'ABANDON' } });
      else world.nowMs += 10 * MINUTE;
      assert.deepEqual(types(world.step()), ['terminate']);
      assert.equal(world.instance('i-0001').state, 'Terminating');
    }
  });

  it('that run out with CONTINUE let it in', () => {
    const world = new GroupWorld({ ...group, desiredCapacity: 1, hooks: [hook('a', 'LAUNCHING', { defaultResult: 'CONTINUE' })] });
    world.step();
    world.change('i-0001', { machine: 'running' });
    world.step();
    world.nowMs += 10 * MINUTE;
    world.step();
    world.step();
    assert.equal(world.instance('i-0001').state, 'InService');
  });
});

describe('standby and detachment', () => {
  it('take an instance out of the target groups and keep its machine; the group makes up for it', () => {
    const world = settled();
    world.tell('i-0001', 'enterStandby');
    assert.deepEqual(new Set(types(world.step())), new Set(['launch', 'deregister']));
    world.settle();
    assert.equal(world.instance('i-0001').state, 'Standby');
    assert.equal(world.in('InService').length, 2);
    world.tell('i-0001', 'exitStandby');
    world.group = { ...world.group, desiredCapacity: 3 };
    world.settle();
    assert.equal(world.instance('i-0001').state, 'InService');
    world.tell('i-0001', 'detach');
    world.group = { ...world.group, desiredCapacity: 2 };
    world.settle();
    assert.equal(world.instance('i-0001').state, 'Detached');
  });
});

describe('zones', () => {
  it('that have grown apart are rebalanced: launch first, end after', () => {
    const world = settled({ desiredCapacity: 4, zones: ['us-east-1a'] });
    world.group = { ...world.group, zones: ['us-east-1a', 'us-east-1b'] };
    const commands = world.step();
    assert.match(
      causes(commands)[0] as string,
      /launched to balance instances in zones us-east-1a with other zones resulting in a better balance in zone us-east-1b/,
    );
    for (let i = 0; i < 40; i++) {
      assert.ok(world.in('InService').length >= 4);
      world.step();
      for (const { id } of world.instances) world.progress(id);
    }
    world.settle();
    assert.deepEqual(world.perZone('InService'), [2, 2]);
  });

  it('that the group has left are emptied, whatever the others hold', () => {
    for (const policy of ['Default', 'NewestInstance', 'OldestInstance'] as const) {
      const world = settled({ desiredCapacity: 4, zones: ['us-east-1a', 'us-east-1b'], terminationPolicies: [policy] });
      world.group = { ...world.group, zones: ['us-east-1b', 'us-east-1c'] };
      world.settle();
      assert.deepEqual([world.perZone('InService'), world.instances.length], [[2, 2], 4], policy);
    }
  });

  it('keep what is protected, and come to rest all the same', () => {
    const world = settled({ desiredCapacity: 4, zones: ['us-east-1a'] });
    for (const { id } of world.instances) world.change(id, { protectedFromScaleIn: true });
    world.group = { ...world.group, zones: ['us-east-1b'] };
    world.settle();
    assert.equal(world.in('InService').length, 4);
  });

  it('stay as they are while rebalancing is suspended', () => {
    const world = settled({ desiredCapacity: 4, zones: ['us-east-1a'] });
    world.group = { ...world.group, zones: ['us-east-1a', 'us-east-1b'], suspendedProcesses: ['AZRebalance'] };
    assert.deepEqual(world.step(), []);
  });
});

describe('a warm pool', () => {
  it('prepares stopped instances up to the maximum, and a scale-out takes them', () => {
    const world = settled({ maxSize: 5, warmPool: { minSize: 0, state: 'Stopped' } });
    assert.equal(world.in('Warmed:Stopped').length, 3);
    assert.ok(world.in('Warmed:Stopped').every((id) => world.instance(id).machine === 'stopped'));
    world.group = { ...world.group, desiredCapacity: 4 };
    assert.deepEqual(types(world.step()), ['take', 'take']);
    world.settle();
    assert.deepEqual([world.in('InService').length, world.in('Warmed:Stopped').length], [4, 1]);
  });

  it('is kept at its minimum and emptied when it is given up', () => {
    const world = settled({ maxSize: 2, warmPool: { minSize: 2, state: 'Running' } });
    assert.equal(world.in('Warmed:Running').length, 2);
    const { warmPool: _, ...without } = world.group;
    world.group = without;
    world.settle();
    assert.equal(world.instances.length, 2);
  });
});

describe('the maximum lifetime of instances', () => {
  it('replaces the oldest, one at a time', () => {
    const world = settled({ maxInstanceLifetimeMs: 1000 * MINUTE });
    assert.equal(world.requeueAfterMs, 1000 * MINUTE);
    world.nowMs += 1000 * MINUTE;
    assert.deepEqual(types(world.step()), ['terminate', 'deregister', 'launch']);
    world.settle();
    assert.ok(world.instances.every(({ id }) => id !== 'i-0001' && id !== 'i-0002'));
  });
});

describe('a group’s own metrics', () => {
  it('count its instances by what they do', () => {
    const world = settled({ desiredCapacity: 3, maxSize: 4, instanceWarmupMs: MINUTE, warmPool: { minSize: 0, state: 'Stopped' } });
    const snapshot = () => ({ group: world.group, instances: world.instances, failures: world.failures, capacityCauses: [] });
    assert.equal(warmingUp(snapshot(), world.nowMs), 3);
    world.nowMs += MINUTE;
    assert.equal(warmingUp(snapshot(), world.nowMs), 0);
    world.tell('i-0001', 'enterStandby');
    world.settle();
    world.crash('i-0002');
    world.step();
    const values = Object.fromEntries(
      groupMetrics(snapshot(), world.nowMs).map((datum) => [datum.name, 'value' in datum ? datum.value : undefined]),
    );
    assert.deepEqual(values, {
      GroupMinSize: 1,
      GroupMaxSize: 4,
      GroupDesiredCapacity: 3,
      GroupInServiceInstances: 2,
      GroupPendingInstances: 1,
      GroupStandbyInstances: 1,
      GroupTerminatingInstances: 1,
      GroupTotalInstances: 5,
      GroupInServiceCapacity: 2,
      GroupPendingCapacity: 1,
      GroupStandbyCapacity: 1,
      GroupTerminatingCapacity: 1,
      GroupTotalCapacity: 5,
      WarmPoolMinSize: 0,
      WarmPoolWarmedCapacity: 0,
      WarmPoolPendingCapacity: 0,
      WarmPoolTotalCapacity: 0,
      GroupAndWarmPoolTotalCapacity: 5,
    });
  });
});

describe('whatever happens to a group', () => {
  type Fault = 'crash' | 'sick' | 'progress' | 'scale' | 'protect' | 'standby' | 'zones' | 'wait';
  const faults = fc.array(
    fc.tuple(
      fc.constantFrom<Fault>('crash', 'sick', 'progress', 'progress', 'progress', 'scale', 'protect', 'standby', 'zones', 'wait'),
      fc.nat(1000),
    ),
    { maxLength: 80 },
  );
  const shapes = fc.record({
    hooks: fc.subarray([hook('in', 'LAUNCHING'), hook('out', 'TERMINATING')]),
    zones: fc.constantFrom(['a'], ['a', 'b'], ['a', 'b', 'c']),
    warmPool: fc.option(fc.constant({ minSize: 1, state: 'Stopped' as const })),
  });

  it('it never kills an instance with requests in flight and comes to rest with what is wanted, spread evenly', () => {
    fc.assert(
      fc.property(shapes, faults, ({ hooks, zones, warmPool }, steps) => {
        const world = new GroupWorld({ ...group, maxSize: 5, hooks, zones, ...(warmPool ? { warmPool } : {}) });
        for (const [fault, pick] of steps) {
          world.step();
          disturb(world, fault, pick);
        }
        for (const { id, state } of world.instances) {
          if (state === 'InService') world.change(id, { targetHealth: 'HEALTHY' });
          world.change(id, { protectedFromScaleIn: false });
        }
        world.nowMs += 27 * MINUTE;
        world.settle();
        const { desiredCapacity } = world.group;
        assert.equal(world.in('InService').length, desiredCapacity);
        const counts = world.perZone('InService');
        assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, `zones hold ${counts.join(', ')}`);
        const others = world.instances.filter(({ state }) => !['InService', 'Standby', 'Warmed:Stopped'].includes(state));
        assert.deepEqual(others, []);
        assert.ok(world.steady);
      }),
      { numRuns: 500 },
    );
  });

  function disturb(world: GroupWorld, fault: Fault, pick: number): void {
    if (fault === 'wait') world.nowMs += pick * 100;
    if (fault === 'zones') world.group = { ...world.group, zones: [['a'], ['b', 'c'], ['a', 'b', 'c']][pick % 3] as string[] };
    if (fault === 'scale') world.group = { ...world.group, desiredCapacity: pick % 6 };
    const instance = world.instances[pick % Math.max(1, world.instances.length)];
    if (instance === undefined) return;
    const { id, state } = instance;
    if (fault === 'crash' && (state === 'InService' || state.startsWith('Pending'))) world.crash(id);
    if (fault === 'sick' && state === 'InService') world.change(id, { targetHealth: 'UNHEALTHY' });
    if (fault === 'protect') world.change(id, { protectedFromScaleIn: true });
    if (fault === 'progress') world.progress(id);
    if (fault === 'standby' && state === 'InService') world.tell(id, 'enterStandby');
  }
});

describe('weights', () => {
  const weighed = { minSize: 0, maxSize: 20, desiredCapacity: 7, launchWeight: 4 };

  it('make up the desired capacity with the fewest instances that reach it, and never go below it', () => {
    const world = new GroupWorld({ ...group, ...weighed });
    world.settle();
    assert.equal(world.instances.length, 2);
    world.group = { ...world.group, desiredCapacity: 5 };
    world.settle();
    assert.equal(world.instances.length, 2);
    world.group = { ...world.group, desiredCapacity: 4 };
    world.settle();
    assert.equal(world.instances.length, 1);
    const snapshot = { group: world.group, instances: world.instances, failures: world.failures, capacityCauses: [] };
    const capacity = groupMetrics(snapshot, world.nowMs).find(({ name }) => name === 'GroupInServiceCapacity');
    assert.equal(capacity !== undefined && 'value' in capacity ? capacity.value : undefined, 4);
  });
});
