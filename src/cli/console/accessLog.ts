import { open } from 'node:fs/promises';
import { loadBalancers } from '../../aws/index.ts';
import { systemErrorCode } from '../../base/index.ts';
import type { AccessLog } from '../../console/index.ts';
import type { ConsoleSource } from './source.ts';

const linesMax = 200;
/** Read from the end of a file at most. */
const bytesMax = 128 * 1024;

/** The end of the access log of a load balancer; undefined where there is no such balancer. */
export async function accessLogTail({ endpoint, running }: ConsoleSource, region: string, name: string): Promise<AccessLog | undefined> {
  const balancer = endpoint
    .place(region)
    .table(loadBalancers)
    .values()
    .find(({ LoadBalancerName }) => LoadBalancerName === name);
  if (balancer === undefined) return undefined;
  const enabled = balancer.attributes['access_logs.s3.enabled'] === 'true';
  const file = running?.accessLogOf(balancer);
  return { enabled, lines: file === undefined ? [] : await lastLines(file), ...(file === undefined ? {} : { file }) };
}

/** Whole lines from the end of a file; none where there is no file yet. */
export async function lastLines(file: string): Promise<string[]> {
  try {
    await using handle = await open(file);
    const { size } = await handle.stat();
    const from = Math.max(0, size - bytesMax);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - from), 0, size - from, from);
    const lines = buffer.toString('utf8', 0, bytesRead).split('\n');
    // The last has no end yet, the first perhaps no beginning.
    return lines.slice(from === 0 ? 0 : 1, -1).slice(-linesMax);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
}
