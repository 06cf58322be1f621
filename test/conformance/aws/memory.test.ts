/**
 * Requests without sense leave nothing behind in the endpoint's memory. More by the environment:
 * `PLIMSOLL_FUZZ_RUNS=100000 node --test test/conformance/aws/memory.test.ts`, which prints what it measured.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { binary, forms, json, noise, send, type HostileRequest } from './hostile.ts';
import { spawnEndpoint } from './support.ts';

const runs = Number(process.env['PLIMSOLL_FUZZ_RUNS'] ?? 2000);
/** So many requests first, in which code and caches grow to their size. */
const warmupRuns = 1500;
/** What the process may have more afterwards, in MiB: some tenths of its size; a leak of 1 KiB each would be 98 MiB in 100,000 requests. */
const growthMaxMiB = 64;

const endpoint = spawnEndpoint();
const agent = new Agent({ keepAlive: true, maxSockets: 8 });
after(() => {
  agent.destroy();
  return endpoint.kill();
});

/** Resident memory of the endpoint, proc_pid_status(5). */
function residentMiB(): number {
  const [, kiB] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${endpoint.pid}/status`, 'utf8'))!;
  return Number(kiB) / 1024;
}

/** The same requests again and again would hide what each new name leaves: each batch has a seed of its own. */
async function bombard(url: string, count: number, seed: number): Promise<void> {
  const batch = 500;
  for (let sent = 0; sent < count; sent += batch) {
    const requests: HostileRequest[] = fc.sample(fc.oneof(forms, json, binary, noise), { numRuns: batch, seed: seed + sent });
    let next = 0;
    const client = async (): Promise<void> => {
      while (next < requests.length) {
        const { status } = await send(url, requests[next++]!, agent);
        assert.ok(status < 500 || status === 501, `status ${status}`);
      }
    };
    await Promise.all(Array.from({ length: 8 }, client));
    // What a request made by chance is state, no leak.
    if (sent % 5000 === 0) await fetch(`${url}/_plimsoll/reset`, { method: 'POST' });
  }
  await fetch(`${url}/_plimsoll/reset`, { method: 'POST' });
}

test(`${runs} hostile requests leave the memory as it was`, { skip: process.platform !== 'linux' && 'needs /proc' }, async (context) => {
  const url = await endpoint.url;
  await bombard(url, warmupRuns, 1);
  const beforeMiB = residentMiB();
  await bombard(url, runs, 1_000_000);
  const afterMiB = residentMiB();
  context.diagnostic(`resident memory: ${beforeMiB.toFixed(0)} MiB before, ${afterMiB.toFixed(0)} MiB after ${runs} requests`);
  assert.ok(afterMiB - beforeMiB < growthMaxMiB, `from ${beforeMiB.toFixed(0)} to ${afterMiB.toFixed(0)} MiB`);
});
