import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { LoadBalancerResource } from '../../aws/index.ts';

/**
 * The file that stands for a load balancer's access log in S3, under the data folder: `s3/BUCKET/PREFIX` and on as AWS
 * names it, though in one file that grows and is not compressed. Undefined while the log is off.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html#access-log-file-format
 */
export function accessLogOf(dataDir: string, { LoadBalancerArn, attributes }: LoadBalancerResource): string | undefined {
  if (attributes['access_logs.s3.enabled'] !== 'true') return undefined;
  const [, , , region = '', account = '', resource = ''] = LoadBalancerArn.split(':');
  const given = [attributes['access_logs.s3.bucket'] ?? '', ...(attributes['access_logs.s3.prefix'] ?? '').split('/')];
  // Names from outside: none of them leads out of the folder.
  const parts = given.map((part) => part.replaceAll(/[^\w.-]/g, '_')).filter((part) => !/^\.*$/.test(part));
  const folder = join(dataDir, 's3', ...parts, 'AWSLogs', account, 'elasticloadbalancing', region);
  mkdirSync(folder, { recursive: true });
  return join(folder, `${account}_elasticloadbalancing_${region}_${resource.replace('loadbalancer/', '').replaceAll('/', '.')}.log`);
}
