import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MachineMetadata } from '../../model/index.ts';
import { metadataAnswer, type MetadataAnswer, type Tokens } from './metadata.ts';

const values = {
  'meta-data/instance-id': 'i-1',
  'meta-data/local-ipv4': '172.31.0.5',
  'meta-data/placement/region': 'us-east-1',
  'user-data': '#!',
};
const tokens: Tokens = new Map();
let nowMs = 0;
const answer = (options: Partial<MachineMetadata>, url: string, method = 'GET', headers = {}): MetadataAnswer =>
  metadataAnswer({ values, endpoint: 'enabled', tokens: 'optional', ...options }, tokens, { url, method, headers }, nowMs);
const ask = (url: string, method?: string, headers?: object): MetadataAnswer => answer({}, url, method, headers);

test('version 1: values by path, and what is below a path', () => {
  assert.equal(ask('/latest/meta-data/instance-id').body, 'i-1');
  assert.equal(ask('/latest/user-data').body, '#!');
  assert.equal(ask('/latest/').body, 'meta-data/\nuser-data');
  assert.equal(ask('/latest/meta-data/').body, 'instance-id\nlocal-ipv4\nplacement/');
  assert.equal(ask('/latest/meta-data/placement/').body, 'region');
  assert.equal(ask('/2021-07-15/meta-data/local-ipv4').body, '172.31.0.5');
  assert.equal(ask('/latest/meta-data/nothing').status, 404);
  assert.equal(ask('/other').status, 404);
});

test('version 2: a token by PUT with its life span, and none but those given out', () => {
  const ttl = { 'x-aws-ec2-metadata-token-ttl-seconds': '60' };
  const token = ask('/latest/api/token', 'PUT', ttl);
  assert.equal(token.status, 200);
  assert.equal(ask('/latest/meta-data/instance-id', 'GET', { 'x-aws-ec2-metadata-token': token.body }).body, 'i-1');
  assert.equal(ask('/latest/meta-data/instance-id', 'GET', { 'x-aws-ec2-metadata-token': 'made up' }).status, 401);
  assert.equal(ask('/latest/api/token', 'PUT').status, 400);
  assert.equal(ask('/latest/api/token', 'PUT', { 'x-aws-ec2-metadata-token-ttl-seconds': '999999' }).status, 400);
  assert.equal(ask('/latest/api/token', 'GET').status, 405);
  const other = { values: { 'meta-data/instance-id': 'i-2' }, endpoint: 'enabled', tokens: 'optional' } as const;
  const shown = { url: '/latest/meta-data/instance-id', method: 'GET', headers: { 'x-aws-ec2-metadata-token': token.body } };
  assert.equal(metadataAnswer(other, tokens, shown, nowMs).status, 401, 'a token is of one instance');
  nowMs += 60_000;
  assert.equal(ask('/latest/meta-data/instance-id', 'GET', { 'x-aws-ec2-metadata-token': token.body }).status, 401, 'its span is over');
  ask('/latest/api/token', 'PUT', ttl);
  assert.equal(tokens.size, 1);
});

test('where tokens are required, version 1 is refused', () => {
  assert.equal(answer({ tokens: 'required' }, '/latest/meta-data/instance-id').status, 401);
  const { body } = answer({ tokens: 'required' }, '/latest/api/token', 'PUT', { 'x-aws-ec2-metadata-token-ttl-seconds': '60' });
  assert.equal(answer({ tokens: 'required' }, '/latest/user-data', 'GET', { 'x-aws-ec2-metadata-token': body }).body, '#!');
});

test('where the endpoint is disabled, every request is refused, also one that asks for a token or shows one', () => {
  const ttl = { 'x-aws-ec2-metadata-token-ttl-seconds': '60' };
  const { body } = ask('/latest/api/token', 'PUT', ttl);
  assert.deepEqual(answer({ endpoint: 'disabled' }, '/latest/meta-data/instance-id'), { status: 403, body: '' });
  assert.equal(answer({ endpoint: 'disabled' }, '/latest/api/token', 'PUT', ttl).status, 403);
  assert.equal(answer({ endpoint: 'disabled' }, '/latest/user-data', 'GET', { 'x-aws-ec2-metadata-token': body }).status, 403);
});

test('whoever is no machine learns nothing', () => {
  assert.equal(metadataAnswer(undefined, tokens, { url: '/latest/meta-data/instance-id', method: 'GET', headers: {} }, nowMs).status, 404);
});
