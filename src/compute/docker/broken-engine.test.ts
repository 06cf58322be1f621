import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { createLogger } from '../../base/index.ts';
import { makeTestFolder } from '../test-support/leftovers.ts';
import { createDockerDriver } from './driver.ts';

test('a driver closes though the Engine breaks off in the middle of its answer', { timeout: 30_000 }, async () => {
  const folder = makeTestFolder();
  const socket = join(folder.path, 'docker.sock');
  let broken = 0;
  let breaks = false;
  const answers: Readonly<Record<string, unknown>> = {
    '/_ping': 'OK',
    '/containers/json': [],
    '/networks': [],
    '/networks/create': { Id: 'n' },
  };
  const engine = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0]!;
    response.writeHead(200, { 'content-type': 'application/json' });
    if (breaks) {
      broken++;
      response.write('[', () => response.destroy());
    } else response.end(JSON.stringify(answers[path]));
  }).listen(socket);
  await once(engine, 'listening');
  process.env['DOCKER_HOST'] = `unix://${socket}`;
  const told: string[] = [];
  const log = createLogger('test', 'warn', { write: (line) => void told.push(line) });
  const driver = await createDockerDriver({ dataDir: folder.path, log, closeGraceMs: 0, closeWithinMs: 200 });
  breaks = true;
  await driver.close();
  assert.equal(broken, 1);
  assert.match(told.join(''), /are left for the next start to remove/);
  engine.close();
  folder.remove();
});
