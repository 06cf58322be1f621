import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { requestId } from './logging.ts';

const id = (trace?: string): string =>
  requestId({ headers: trace === undefined ? {} : { 'x-amzn-trace-id': trace } } as unknown as IncomingMessage);

test("the request's id is the root of its trace", () => {
  assert.equal(id('Root=1-67891233-abcdef012345678912345678'), '1-67891233-abcdef012345678912345678');
  assert.equal(id('Self=1-67891234-12456789abcdef012345678;Root=1-67891233-abcdef0;Lineage=a:1'), '1-67891233-abcdef0');
});

test('a trace without a root is taken whole, but not without end', () => {
  assert.equal(id('my-own-id'), 'my-own-id');
  assert.equal(id('x'.repeat(5000)).length, 128);
  assert.equal(id(`Root=${'x'.repeat(5000)}`).length, 128);
});

test('a request without a trace gets an id of its own', () => {
  assert.match(id(), /^[0-9a-f-]{36}$/);
  assert.match(id(''), /^[0-9a-f-]{36}$/);
  assert.notEqual(id(), id());
});
