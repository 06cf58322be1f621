import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Service, Task } from '../../model/index.ts';
import { breakerThreshold } from './rollout.ts';
import { ServiceWorld } from './test-support.ts';

const service: Service = {
  cluster: 'main',
  name: 'web',
  taskDefinition: { family: 'web', revision: 0, cpuUnits: 256, memoryMiB: 512, image: 'web', containerPort: 80, environment: {} },
  desiredCount: 4,
  targetGroupId: 'tg',
  healthCheckGracePeriodMs: 0,
};

/** A service whose first version is in. */
function deployed(change: Partial<Service> = {}): ServiceWorld {
  const world = new ServiceWorld({ ...service, ...change });
  world.deploy(1);
  world.settle();
  world.events.length = 0;
  return world;
}

const healthyTasks = (world: ServiceWorld): Task[] =>
  world.tasks.filter(({ state, health }) => state === 'RUNNING' && health === 'HEALTHY');
const ofRevision = (tasks: readonly Task[], revision: number): number =>
  tasks.filter(({ deploymentId }) => deploymentId === `ecs-svc/${revision}`).length;
const rollout = (world: ServiceWorld): string[] =>
  (world.service.deployments ?? []).map(({ id, status, rolloutState }) => `${id} ${status} ${rolloutState}`);

