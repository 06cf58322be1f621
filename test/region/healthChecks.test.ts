import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Region } from '../../src/region/index.ts';
import { createService, images, type TestService } from './service.ts';
import { startRegion, type TestRegion } from './support.ts';

const healthCheck = { intervalS: 5, timeoutS: 2, healthy: 2, unhealthy: 2 };

/** Two stories of health checks that ask for too little or too much, on examples/health-checks. */
describe('a health check', { skip: process.platform !== 'linux' && 'reads /proc' }, () => {
  let own: TestRegion;
  let live: Region;
  let identity: Server;
  let storage = '';

  before(async () => {
    own = await startRegion({ timeScale: 20, images });
    live = own.live;
    storage = join(own.folder, 'storage');
    mkdirSync(storage, { mode: 0o777 });
    identity = createServer((_request, response) => response.end('ada'));
    await new Promise<void>((listening) => identity.listen(0, '127.0.0.1', listening));
  });
  after(async () => {
    identity.close();
    await own?.close();
  });

  const until = (what: string, holds: () => boolean): Promise<void> => live.waitFor(what, 90_000, holds);

  async function shop(name: string, healthPath: string): Promise<TestService> {
    const { port } = identity.address() as AddressInfo;
    const environment = { STORAGE: join(storage, name), IDENTITY_URL: `http://127.0.0.1:${port}/` };
    const service = await createService(live, { name, desiredCount: 2, image: 'shop', healthPath, healthCheck, environment });
    await until(`${name}: two healthy tasks`, () => service.healthy().length === 2 && service.tasks().length === 2);
    return service;
  }

  /** Statuses of so many requests. */
  async function statuses(url: string, count: number): Promise<number[]> {
    const found: number[] = [];
    for (let i = 0; i < count; i++) {
      const answer = await fetch(url);
      await answer.arrayBuffer();
      found.push(answer.status);
    }
    return found;
  }

  test('that only sees the port open lets requests fail; one that reads the storage has the task replaced', async () => {
    const [weak, right] = await Promise.all([shop('weak', '/health/port'), shop('reads', '/health')]);
    const lose = (service: TestService, name: string): string => {
      const [victim] = service.tasks();
      rmSync(join(storage, name, victim?.address ?? ''), { recursive: true });
      return victim?.id ?? '';
    };
    const kept = lose(weak, 'weak');
    const replaced = lose(right, 'reads');
    await until('the task has stopped', () => right.stopped().some(({ id }) => id === replaced));
    assert.match(right.stopped().find(({ id }) => id === replaced)?.stoppedReason ?? '', /^Task failed ELB health checks in/);
    await until('two healthy again', () => right.healthy().length === 2);
    assert.deepEqual(new Set(await statuses(`${right.url}orders`, 20)), new Set([200]));

    assert.ok(
      weak.healthy().some(({ id }) => id === kept),
      'what cannot answer one request is still in service',
    );
    const failed = (await statuses(`${weak.url}orders`, 20)).filter((status) => status === 503).length;
    assert.equal(failed, 10, 'every other request goes to it');
  });

  test('that logs in replaces all tasks in vain; one that reads the storage goes on serving', async () => {
    const [broad, right] = await Promise.all([shop('broad', '/health/login'), shop('serves', '/health')]);
    identity.closeAllConnections();
    await new Promise<void>((closed) => identity.close(() => closed()));
    const before = right.tasks().map(({ id }) => id);
    await until('tasks are replaced', () => broad.events().filter((message) => message.includes('is unhealthy in')).length >= 2);
    await until('none is healthy', () => broad.healthy().length === 0);
    assert.deepEqual(
      right.tasks().map(({ id }) => id),
      before,
    );
    assert.deepEqual(new Set(await statuses(`${right.url}orders`, 10)), new Set([200]));
    assert.deepEqual(new Set(await statuses(`${right.url}login`, 2)), new Set([503]));
  });
});
