/**
 * `npm run soak [-- PATTERN…]`: the long form of the survival tests (soak.test.ts), as a table. About seven minutes; a pattern keeps
 * the scenarios whose name contains it. `--scale 0.1` makes every count a tenth. Linux only.
 */
import { parseArgs } from 'node:util';
import { monotonicMs } from '../../src/base/index.ts';
import { download, flow, upload } from './bodies.ts';
import { killedWorkers, replacedWorkers, swaps } from './changes.ts';
import { abortedClients, slowLoris } from './clients.ts';
import { exhaustedDescriptors } from './descriptors.ts';
import { echoes } from './echoes.ts';
import { flowsWhileTargetsDie, requestsWhileTargetsDie } from './kills.ts';
import { moodyTargets } from './moods.ts';
import type { Finding } from './support.ts';

const { values, positionals } = parseArgs({ options: { scale: { type: 'string', default: '1' } }, allowPositionals: true });
const times = (count: number): number => Math.max(1, Math.round(count * Number(values.scale)));

const scenarios: Readonly<Record<string, () => Promise<Finding>>> = {
  '100,000 aborted clients': () => abortedClients(times(100_000)),
  'slow-loris of 5,000 connections': () => slowLoris(times(5_000)),
  'file descriptors exhausted (ulimit -n 256)': () => exhaustedDescriptors(256),
  'the only worker killed -9, five times': () => killedWorkers(times(5), 1),
  'one of two workers killed -9, five times': () => killedWorkers(times(5), 2),
  'two workers replaced, ten times': () => replacedWorkers(times(10)),
  '1,000 configuration swaps': () => swaps(times(1_000)),
  'three targets killed -9 in turn, five rounds': () => requestsWhileTargetsDie(times(5)),
  'targets that reset, garble, break off, hang, slow down in turn, five rounds': () => moodyTargets(times(5)),
  '1 GB to a client that rests': () => download(times(1_000_000_000)),
  '1 GB to a target that rests': () => upload(times(1_000_000_000)),
  '1 GB through a TCP listener to a client that rests': () => flow(times(1_000_000_000)),
  '20,000 echoes of 1 byte to 4 MB through TCP, TLS, HTTP, HTTPS and HTTP/2': () => echoes(times(20_000)),
  'flows of a TCP listener while three targets are killed -9 in turn, five rounds': () => flowsWhileTargetsDie(times(5)),
};

let failed = false;
process.stdout.write('| scenario | seconds | result | failures |\n| --- | --- | --- | --- |\n');
for (const [name, run] of Object.entries(scenarios)) {
  if (positionals.length > 0 && !positionals.some((pattern) => name.includes(pattern))) continue;
  const startMs = monotonicMs();
  const { figures, failures } = await run();
  const seconds = ((monotonicMs() - startMs) / 1000).toFixed(0);
  const counted = failures.length === 0 ? 'none' : `${failures.length}: ${[...new Set(failures)].slice(0, 3).join('; ')}`;
  process.stdout.write(`| ${name} | ${seconds} | ${figures} | ${counted} |\n`);
  failed ||= failures.length > 0;
}
process.exit(failed ? 1 : 0);
