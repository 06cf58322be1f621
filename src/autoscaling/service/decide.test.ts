import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Service } from '../../model/index.ts';
import { backoffLeftMs, backoffMs } from './backoff.ts';
import { ServiceWorld } from './test-support.ts';

const service: Service = {
  cluster: 'main',
  name: 'web',
  taskDefinition: { family: 'web', revision: 1, cpuUnits: 256, memoryMiB: 512, image: 'web', containerPort: 6400, environment: {} },
  desiredCount: 2,
  targetGroupId: 'tg-web',
  healthCheckGracePeriodMs: 0,
};

function settled(change: Partial<Service> = {}): ServiceWorld {
  const world = new ServiceWorld({ ...service, ...change });
  world.settle();
  return world;
}

describe('a service', () => {
  it('starts its tasks, registers them and reaches a steady state, once', () => {
    const world = settled();
    assert.deepEqual(world.in('RUNNING'), ['t1', 't2']);
    assert.deepEqual(world.events, [
      '(service web) has started 2 tasks: (task t1) (task t2).',
      '(service web) registered 2 targets in (target-group tg-web)',
      '(service web) has reached a steady state.',
    ]);
    assert.deepEqual(world.step(), []);
    assert.equal(world.requeueAfterMs, undefined);
  });

  it('counts tasks that are on their way', () => {
    const world = new ServiceWorld(service);
    world.step();
    for (const state of ['PROVISIONING', 'PENDING', 'ACTIVATING', 'RUNNING'] as const) {
      for (const { id } of world.tasks) world.change(id, { state });
      assert.deepEqual(
        world.step().filter(({ type }) => type === 'launch'),
        [],
        state,
      );
    }
  });

  it('scales out by what lacks', () => {
    const world = settled();
    world.service = { ...world.service, desiredCount: 4 };
    assert.deepEqual(world.step(), [{ type: 'launch', count: 2 }]);
    world.settle();
    assert.equal(world.in('RUNNING').length, 4);
  });

  it('scales in the youngest: deregisters, waits until they are drained, and only then stops them', () => {
    const world = settled();
    world.nowMs += 60_000;
    world.service = { ...world.service, desiredCount: 3 };
    world.settle();
    world.events.length = 0;
    world.service = { ...world.service, desiredCount: 2 };
    assert.deepEqual(world.step()[0], { type: 'deactivate', taskId: 't3', reason: 'Scaling activity initiated by (service web)' });
    assert.deepEqual(world.events, [
      '(service web) has stopped 1 running tasks: (task t3).',
      '(service web) deregistered 1 targets in (target-group tg-web)',
      '(service web) has begun draining connections on 1 tasks.',
    ]);
    assert.deepEqual(world.step(), [], 'nothing stops while requests are in flight');
    world.change('t3', { drained: true });
    assert.deepEqual(world.step(), [{ type: 'stop', taskId: 't3', reason: 'Scaling activity initiated by (service web)' }]);
    world.settle();
    assert.equal(world.task('t3').state, 'STOPPED');
    assert.equal(world.events.at(-1), '(service web) has reached a steady state.');
  });

  it('scales in first what takes no traffic yet, then what is untried, then the youngest', () => {
    const world = settled({ desiredCount: 1 });
    world.nowMs += 1000;
    world.service = { ...world.service, desiredCount: 4 };
    world.step();
    world.change('t2', { state: 'RUNNING', health: 'HEALTHY' });
    world.change('t3', { state: 'RUNNING', health: 'UNKNOWN' });
    world.change('t4', { state: 'PENDING' });
    const leaves = (desiredCount: number): string[] => {
      world.service = { ...world.service, desiredCount };
      return world
        .step()
        .flatMap((command) => (command.type === 'stop' || command.type === 'deactivate' ? [`${command.type} ${command.taskId}`] : []));
    };
    assert.deepEqual(leaves(3), ['stop t4']);
    assert.deepEqual(leaves(2), ['deactivate t3']);
    assert.deepEqual(leaves(1), ['deactivate t2']);
    assert.ok(world.events.includes('(service web) stopped 1 pending tasks.'));
  });

  it('never registers a task in the same breath in which it stops it', () => {
    const world = settled({ desiredCount: 1 });
    world.service = { ...world.service, desiredCount: 2 };
    world.step();
    world.change('t2', { state: 'ACTIVATING' });
    world.service = { ...world.service, desiredCount: 1 };
    assert.deepEqual(
      world.step().map(({ type }) => type),
      ['stop', 'event'],
    );
    assert.equal(world.task('t2').state, 'STOPPING');
  });

  it('stops without draining where no balancer stands before it', () => {
    const world = settled({ targetGroupId: '', desiredCount: 1 });
    assert.deepEqual(world.events, ['(service web) has started 1 tasks: (task t1).', '(service web) has reached a steady state.']);
    world.service = { ...world.service, desiredCount: 0 };
    world.step();
    assert.deepEqual(
      world.step().map(({ type }) => type),
      ['stop'],
    );
  });

  it('starts a new task for one whose process died', () => {
    const world = settled();
    world.crash('t1');
    assert.deepEqual(world.step(), [{ type: 'launch', count: 1 }]);
    world.settle();
    assert.equal(world.in('RUNNING').length, 2);
  });

  it('forgets stopped tasks after an hour', () => {
    const world = settled();
    world.crash('t1');
    world.settle();
    assert.equal(world.requeueAfterMs, 3_600_000);
    world.nowMs += 3_600_000;
    assert.deepEqual(world.step(), [{ type: 'remove', taskId: 't1' }]);
  });

  it('keeps no more than a hundred stopped tasks', () => {
    const world = settled({ desiredCount: 1 });
    for (let i = 0; i < 150; i++) {
      world.nowMs += 1;
      world.crash(world.in('RUNNING')[0] as string);
      world.settle();
    }
    assert.equal(world.in('STOPPED').length, 100);
  });
});

