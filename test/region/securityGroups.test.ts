import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Region } from '../../src/region/index.ts';
import { createService, images, type TestService } from './service.ts';
import { region, startRegion, type TestRegion } from './support.ts';

/** Who may speak to whom, as security groups say. */
describe('security groups', { skip: process.platform !== 'linux' && 'reads /proc' }, () => {
  let own: TestRegion;
  let live: Region;
  let service: TestService;
  let ofBalancer = '';
  let ofTasks = '';

  const ec2 = (operation: 'AuthorizeSecurityGroupIngress' | 'RevokeSecurityGroupIngress', GroupId: string, rule: object) =>
    live.endpoint.call('ec2', operation, { GroupId, IpPermissions: [{ IpProtocol: 'tcp', ...rule }] }, region);
  const group = async (GroupName: string): Promise<string> =>
    (await live.endpoint.call('ec2', 'CreateSecurityGroup', { GroupName, Description: GroupName }, region)).GroupId ?? '';
  const anybody = { FromPort: 80, ToPort: 80, IpRanges: [{ CidrIp: '0.0.0.0/0' }] };
  const fromBalancer = () => ({ FromPort: 8080, ToPort: 8080, UserIdGroupPairs: [{ GroupId: ofBalancer }] });
  /** The status, or that no connection was to be had. */
  const ask = (): Promise<number | 'refused'> =>
    fetch(service.url, { headers: { connection: 'close' } }).then(
      ({ status }) => status,
      () => 'refused' as const,
    );
  const reasons = () => live.loadBalancing.targetHealth(live.place(region), service.targetGroupArn).map(({ reason }) => reason);

  before(async () => {
    own = await startRegion({ images, timeScale: 20 });
    live = own.live;
    [ofBalancer, ofTasks] = await Promise.all([group('balancer'), group('tasks')]);
    await ec2('AuthorizeSecurityGroupIngress', ofBalancer, anybody);
    await ec2('AuthorizeSecurityGroupIngress', ofTasks, fromBalancer());
    service = await createService(live, { name: 'web', securityGroups: { balancer: [ofBalancer], tasks: [ofTasks] } });
    await live.waitFor('a healthy task', 90_000, () => service.healthy().length === 1);
  });
  after(() => own?.close());

  test('a client that a rule admits is served; once the rule is gone it is not', async () => {
    assert.equal(await ask(), 200);
    await ec2('RevokeSecurityGroupIngress', ofBalancer, anybody);
    let answer = await ask();
    for (let tries = 0; answer !== 'refused' && tries < 100; tries++) answer = await ask();
    assert.equal(answer, 'refused');
    await ec2('AuthorizeSecurityGroupIngress', ofBalancer, { ...anybody, IpRanges: [{ CidrIp: '203.0.113.0/24' }] });
    assert.equal(await ask(), 'refused', 'a range that this client is not in');
    await ec2('AuthorizeSecurityGroupIngress', ofBalancer, anybody);
    for (let tries = 0; (await ask()) !== 200; tries++) assert.ok(tries < 100);
  });

  test('targets that do not let the load balancer in time out, and come back with the rule', async () => {
    await ec2('RevokeSecurityGroupIngress', ofTasks, fromBalancer());
    await live.waitFor('timed out checks', 90_000, () => reasons().includes('Target.Timeout'));
    await ec2('AuthorizeSecurityGroupIngress', ofTasks, fromBalancer());
    await live.waitFor('a healthy task', 90_000, () => service.healthy().length === 1);
    assert.equal(await ask(), 200);
  });
});
