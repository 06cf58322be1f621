/**
 * Whatever bytes come, the endpoint answers in AWS's form and lives on: mangled requests of each protocol through the real server.
 * More by the environment: PLIMSOLL_FUZZ_RUNS=20000.
 */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import { cbor } from '@smithy/core/cbor';
import fc from 'fast-check';
import { EC2 } from '@aws-sdk/client-ec2';
import { supportedOperations } from '../../../src/aws/index.ts';
import { start } from './support.ts';

const runs = Number(process.env['PLIMSOLL_FUZZ_RUNS'] ?? 150);
const faults: string[] = [];
const { url, client, endpoint } = await start({ onFault: (message, error) => faults.push(`${message}: ${String(error)}`) });

interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

/** By `node:http`, which sends any bytes as they are. */
function send(path: string, headers: Record<string, string>, body: Uint8Array): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url + path, { method: 'POST', headers: { ...headers, 'content-length': body.length } }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks) }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const versions = {
  ec2: '2016-11-15',
  elbv2: '2015-12-01',
  autoscaling: '2011-01-01',
  rds: '2014-10-31',
  iam: '2010-05-08',
  sts: '2011-06-15',
};
const targets = { ecs: 'AmazonEC2ContainerServiceV20141113', logs: 'Logs_20140328', 'application-autoscaling': 'AnyScaleFrontendService' };

const operationOf = (names: readonly string[]) => fc.constantFrom(...supportedOperations().filter(([service]) => names.includes(service)));
/** Values as hostile as they come. */
const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '',
    '-1',
    '1e999',
    'NaN',
    'true',
    '__proto__',
    'constructor',
    '\u0000',
    '9'.repeat(400),
    '{"a":',
    '0.0.0.0/0',
    'i-0',
    '$Latest',
  ),
);
const member = fc.constantFrom(
  'Name',
  'name',
  'Tags',
  'tags',
  'Filters',
  'Filter',
  'MaxResults',
  'maxResults',
  'NextToken',
  'cluster',
  'family',
  'containerDefinitions',
  'MetricData',
  'Dimensions',
  'logGroupName',
  'logEvents',
  'AlarmName',
  'MinCount',
  'MaxCount',
  'ImageId',
  'UserData',
  'CidrBlock',
  'VpcId',
  'GroupName',
  'AutoScalingGroupName',
  'resourceArn',
);
const value = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    text,
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(text, member), tie('value'), { maxKeys: 5 }),
  ),
})).value;
const field = fc
  .tuple(
    fc.array(fc.oneof(member, fc.constantFrom('member', 'entry', '1', '2', '0', '-1', '99999999', 'Key', 'Value')), {
      minLength: 1,
      maxLength: 6,
    }),
    text,
  )
  .map(([parts, held]) => [parts.join('.'), held] as const);

/** Changes some bytes: cuts, doubles, flips, bad UTF-8. */
const mangle = fc.option(
  fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), bytes: fc.uint8Array({ minLength: 0, maxLength: 4 }), cut: fc.boolean() }),
);
function mangled(body: Buffer, how: { at: number; bytes: Uint8Array; cut: boolean } | null): Buffer {
  if (how === null) return body;
  const at = Math.floor(how.at * body.length);
  return Buffer.concat([body.subarray(0, at), how.bytes, how.cut ? Buffer.alloc(0) : body.subarray(at + how.bytes.length)]);
}

function acceptable({ status, body }: Answer, form: RegExp | undefined): void {
  assert.ok(
    (status >= 200 && status < 300) || (status >= 400 && status < 500) || status === 501,
    `${status}: ${body.toString().slice(0, 300)}`,
  );
  if (status >= 400 && form !== undefined) assert.match(body.toString(), form);
}

async function check<T>(given: fc.Arbitrary<T>, call: (value: T) => Promise<void>): Promise<void> {
  faults.length = 0;
  await fc.assert(fc.asyncProperty(given, call), { numRuns: runs });
  assert.deepEqual(faults, []);
}

const xmlError = /<Code>[\w.]+<\/Code><Message>/;
const jsonError = /"__type":"[\w.]+"/;

test('forms of EC2 and of the query protocol', () =>
  check(
    fc.tuple(operationOf(Object.keys(versions)), fc.array(field, { maxLength: 8 }), mangle),
    async ([[service, operation], fields, how]) => {
      const version = versions[service as keyof typeof versions];
      const form = new URLSearchParams([
        ['Action', operation],
        ['Version', version],
        ...fields.map(([key, held]): [string, string] => [key, held]),
      ]);
      const body = mangled(Buffer.from(form.toString()), how);
      acceptable(await send('/', { 'content-type': 'application/x-www-form-urlencoded' }, body), xmlError);
    },
  ));

test('JSON', () =>
  check(fc.tuple(operationOf(Object.keys(targets)), value, mangle), async ([[service, operation], held, how]) => {
    const headers = {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `${targets[service as keyof typeof targets]}.${operation}`,
    };
    acceptable(await send('/', headers, mangled(Buffer.from(JSON.stringify(held)), how)), jsonError);
  }));

test('CBOR', () =>
  check(fc.tuple(operationOf(['cloudwatch']), value, mangle), async ([[, operation], held, how]) => {
    const headers = { 'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor' };
    const path = `/service/GraniteServiceVersion20100801/operation/${operation}`;
    acceptable(await send(path, headers, mangled(Buffer.from(cbor.serialize(held)), how)), undefined);
  }));

test('bytes without any sense', () =>
  check(
    fc.tuple(
      fc.uint8Array({ maxLength: 200 }),
      fc.constantFrom('application/x-www-form-urlencoded', 'application/json', 'application/cbor', ''),
    ),
    async ([body, type]) => {
      acceptable(await send('/', { 'content-type': type }, body), undefined);
    },
  ));

test('nesting of a hundred thousand levels is refused in each protocol', async () => {
  const deep = 100_000;
  const target = `${targets.ecs}.RegisterTaskDefinition`;
  const json = await send(
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
  const binary = await send(path, { 'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor' }, Buffer.alloc(deep, 0x81));
  for (const answer of [list, form, binary]) assert.equal(answer.status, 400);
  // An unknown member is skipped, as AWS does; what is missing then is told.
  assert.equal(json.status, 400);
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