describe('an unhealthy task', () => {
  const sick = { health: 'UNHEALTHY', healthReason: 'Health checks failed with these codes: [503]' } as const;

  it('leaves only after a healthy replacement stands in for it', () => {
    const world = settled();
    world.events.length = 0;
    world.change('t1', sick);
    assert.deepEqual(world.step(), [{ type: 'launch', count: 1 }]);
    for (let i = 0; i < 2; i++) {
      world.progress('t3');
      assert.equal(world.task('t1').state, 'RUNNING');
      world.step();
    }
    assert.equal(world.task('t3').state, 'RUNNING', 'registered');
    assert.equal(world.task('t1').state, 'RUNNING', 'not replaced before the new one is known to be healthy');
    world.change('t3', { health: 'HEALTHY' });
    world.step();
    assert.equal(world.task('t1').state, 'DEACTIVATING');
    assert.equal(world.task('t1').stoppedReason, 'Task failed ELB health checks in (target-group tg-web)');
    assert.ok(
      world.events.includes(
        '(service web) (task t1) (port 6400) is unhealthy in (target-group tg-web) due to (reason Health checks failed with these codes: [503]).',
      ),
    );
    world.settle();
    assert.deepEqual(world.in('RUNNING'), ['t2', 't3']);
  });

  it('that recovers in time stays, and the replacement goes', () => {
    const world = settled();
    world.nowMs += 1000;
    world.change('t1', sick);
    world.step();
    world.change('t1', { health: 'HEALTHY' });
    world.settle();
    assert.deepEqual(world.in('RUNNING'), ['t1', 't2']);
  });

  it('is forgiven during its grace, and looked at again when that ends', () => {
    const world = settled({ healthCheckGracePeriodMs: 30_000 });
    world.change('t1', sick);
    world.nowMs += 20_000;
    assert.deepEqual(world.step(), []);
    assert.equal(world.requeueAfterMs, 10_000);
    world.nowMs += 10_000;
    assert.deepEqual(world.step(), [{ type: 'launch', count: 1 }]);
  });

  it('goes before its replacement where the maximum leaves no room, one at a time', () => {
    const world = settled({ maximumPercent: 100 });
    world.change('t1', sick);
    world.change('t2', sick);
    world.step();
    assert.equal(world.in('DEACTIVATING').length, 1);
    world.settle();
    assert.deepEqual(world.in('RUNNING'), ['t3', 't4']);
  });

  it('stays when its replacement does not become healthy: that one is tried again, until one is', () => {
    const world = settled({ desiredCount: 1 });
    world.change('t1', sick);
    for (const [failed, next] of [
      ['t2', 't3'],
      ['t3', 't4'],
    ] as const) {
      world.nowMs += 10_000;
      world.step();
      for (const event of ['addressLeased', 'processStarted'] as const) world.tell(failed, event);
      world.step();
      world.change(failed, sick);
      world.step();
      assert.equal(world.task('t1').state, 'RUNNING');
      assert.equal(world.task(failed).state, 'DEACTIVATING');
      world.step();
      assert.equal(world.task(next).state, 'PROVISIONING');
    }
    world.settle();
    assert.deepEqual(world.in('RUNNING'), ['t4']);
  });

  it('goes one at a time where there is no room: the next when it is known whether the replacement is well', () => {
    const world = settled({ maximumPercent: 100 });
    for (const id of ['t1', 't2']) world.change(id, sick);
    world.step();
    for (let i = 0; i < 2; i++) {
      world.step();
      world.progress('t3');
    }
    world.step();
    world.step();
    assert.deepEqual([world.task('t3').state, world.task('t3').health], ['RUNNING', 'UNKNOWN']);
    assert.deepEqual([world.in('DEACTIVATING').length, world.in('RUNNING').length], [1, 2]);
    world.change('t3', { health: 'HEALTHY' });
    world.step();
    assert.equal(world.in('DEACTIVATING').length, 2);
  });

  it('does not make the service exceed its maximum when all are unhealthy', () => {
    const world = settled({ desiredCount: 4, maximumPercent: 150 });
    for (const id of world.in('RUNNING')) world.change(id, sick);
    assert.deepEqual(world.step(), [{ type: 'launch', count: 2 }]);
    world.settle();
    assert.equal(world.in('RUNNING').length, 4);
    assert.ok(world.tasks.filter(({ state }) => state === 'RUNNING').every(({ health }) => health === 'HEALTHY'));
  });
});

