import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metadataAnswer, type MetadataAnswer } from './metadata.ts';

const values = {
  'meta-data/instance-id': 'i-1',
  'meta-data/local-ipv4': '172.31.0.5',
  'meta-data/placement/region': 'us-east-1',
  'user-data': '#!',
};
const tokens = new Map<string, string>();
const ask = (url: string, method = 'GET', headers = {}): MetadataAnswer => metadataAnswer(values, tokens, method, url, headers);

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
});

test('whoever is no machine learns nothing', () => {
  assert.equal(metadataAnswer(undefined, tokens, 'GET', '/latest/meta-data/instance-id', {}).status, 404);
});
