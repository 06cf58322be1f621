import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { edit, firstAnswer, noMachines, Stage } from './support.ts';

/** The stacks without a database, from nothing to traffic and back to nothing. */

describe('Terraform files of instances', { skip: noMachines, timeout: 240_000 }, () => {
  let stage: Stage;
  before(async () => {
    stage = await Stage.open(['--time-scale', '10']);
  });
  after(() => stage.close());

  test('one server: apply, curl, no changes, a change in place, one that replaces it, destroy', async () => {
    const folder = stage.copy('hello-server');
    assert.equal(await stage.apply(folder), '2 added, 0 changed, 0 destroyed');
    const [instance] = (await stage.status()).instances;
    assert.match(await firstAnswer(instance?.urls[0] ?? ''), /Hello from one server/);
    await stage.settled(folder);
    edit(join(folder, 'main.tf'), 'Name = "hello-server"', 'Name = "renamed"');
    assert.equal(await stage.apply(folder), '0 added, 1 changed, 0 destroyed');
    const [renamed] = (await stage.status()).instances;
    assert.deepEqual([renamed?.id, renamed?.name], [instance?.id, 'renamed']);
    assert.equal(await stage.apply(folder, '--replace', 'aws_instance.web'), '1 added, 0 changed, 1 destroyed');
    const left = (await stage.status()).instances;
    assert.equal(left.length, 1);
    assert.notEqual(left[0]?.id, instance?.id);
    await stage.destroy(folder);
  });

  test('servers behind a load balancer: apply, curl, no changes, fewer servers, destroy', async () => {
    const folder = stage.copy('hello-scale');
    assert.equal(await stage.apply(folder), '12 added, 0 changed, 0 destroyed');
    const url = await stage.balancerUrl(folder);
    await firstAnswer(url);
    await stage.eventually(
      'four healthy targets',
      ({ targetGroups }) => targetGroups[0]?.targets.every(({ state }) => state === 'healthy') === true,
    );
    const answers = async (): Promise<string[]> => {
      const found = new Set<string>();
      for (let asked = 0; asked < 24; asked++) found.add(/server (\d)/.exec(await firstAnswer(url))?.[1] ?? '');
      return [...found].toSorted();
    };
    assert.deepEqual(await answers(), ['1', '2', '3', '4']);
    await stage.settled(folder);
    assert.equal(await stage.apply(folder, '--var', 'servers=2'), '0 added, 0 changed, 4 destroyed');
    assert.deepEqual(await answers(), ['1', '2']);
    await stage.settled(folder, '--var', 'servers=2');
    await stage.destroy(folder);
  });
});
