import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { EC2 } from '@aws-sdk/client-ec2';
import { IAM } from '@aws-sdk/client-iam';
import { STS } from '@aws-sdk/client-sts';
import { Store } from '../../../src/state/index.ts';
import { spawnEndpoint, start } from './support.ts';

const { url, client } = await start();

const form = { 'content-type': 'application/x-www-form-urlencoded' };

async function post(
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = form,
  path = '/',
): Promise<{ status: number; text: string; headers: Headers }> {
  const answer = await fetch(url + path, { method: 'POST', body, headers });
  return { status: answer.status, text: await answer.text(), headers: answer.headers };
}

test('an unknown action is InvalidAction, an operation that is not there says so by name', async () => {
  const unknown = await post('Action=Nonsense&Version=2016-11-15');
  assert.equal(unknown.status, 400);
  assert.match(unknown.text, /<Code>InvalidAction<\/Code>/);
  const missing = await post('Action=CreateTransitGateway&Version=2016-11-15');
  assert.equal(missing.status, 501);
  assert.match(missing.text, /<Code>NotImplemented<\/Code><Message>Plimsoll does not implement ec2 CreateTransitGateway\./);
  const json = await post('{}', {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': 'AmazonEC2ContainerServiceV20141113.Nonsense',
  });
  assert.equal(json.status, 400);
  assert.match(json.text, /UnknownOperationException/);
  const classic = await post('Action=DescribeLoadBalancers&Version=2012-06-01');
  assert.match(classic.text, /InvalidAction/);
});

test('every answer has a request id, the same in header and body', async () => {
  const answer = await post('Action=DescribeVpcs&Version=2016-11-15');
  const id = answer.headers.get('x-amzn-requestid');
  assert.match(id ?? '', /^[0-9a-f-]{36}$/);
  assert.ok(answer.text.includes(`<requestId>${id}</requestId>`));
});

test('bodies that are no requests are refused in the protocol’s words, and the endpoint lives on', async () => {
  const target = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'AmazonEC2ContainerServiceV20141113.ListClusters' };
  const bodies: [string, Record<string, string>, RegExp][] = [
    ['{"maxResults":', target, /SerializationException/],
    ['{"maxResults":"many"}', target, /SerializationException/],
    ['[1]', target, /SerializationException/],
    [`${'{"a":'.repeat(50_000)}1`, target, /SerializationException/],
    ['Action=RunInstances&Version=2016-11-15&MinCount=one&MaxCount=1', form, /MalformedInput/],
    ['Action=RunInstances&Version=2016-11-15', form, /MissingParameter/],
    [`Action=DescribeVpcs&Version=2016-11-15&${'A.'.repeat(200)}B=1`, form, /MalformedInput/],
    ['%%%=%&Action=%FF', form, /InvalidAction/],
    ['', form, /MissingAction/],
  ];
  for (const [body, headers, expected] of bodies) {
    const answer = await post(body, headers);
    assert.match(answer.text, expected, body.slice(0, 80));
    assert.ok(answer.status >= 400 && answer.status < 500, `${answer.status} for ${body.slice(0, 80)}`);
  }
  const cbor = await fetch(`${url}/service/GraniteServiceVersion20100801/operation/ListMetrics`, {
    method: 'POST',
    body: new Uint8Array(1000).fill(0x9f),
    headers: { 'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor' },
  });
  assert.equal(cbor.status, 400);
  assert.equal((await post('Action=DescribeVpcs&Version=2016-11-15')).status, 200);
});

test('a form of 10 MB is refused', async () => {
  const answer = await post(`Action=DescribeVpcs&Version=2016-11-15&X=${'x'.repeat(10 << 20)}`);
  assert.equal(answer.status, 413);
});

test('a web page cannot drive the endpoint: foreign origins and rebound names are refused', async () => {
  const body = 'Action=DescribeVpcs&Version=2016-11-15';
  assert.equal((await post(body, { ...form, origin: 'https://evil.example' })).status, 403);
  assert.equal((await post(body, { ...form, origin: 'http://localhost:3000' })).status, 200);
  const rebound = request(url, { method: 'POST', headers: { ...form, host: 'evil.example:4566' } });
  rebound.end(body);
  const [answer] = (await once(rebound, 'response')) as [IncomingMessage];
  answer.resume();
  assert.equal(answer.statusCode, 403);
});

test('regions and assumed accounts have state of their own', async () => {
  const here = new EC2(client('eu-west-1'));
  const there = new EC2(client('eu-west-2'));
  await here.createKeyPair({ KeyName: 'mine' });
  assert.equal((await here.describeKeyPairs({})).KeyPairs?.length, 1);
  assert.equal((await there.describeKeyPairs({})).KeyPairs?.length, 0);
  const { Credentials } = await new STS(client()).assumeRole({ RoleArn: 'arn:aws:iam::999999999999:role/other', RoleSessionName: 'test' });
  const credentials = {
    accessKeyId: Credentials!.AccessKeyId!,
    secretAccessKey: Credentials!.SecretAccessKey!,
    sessionToken: Credentials!.SessionToken!,
  };
  const other = { ...client('eu-west-1'), credentials };
  assert.equal((await new STS(other).getCallerIdentity({})).Account, '999999999999');
  assert.equal((await new EC2(other).describeKeyPairs({})).KeyPairs?.length, 0);
});

test('a dry run is checked and changes nothing', async () => {
  const ec2 = new EC2(client('ap-south-1'));
  await assert.rejects(ec2.createVpc({ CidrBlock: '10.0.0.0/16', DryRun: true }), { name: 'DryRunOperation' });
  assert.equal((await ec2.describeVpcs({})).Vpcs?.length, 1);
});

test('reset empties all state, by both names', async () => {
  const iam = new IAM(client());
  for (const path of ['/moto-api/reset', '/_plimsoll/reset']) {
    await iam.createRole({ RoleName: 'gone', AssumeRolePolicyDocument: '{}' });
    assert.equal((await post('', {}, path)).status, 200);
    await assert.rejects(iam.getRole({ RoleName: 'gone' }), { name: 'NoSuchEntityException' });
    assert.equal((await iam.getRole({ RoleName: 'LabRole' })).Role?.Arn, 'arn:aws:iam::123456789012:role/LabRole');
  }
});

test('what was answered survives kill -9', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-aws-'));
  const child = spawnEndpoint(folder);
  try {
    const ec2 = new EC2({ ...client(), endpoint: await child.url });
    const made = await Promise.all(
      Array.from({ length: 20 }, (_, index) => ec2.createSecurityGroup({ GroupName: `g${index}`, Description: 'd' })),
    );
    await child.kill();
    const store = new Store(folder);
    const again = await start({ store });
    const found = await new EC2(again.client()).describeSecurityGroups({ GroupIds: made.map(({ GroupId }) => GroupId!) });
    assert.equal(found.SecurityGroups?.length, 20);
    await again.endpoint.close();
    store.close();
  } finally {
    await child.kill();
    rmSync(folder, { recursive: true, force: true });
  }
});
