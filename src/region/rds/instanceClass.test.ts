import assert from 'node:assert/strict';
import { test } from 'node:test';
import { instanceClassOf } from './instanceClass.ts';

test('vCPUs, memory and connections by class', () => {
  assert.deepEqual(instanceClassOf('db.t3.micro'), { vcpus: 2, memoryMiB: 1024, maxConnections: 101 });
  assert.deepEqual(instanceClassOf('db.m5.large'), { vcpus: 2, memoryMiB: 8192, maxConnections: 811 });
  assert.deepEqual(instanceClassOf('db.r6g.4xlarge'), { vcpus: 16, memoryMiB: 131_072, maxConnections: 5000 });
  assert.deepEqual(instanceClassOf('nonsense'), instanceClassOf('db.t3.micro'));
});
