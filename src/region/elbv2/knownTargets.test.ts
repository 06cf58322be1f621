import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Endpoint } from '../../aws/index.ts';
import { ManualClock, seededRandom } from '../../base/index.ts';
import type { TargetHealth } from '../../model/index.ts';
import { Store } from '../../state/index.ts';
import { Addresses } from '../addresses.ts';
import { KnownTargets } from './knownTargets.ts';

const region = 'us-east-1';

test('what is heard late of a target that is gone says nothing of the one that has its address now', async () => {
  const endpoint = new Endpoint({
    clock: new ManualClock(),
    random: seededRandom(1),
    store: new Store(),
    port: 0,
  });
  const at = endpoint.place(region);
  const { Vpcs = [] } = await endpoint.call('ec2', 'DescribeVpcs', {}, region);
  const { TargetGroups = [] } = await endpoint.call(
    'elbv2',
    'CreateTargetGroup',
    { Name: 'web', Protocol: 'HTTP', Port: 80, VpcId: Vpcs[0]?.VpcId ?? '', TargetType: 'ip' },
    region,
  );
  const group = TargetGroups[0]?.TargetGroupArn ?? '';
  const address = '172.31.0.4';
  const addresses = new Addresses();
  const known = new KnownTargets(addresses, () => undefined);
  const register = async (host: string): Promise<void> => {
    addresses.bind(address, host);
    await endpoint.call('elbv2', 'RegisterTargets', { TargetGroupArn: group, Targets: [{ Id: address, Port: 80 }] }, region);
    known.register(at, () => true);
  };
  const hear = (host: string, state: TargetHealth['state']): boolean =>
    known.onHealth({ targetGroupId: group, targetId: `${address}:80`, host, state });
  const health = (): string | undefined => known.get(group, address, 80)?.health?.state;

  await register('127.16.0.2');
  assert.equal(hear('127.16.0.2', 'healthy'), true);
  assert.equal(health(), 'healthy');

  // Its task ended, and another got the address: nobody has checked that one.
  await register('127.16.0.3');
  assert.equal(health(), undefined);
  assert.equal(hear('127.16.0.2', 'healthy'), false);
  assert.equal(health(), undefined);
  assert.equal(hear('127.16.0.3', 'healthy'), true);
  assert.equal(health(), 'healthy');
});
