import assert from 'node:assert/strict';
import { test } from 'node:test';
import { download, flow, upload } from './bodies.ts';
import { killedWorkers, replacedWorkers, swaps } from './changes.ts';
import { abortedClients, slowLoris } from './clients.ts';
import { exhaustedDescriptors } from './descriptors.ts';
import { echoes } from './echoes.ts';
import { flowsWhileTargetsDie, requestsWhileTargetsDie } from './kills.ts';
import { moodyTargets } from './moods.ts';
import type { Finding } from './support.ts';

/** The small form of `npm run soak`. */
const scenarios: Readonly<Record<string, () => Promise<Finding>>> = {
  'aborted clients leave no file descriptor and no memory behind': () => abortedClients(500),
  'slow clients hurt nobody else, and are told so': () => slowLoris(200),
  'out of file descriptors: told, and over when clients leave': () => exhaustedDescriptors(200),
  'a killed worker loses its connections and nothing else': () => killedWorkers(1, 1),
  'workers are replaced without a lost request': () => replacedWorkers(2),
  'configurations are swapped without a lost request': () => swaps(100),
  'targets killed one after the other: no request fails': () => requestsWhileTargetsDie(1),
  'targets that misbehave in every way, one after the other: no request fails': () => moodyTargets(1),
  'a large answer to a client that rests needs no memory': () => download(100_000_000),
  'a large request to a target that rests needs no memory': () => upload(100_000_000),
  'a large flow to a client that rests needs no memory': () => flow(100_000_000),
  'not a byte comes back changed, through any kind of listener': () => echoes(200),
  'flows go to the targets that are there': () => flowsWhileTargetsDie(1),
};

for (const [name, run] of Object.entries(scenarios)) {
  test(name, { timeout: 120_000 }, async () => assert.deepEqual((await run()).failures, []));
}
