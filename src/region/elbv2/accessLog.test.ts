import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import type { LoadBalancerResource } from '../../aws/index.ts';
import { accessLogOf } from './accessLog.ts';

const arn = 'arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/todo/50dc6c495c0c9188';

test('an access log lies where its bucket and prefix say, and never outside of the data folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-access-log-'));
  const at = (attributes: Record<string, string>) =>
    accessLogOf(folder, { LoadBalancerArn: arn, attributes } as unknown as LoadBalancerResource);
  try {
    assert.equal(at({ 'access_logs.s3.enabled': 'false' }), undefined);
    const on = { 'access_logs.s3.enabled': 'true', 'access_logs.s3.bucket': 'logs' };
    const name = '123456789012_elasticloadbalancing_us-east-1_app.todo.50dc6c495c0c9188.log';
    const tail = join('AWSLogs', '123456789012', 'elasticloadbalancing', 'us-east-1', name);
    const file = at({ ...on, 'access_logs.s3.prefix': 'web/a' }) ?? '';
    assert.equal(file, join(folder, 's3', 'logs', 'web', 'a', tail));
    assert.ok(existsSync(dirname(file)));
    assert.equal(
      at({ ...on, 'access_logs.s3.bucket': '../..', 'access_logs.s3.prefix': '../x/..' }),
      join(folder, 's3', '.._..', 'x', tail),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
