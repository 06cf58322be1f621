import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { edit, firstAnswer, noMachines, Stage, swarm } from './support.ts';

/** The stacks with a database and auto scaling: apply, traffic, load, scaling, destroy. The region's clock runs fast. */

const timeScale = '12';
const users = 24;

describe('Terraform files of TaskOverflow', { skip: process.platform !== 'linux' && 'reads /proc', timeout: 300_000 }, () => {
  let stage: Stage;
  before(async () => {
    stage = await Stage.open(['--time-scale', timeScale]);
  });
  after(() => stage.close());

  async function isServed(url: string): Promise<void> {
    assert.deepEqual(JSON.parse(await firstAnswer(`${url}/api/v1/health`)), { status: 'ok' });
    const todo = { title: 'from a test', description: 'kept in PostgreSQL' };
    const made = await fetch(`${url}/api/v1/todos`, {
      method: 'POST',
      body: JSON.stringify(todo),
      headers: { 'content-type': 'application/json' },
    });
    assert.equal(made.status, 201);
    assert.match(await firstAnswer(`${url}/api/v1/todos`), /from a test/);
  }

  test('on Fargate: apply, curl, no changes, load, more tasks, a change, destroy', async () => {
    const folder = stage.copy('taskoverflow-ecs');
    // A busy computer gives a task little: what it can have must be much.
    edit(join(folder, 'scaling.tf'), 'target_value = 20', 'target_value = 4');
    assert.equal(await stage.apply(folder), '13 added, 0 changed, 0 destroyed');
    const url = await stage.balancerUrl(folder);
    await isServed(url);
    await stage.settled(folder);
    const load = swarm(`${url}/api/v1/todos`, users);
    await stage.eventually('a second task', ({ services }) => (services[0]?.running ?? 0) >= 2);
    assert.equal(await load.stop(), 0, 'every request was answered with 200');
    // What auto scaling moved is not moved back.
    await stage.settled(folder);
    edit(join(folder, 'scaling.tf'), 'max_capacity       = 4', 'max_capacity       = 6');
    assert.equal(await stage.apply(folder), '0 added, 1 changed, 0 destroyed');
    assert.equal((await stage.status()).services[0]?.max, 6);
    await stage.destroy(folder);
  });

  test('on instances: apply, curl, no changes, load, more instances, a change, destroy', { skip: noMachines }, async () => {
    const folder = stage.copy('taskoverflow-ec2');
    edit(join(folder, 'scaling.tf'), 'percent = 20', 'percent = 4');
    edit(join(folder, 'scaling.tf'), 'percent = 10', 'percent = 1');
    assert.equal(await stage.apply(folder), '14 added, 0 changed, 0 destroyed');
    const url = await stage.balancerUrl(folder);
    await isServed(url);
    await stage.settled(folder);
    const load = swarm(`${url}/api/v1/todos`, users);
    await stage.eventually('a second instance', ({ groups }) => (groups[0]?.running ?? 0) >= 2);
    await load.stop();
    await stage.settled(folder);
    edit(join(folder, 'scaling.tf'), 'percent = 4', 'percent = 5');
    assert.equal(await stage.apply(folder), '0 added, 1 changed, 0 destroyed');
    await stage.destroy(folder);
  });
});
