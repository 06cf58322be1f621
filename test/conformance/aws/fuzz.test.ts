/**
 * Whatever bytes come, the endpoint answers in AWS's form and lives on: mangled requests of each protocol through the real server.
 * More by the environment: PLIMSOLL_FUZZ_RUNS=20000.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EC2 } from '@aws-sdk/client-ec2';
import { binary, forms, json, noise, send as sendTo, targets, type Answer, type HostileRequest } from './hostile.ts';
import { start } from './support.ts';

const runs = Number(process.env['PLIMSOLL_FUZZ_RUNS'] ?? 150);
const faults: string[] = [];
const { url, client, endpoint } = await start({ onFault: (message, error) => faults.push(`${message}: ${String(error)}`) });

const send = (path: string, headers: Record<string, string>, body: Buffer): Promise<Answer> => sendTo(url, { path, headers, body });

function acceptable({ status, body }: Answer, form: RegExp | undefined): void {
  assert.ok(
    (status >= 200 && status < 300) || (status >= 400 && status < 500) || status === 501,
    `${status}: ${body.toString().slice(0, 300)}`,
  );
  if (status >= 400 && form !== undefined) assert.match(body.toString(), form);
}

async function check(requests: fc.Arbitrary<HostileRequest>, form?: RegExp): Promise<void> {
  faults.length = 0;
  const call = async (request: HostileRequest): Promise<void> => acceptable(await sendTo(url, request), form);
  await fc.assert(fc.asyncProperty(requests, call), { numRuns: runs });
  assert.deepEqual(faults, []);
}

const xmlError = /<Code>[\w.]+<\/Code><Message>/;
const jsonError = /"__type":"[\w.]+"/;

test('forms of EC2 and of the query protocol', () => check(forms, xmlError));

test('JSON', () => check(json, jsonError));

test('CBOR', () => check(binary));

test('bytes without any sense', () => check(noise));

test('nesting of a hundred thousand levels is refused in each protocol', async () => {
  const deep = 100_000;
  const target = `${targets.ecs}.RegisterTaskDefinition`;
  const record = await send(
    '/',
    { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target },
    Buffer.from(`${'{"a":'.repeat(deep)}1${'}'.repeat(deep)}`),
  );
  const list = await send(
    '/',
    { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target },
    Buffer.from(`{"containerDefinitions":${'['.repeat(deep)}${']'.repeat(deep)}}`),
  );
  const form = await send(
    '/',
    { 'content-type': 'application/x-www-form-urlencoded' },
    Buffer.from(`Action=DescribeVpcs&Version=2016-11-15&${'A.'.repeat(deep)}B=1`),
  );
  const path = '/service/GraniteServiceVersion20100801/operation/ListMetrics';
  const packed = await send(path, { 'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor' }, Buffer.alloc(deep, 0x81));
  for (const answer of [list, form, packed]) assert.equal(answer.status, 400);
  // An unknown member is skipped, as AWS does; what is missing then is told.
  assert.equal(record.status, 400);
});

test('text that is no UTF-8 is refused, not changed', async () => {
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `${targets.logs}.CreateLogGroup` };
  const answer = await send('/', headers, Buffer.concat([Buffer.from('{"logGroupName":"a'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]));
  assert.equal(answer.status, 400);
  assert.match(answer.body.toString(), /SerializationException/);
});

test('of conflicting calls at once one wins, and the others are told', async () => {
  const ec2 = new EC2(client('eu-north-1'));
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, () =>
      ec2.createSecurityGroup({ GroupName: 'one', Description: 'one' }).then(
        () => 'made',
        (error: Error) => error.name,
      ),
    ),
  );
  assert.deepEqual(outcomes.toSorted(), [...Array.from({ length: 19 }, () => 'InvalidGroup.Duplicate'), 'made']);
  assert.equal((await fetch(`${endpoint.url}/_plimsoll/health`)).status, 200);
});
