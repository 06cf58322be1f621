/** Requests that no client would send, for each protocol of the endpoint: mangled, of the wrong types, without any sense. */
import { request as open, type Agent } from 'node:http';
import { cbor } from '@smithy/core/cbor';
import fc from 'fast-check';
import { supportedOperations } from '../../../src/aws/index.ts';

export interface HostileRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

/** By `node:http`, which sends any bytes as they are. */
export function send(url: string, { path, headers, body }: HostileRequest, agent?: Agent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { method: 'POST', headers: { ...headers, 'content-length': body.length }, ...(agent === undefined ? {} : { agent }) };
    const sent = open(url + path, options, (answer) => {
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
export const targets = {
  ecs: 'AmazonEC2ContainerServiceV20141113',
  logs: 'Logs_20140328',
  'application-autoscaling': 'AnyScaleFrontendService',
};

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

/** Forms of EC2 and of the query protocol. */
export const forms: fc.Arbitrary<HostileRequest> = fc
  .tuple(operationOf(Object.keys(versions)), fc.array(field, { maxLength: 8 }), mangle)
  .map(([[service, operation], fields, how]) => {
    const version = versions[service as keyof typeof versions];
    const form = new URLSearchParams([['Action', operation], ['Version', version], ...fields.map(([key, held]) => [key, held])]);
    return {
      path: '/',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: mangled(Buffer.from(form.toString()), how),
    };
  });

export const json: fc.Arbitrary<HostileRequest> = fc
  .tuple(operationOf(Object.keys(targets)), value, mangle)
  .map(([[service, operation], held, how]) => ({
    path: '/',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `${targets[service as keyof typeof targets]}.${operation}`,
    },
    body: mangled(Buffer.from(JSON.stringify(held)), how),
  }));

export const binary: fc.Arbitrary<HostileRequest> = fc
  .tuple(operationOf(['cloudwatch']), value, mangle)
  .map(([[, operation], held, how]) => ({
    path: `/service/GraniteServiceVersion20100801/operation/${operation}`,
    headers: { 'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor' },
    body: mangled(Buffer.from(cbor.serialize(held)), how),
  }));

export const noise: fc.Arbitrary<HostileRequest> = fc
  .tuple(
    fc.uint8Array({ maxLength: 200 }),
    fc.constantFrom('application/x-www-form-urlencoded', 'application/json', 'application/cbor', ''),
  )
  .map(([body, type]) => ({ path: '/', headers: { 'content-type': type }, body: Buffer.from(body) }));