describe('a rolling deployment', () => {
  it('starts the new version beside the old one, which leaves task by task as the new one becomes healthy', () => {
    const world = deployed();
    world.deploy(2);
    assert.deepEqual(world.step(), [{ type: 'launch', count: 4 }]);
    for (const id of world.in('PROVISIONING')) {
      world.tell(id, 'addressLeased');
      world.tell(id, 'processStarted');
    }
    world.step();
    assert.equal(healthyTasks(world).length, 4, 'none of the old has left before a new one is healthy');
    for (let replaced = 1; replaced <= 4; replaced++) {
      const untried = world.tasks.find(({ state, health }) => state === 'RUNNING' && health === 'UNKNOWN') as Task;
      world.change(untried.id, { health: 'HEALTHY' });
      world.step();
      assert.equal(ofRevision(healthyTasks(world), 1), 4 - replaced);
      assert.equal(healthyTasks(world).length, 4);
    }
    assert.deepEqual(rollout(world), ['ecs-svc/2 PRIMARY IN_PROGRESS', 'ecs-svc/1 ACTIVE COMPLETED']);
    world.settle();
    assert.deepEqual(rollout(world), ['ecs-svc/2 PRIMARY COMPLETED']);
    assert.deepEqual(world.events.slice(-2), [
      '(service web) (deployment ecs-svc/2) deployment completed.',
      '(service web) has reached a steady state.',
    ]);
    assert.equal(world.task('t1').stoppedReason, 'Scaling activity initiated by (deployment ecs-svc/2)');
  });

  for (const health of ['UNHEALTHY', 'UNKNOWN'] as const)
    it(`keeps as many old tasks as healthy ones lack, although they are ${health}: a check may have timed out, the data plane may be new`, () => {
      const world = deployed();
      world.deploy(2);
      world.step();
      for (const id of world.in('RUNNING')) world.change(id, { health });
      world.step();
      assert.equal(
        ofRevision(
          world.tasks.filter(({ state }) => state === 'RUNNING'),
          1,
        ),
        4,
        'no new one is healthy yet',
      );
      for (const id of world.in('PROVISIONING')) {
        world.tell(id, 'addressLeased');
        world.tell(id, 'processStarted');
      }
      world.step();
      for (let healthy = 1; healthy <= 4; healthy++) {
        const untried = world.tasks.find(({ state, health: seen, deploymentId }) => {
          return state === 'RUNNING' && seen === 'UNKNOWN' && deploymentId === 'ecs-svc/2';
        });
        world.change(untried?.id ?? '', { health: 'HEALTHY' });
        world.step();
        assert.equal(
          ofRevision(
            world.tasks.filter(({ state }) => state === 'RUNNING'),
            1,
          ),
          4 - healthy,
        );
      }
      world.settle();
      assert.deepEqual(rollout(world), ['ecs-svc/2 PRIMARY COMPLETED']);
    });

  it('lets an old task that is unhealthy go where there is no room for a new one', () => {
    const world = deployed({ minimumHealthyPercent: 100, maximumPercent: 100 });
    world.change('t1', { health: 'UNHEALTHY' });
    world.deploy(2);
    world.step();
    assert.deepEqual(world.in('DEACTIVATING'), ['t1']);
    world.step();
    assert.equal(world.in('PROVISIONING').length, 1);
  });

  it('goes down to the minimum first where the maximum leaves no room', () => {
    const world = deployed({ minimumHealthyPercent: 50, maximumPercent: 100 });
    world.deploy(2);
    world.step();
    assert.deepEqual([healthyTasks(world).length, world.in('DEACTIVATING').length], [2, 2]);
    assert.deepEqual(world.step(), [{ type: 'launch', count: 2 }]);
    world.settle();
    assert.equal(ofRevision(healthyTasks(world), 2), 4);
  });

  it('cannot move when the minimum and the maximum are both everything', () => {
    const world = deployed({ minimumHealthyPercent: 100, maximumPercent: 100 });
    world.deploy(2);
    assert.deepEqual(world.step(), []);
    assert.equal(ofRevision(healthyTasks(world), 1), 4);
  });

  it('that is overtaken by another gives way to it', () => {
    const world = deployed();
    world.deploy(2);
    world.step();
    world.deploy(3);
    world.settle();
    assert.deepEqual(rollout(world), ['ecs-svc/3 PRIMARY COMPLETED']);
    assert.equal(ofRevision(healthyTasks(world), 3), 4);
  });

  it('stays between its minimum and its maximum at every step, and ends with the new version alone', () => {
    const orders = fc.infiniteStream(fc.nat(1000));
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.constantFrom(0, 50, 75, 100),
        fc.constantFrom(101, 125, 150, 200),
        orders,
        (desiredCount, minimumHealthyPercent, maximumPercent, order) => {
          fc.pre(
            Math.floor((desiredCount * maximumPercent) / 100) > desiredCount ||
              Math.ceil((desiredCount * minimumHealthyPercent) / 100) < desiredCount,
          );
          const world = deployed({ desiredCount, minimumHealthyPercent, maximumPercent });
          world.deploy(2);
          for (let i = 0; i < 400 && rollout(world).length > 1; i++) {
            world.step();
            const live = world.tasks.filter(({ state }) => ['PROVISIONING', 'PENDING', 'ACTIVATING', 'RUNNING'].includes(state));
            assert.ok(live.length <= Math.max(desiredCount, Math.floor((desiredCount * maximumPercent) / 100)));
            assert.ok(healthyTasks(world).length >= Math.ceil((desiredCount * minimumHealthyPercent) / 100));
            const task = world.tasks[(order.next().value ?? 0) % world.tasks.length];
            if (task) world.progress(task.id);
          }
          world.settle();
          assert.equal(ofRevision(healthyTasks(world), 2), desiredCount);
          assert.deepEqual(rollout(world), ['ecs-svc/2 PRIMARY COMPLETED']);
        },
      ),
    );
  });
});

describe('a rolling deployment whose health checks err', () => {
  it('keeps as many tasks running as the minimum asks for, unless it is stuck, and ends with the new version alone', () => {
    const orders = fc.infiniteStream(fc.record({ pick: fc.nat(1000), errs: fc.nat(4) }));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), orders, (desiredCount, order) => {
        const world = deployed({ desiredCount });
        world.deploy(2);
        for (let i = 0; i < 200; i++) {
          world.step();
          const registered = world.in('RUNNING').length;
          assert.ok(registered >= desiredCount, `${registered} take traffic, ${desiredCount} are wanted`);
          const { pick = 0, errs = 1 } = order.next().value ?? {};
          const task = world.tasks[pick % world.tasks.length];
          if (task?.state === 'RUNNING' && errs === 0) world.change(task.id, { health: pick % 2 === 0 ? 'UNHEALTHY' : 'UNKNOWN' });
          else if (task?.state === 'RUNNING' && errs === 1) world.change(task.id, { health: 'HEALTHY' });
          else if (task) world.progress(task.id);
        }
        for (const id of world.in('RUNNING')) world.change(id, { health: 'HEALTHY' });
        world.settle();
        assert.equal(ofRevision(healthyTasks(world), 2), desiredCount);
        assert.deepEqual(rollout(world), ['ecs-svc/2 PRIMARY COMPLETED']);
      }),
    );
  });
});