describe('tasks that fail to start', () => {
  it('are tried again after 10 s, 20 s, 40 s … and at most 27 minutes, and the service says so', () => {
    const world = new ServiceWorld({ ...service, desiredCount: 1 });
    world.step();
    for (const waitMs of [10_000, 20_000, 40_000, 80_000, 160_000, 320_000, 640_000, 1_280_000, 1_620_000, 1_620_000]) {
      world.crash(world.in('PROVISIONING')[0] as string);
      world.step();
      assert.ok((world.requeueAfterMs as number) <= waitMs, 'it asks to be called again in time');
      world.nowMs += waitMs - 1;
      world.step();
      assert.deepEqual(world.in('PROVISIONING'), []);
      world.nowMs += 1;
      world.step();
      assert.equal(world.in('PROVISIONING').length, 1);
    }
    assert.ok(world.events.includes('(service web) is unable to consistently start tasks successfully.'));
    world.settle();
    world.crash(world.in('RUNNING')[0] as string);
    world.step();
    assert.equal(world.in('PROVISIONING').length, 1, 'a success ends the back-off');
  });

  it('are never waited for longer than the step, even when the clock jumps', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2000 }), fc.integer(), (consecutive, driftMs) => {
        const leftMs = backoffLeftMs({ consecutive, lastAtMs: 1_000_000 }, 1_000_000 + driftMs);
        assert.ok(leftMs >= 0 && leftMs <= backoffMs(consecutive) && backoffMs(consecutive) <= 1_620_000);
      }),
    );
  });
});

describe('whatever happens to a service', () => {
  type Fault = { kind: 'crash' | 'sick' | 'recover' | 'progress' | 'scale' | 'wait'; pick: number };
  const faults = fc.array(
    fc.record({
      kind: fc.constantFrom<Fault['kind']>('crash', 'sick', 'recover', 'progress', 'progress', 'scale', 'wait'),
      pick: fc.nat(1000),
    }),
    { maxLength: 80 },
  );

  it('it never launches beyond its maximum, never stops what still serves requests, and comes to rest with what is wanted', () => {
    fc.assert(
      fc.property(faults, fc.constantFrom(100, 150, 200), (steps, maximumPercent) => {
        const world = new ServiceWorld({ ...service, maximumPercent });
        for (const { kind, pick } of steps) {
          const launches = world.step().some(({ type }) => type === 'launch');
          const live = world.tasks.filter(({ state }) => ['PROVISIONING', 'PENDING', 'ACTIVATING', 'RUNNING'].includes(state));
          const countMax = Math.max(world.service.desiredCount, Math.floor((world.service.desiredCount * maximumPercent) / 100));
          if (launches) assert.ok(live.length <= countMax, `${live.length} tasks after a launch, at most ${countMax} are allowed`);
          disturb(world, kind, pick);
        }
        for (const { id, state } of world.tasks) if (state === 'RUNNING') world.change(id, { health: 'HEALTHY' });
        world.nowMs += 1_620_000;
        world.settle();
        assert.equal(world.in('RUNNING').length, world.service.desiredCount);
        assert.equal(world.tasks.length, world.in('RUNNING').length + world.in('STOPPED').length);
      }),
      { numRuns: 500 },
    );
  });

  function disturb(world: ServiceWorld, kind: Fault['kind'], pick: number): void {
    if (kind === 'wait') world.nowMs += pick * 100;
    if (kind === 'scale') {
      world.service = { ...world.service, desiredCount: pick % 6 };
      world.step();
    }
    const live = world.tasks.filter(({ state }) => state !== 'STOPPED' && state !== 'DEPROVISIONING');
    const task = live[pick % Math.max(1, live.length)];
    if (task === undefined) return;
    if (kind === 'crash') world.crash(task.id);
    if (kind === 'progress') world.progress(task.id);
    if (task.state === 'RUNNING' && kind === 'sick') world.change(task.id, { health: 'UNHEALTHY' });
    if (task.state === 'RUNNING' && kind === 'recover') world.change(task.id, { health: 'HEALTHY' });
  }
});
