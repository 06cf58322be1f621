/** `--require-credentials`: what is not signed, wrongly signed or signed at another time is refused as each service refuses it. */
import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { test } from 'node:test';
import { CloudWatch } from '@aws-sdk/client-cloudwatch';
import { DescribeVpcsCommand, EC2 } from '@aws-sdk/client-ec2';
import { ECS } from '@aws-sdk/client-ecs';
import { STS } from '@aws-sdk/client-sts';
import { systemClock } from '../../../src/base/index.ts';
import { start } from './support.ts';

const credentials = { accessKeyId: 'AKIAOWNER', secretAccessKey: 'owner-secret' };
const { url, client } = await start({ credentials });
const minuteMs = 60_000;

type Key = typeof credentials;
interface Skew {
  systemClockOffset?: number;
}

/** One call by each protocol: EC2's query, the query protocol, JSON, and CBOR or JSON of CloudWatch. */
const calls: Readonly<Record<string, (key: Key, skew: Skew) => Promise<unknown>>> = {
  ec2: (key, skew) => new EC2({ ...client(), credentials: key, ...skew }).describeVpcs({}),
  sts: (key, skew) => new STS({ ...client(), credentials: key, ...skew }).getCallerIdentity({}),
  ecs: (key, skew) => new ECS({ ...client(), credentials: key, ...skew }).listClusters({}),
  cloudwatch: (key, skew) => new CloudWatch({ ...client(), credentials: key, ...skew }).listMetrics({}),
};

async function outcomes(key: Key, skew: Skew = {}): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [name, call] of Object.entries(calls)) {
    found[name] = await call(key, skew).then(
      () => 'answered',
      (error: Error) => error.name,
    );
  }
  return found;
}

const all = (outcome: string) => ({ ec2: outcome, sts: outcome, ecs: outcome, cloudwatch: outcome });
const json = (outcome: string) => ({ ecs: outcome, cloudwatch: outcome });

test('what the owner signed is answered, also by clocks that are four minutes off', async () => {
  for (const systemClockOffset of [0, -4 * minuteMs, 4 * minuteMs])
    assert.deepEqual(await outcomes(credentials, { systemClockOffset }), all('answered'));
});

test('another key and another secret are told in each service’s words', async () => {
  const other = await outcomes({ ...credentials, accessKeyId: 'AKIAOTHER' });
  assert.deepEqual(other, { ec2: 'AuthFailure', sts: 'InvalidClientTokenId', ...json('UnrecognizedClientException') });
  const wrong = await outcomes({ ...credentials, secretAccessKey: 'wrong' });
  assert.deepEqual(wrong, { ec2: 'AuthFailure', sts: 'SignatureDoesNotMatch', ...json('InvalidSignatureException') });
});

test('signatures of another time are refused: nobody can send a request again later', async () => {
  for (const systemClockOffset of [-6 * minuteMs, 6 * minuteMs]) {
    const skewed = await outcomes(credentials, { systemClockOffset });
    assert.deepEqual(skewed, { ec2: 'RequestExpired', sts: 'SignatureDoesNotMatch', ...json('InvalidSignatureException') });
  }
});

test('a request that was changed after signing, and one that is not signed, are refused; nor can such a one reset', async () => {
  const changed = new EC2({ ...client(), credentials });
  changed.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { body: string };
      request.body = request.body.replace('DescribeVpcs', 'DescribeTags');
      return next(args);
    },
    { step: 'finalizeRequest', priority: 'low' },
  );
  await assert.rejects(changed.send(new DescribeVpcsCommand({})), { name: 'AuthFailure' });
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const unsigned = await fetch(url, { method: 'POST', headers, body: 'Action=DescribeVpcs&Version=2016-11-15' });
  assert.equal(unsigned.status, 403);
  assert.match(await unsigned.text(), /<Code>MissingAuthenticationToken<\/Code>/);
  assert.equal((await fetch(`${url}/_plimsoll/reset`, { method: 'POST' })).status, 403);
});

/** A GET whose signature is in its query: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
function presigned(secret: string, ageMs: number, expiresSeconds: number): string {
  const date = `${new Date(systemClock.nowMs() - ageMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
  const scope = `${date.slice(0, 8)}/us-east-1/sts/aws4_request`;
  const query = new URLSearchParams({
    Action: 'GetCallerIdentity',
    Version: '2011-06-15',
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${credentials.accessKeyId}/${scope}`,
    'X-Amz-Date': date,
    'X-Amz-Expires': String(expiresSeconds),
    'X-Amz-SignedHeaders': 'host',
  });
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
  const sorted = query.toString().split('&').toSorted().join('&');
  const canonical = ['GET', '/', sorted, `host:${new URL(url).host}\n`, 'host', sha256('')].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n');
  let key: Buffer | string = `AWS4${secret}`;
  for (const part of scope.split('/')) key = createHmac('sha256', key).update(part).digest();
  return `${url}/?${query.toString()}&X-Amz-Signature=${createHmac('sha256', key).update(toSign).digest('hex')}`;
}

test('a presigned URL holds as long as it says, and a week at most', async () => {
  const { accessKeyId: _, secretAccessKey: secret } = credentials;
  assert.match(await (await fetch(presigned(secret, 10 * minuteMs, 900))).text(), /<Account>123456789012<\/Account>/);
  for (const [from, code] of [
    [presigned('wrong', 0, 900), 'SignatureDoesNotMatch'],
    [presigned(secret, 16 * minuteMs, 900), 'SignatureDoesNotMatch'],
    [presigned(secret, -6 * minuteMs, 900), 'SignatureDoesNotMatch'],
    [presigned(secret, 0, 8 * 24 * 3600), 'SignatureDoesNotMatch'],
    [presigned(secret, 0, 900).replace('GetCallerIdentity', 'GetSessionToken'), 'SignatureDoesNotMatch'],
  ] as const) {
    const answer = await fetch(from);
    assert.equal(answer.status, 403);
    assert.match(await answer.text(), new RegExp(`<Code>${code}</Code>`));
  }
});