describe('the deployment circuit breaker', () => {
  it('gives up after half of the desired count, at least 3 and at most 200', () => {
    assert.deepEqual([1, 6, 7, 20, 400, 1000].map(breakerThreshold), [3, 3, 4, 10, 200, 200]);
  });

  function crashUntilGivenUp(world: ServiceWorld): void {
    for (
      let i = 0;
      i < 20 && world.service.deployments?.[0]?.id === 'ecs-svc/2' && world.service.deployments[0].rolloutState === 'IN_PROGRESS';
      i++
    ) {
      world.step();
      const starting = world.in('PROVISIONING')[0];
      if (starting === undefined) world.nowMs += world.requeueAfterMs ?? 0;
      else world.crash(starting);
    }
  }

  it('goes back to the last version that worked', () => {
    const world = deployed({ circuitBreaker: { enable: true, rollback: true } });
    world.deploy(2);
    crashUntilGivenUp(world);
    assert.deepEqual(rollout(world), ['ecs-svc/1 PRIMARY IN_PROGRESS', 'ecs-svc/2 ACTIVE FAILED']);
    assert.equal(ofRevision(healthyTasks(world), 1), 4, 'the old version has served all the time');
    world.settle();
    assert.deepEqual(rollout(world), ['ecs-svc/1 PRIMARY COMPLETED']);
    assert.equal(ofRevision(healthyTasks(world), 1), 4);
    assert.equal(world.service.taskDefinition.revision, 1);
    for (const event of [
      '(service web) (deployment ecs-svc/2) deployment failed: tasks failed to start.',
      '(service web) rolling back to deployment ecs-svc/1.',
    ])
      assert.ok(world.events.includes(event), event);
  });

  it('without rollback stops there, the old version serving on', () => {
    const world = deployed({ circuitBreaker: { enable: true, rollback: false } });
    world.deploy(2);
    crashUntilGivenUp(world);
    assert.deepEqual(rollout(world), ['ecs-svc/2 PRIMARY FAILED', 'ecs-svc/1 ACTIVE COMPLETED']);
    world.nowMs += 3_600_000;
    assert.ok(world.step().every(({ type }) => type !== 'launch'));
    assert.equal(ofRevision(healthyTasks(world), 1), 4);
  });

  it('counts tasks that start and never become healthy', () => {
    const world = deployed({ desiredCount: 1, circuitBreaker: { enable: true, rollback: true } });
    world.deploy(2);
    for (let i = 0; i < 40 && rollout(world).length > 1 && world.service.deployments?.[0]?.id === 'ecs-svc/2'; i++) {
      world.step();
      for (const { id, deploymentId, state, health } of world.tasks) {
        if (state === 'RUNNING' && deploymentId === 'ecs-svc/2' && health === 'UNKNOWN') world.change(id, { health: 'UNHEALTHY' });
        else if (state !== 'RUNNING') world.progress(id);
      }
    }
    assert.deepEqual(rollout(world)[0], 'ecs-svc/1 PRIMARY IN_PROGRESS');
    world.settle();
    assert.equal(ofRevision(healthyTasks(world), 1), 1);
  });

  it('is off unless asked for: tries on, ever more slowly', () => {
    const world = deployed();
    world.deploy(2);
    crashUntilGivenUp(world);
    assert.equal(rollout(world)[0], 'ecs-svc/2 PRIMARY IN_PROGRESS');
  });
});
