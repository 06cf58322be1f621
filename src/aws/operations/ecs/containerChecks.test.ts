import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkDependencies, checkEnvironmentFiles } from './containerChecks.ts';

const on = (containerName: string, condition: 'START' | 'COMPLETE' | 'SUCCESS' | 'HEALTHY') => ({ containerName, condition });

test('a task has an essential container, and its containers depend on each other as they can', () => {
  const setup = { name: 'setup', essential: false };
  const refused: [Parameters<typeof checkDependencies>[0], RegExp][] = [
    [[setup], /at least one essential container/],
    [[{ name: 'app', dependsOn: [on('none', 'START')] }], /'none', which does not exist/],
    [[{ name: 'app', dependsOn: [on('other', 'SUCCESS')] }, { name: 'other' }], /SUCCESS or COMPLETE condition cannot be an essential/],
    [[{ name: 'app', dependsOn: [on('other', 'HEALTHY')] }, { name: 'other' }], /'other' must have a health check/],
    [
      [
        { name: 'a', dependsOn: [on('b', 'START')] },
        { name: 'b', dependsOn: [on('a', 'START')] },
      ],
      /circular: a, b/,
    ],
  ];
  for (const [containers, message] of refused) assert.throws(() => checkDependencies(containers), message);
  const healthCheck = { command: ['CMD', 'true'] };
  const app = { name: 'app', dependsOn: [on('setup', 'SUCCESS'), on('cache', 'HEALTHY')] };
  checkDependencies([app, setup, { name: 'cache', healthCheck, dependsOn: [on('setup', 'COMPLETE')] }]);
});

test('environment files are objects of S3 that end in .env', () => {
  const check = (value: string) => () => checkEnvironmentFiles({ name: 'app', environmentFiles: [{ type: 's3', value }] });
  check('arn:aws:s3:::bucket/folder/app.env')();
  for (const value of ['s3://bucket/app.env', 'arn:aws:s3:::bucket/app.txt', 'arn:aws:s3:::bucket'])
    assert.throws(check(value), /is not the ARN of an object of S3 that ends in .env/);
});
