import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { scriptRunner } from '../testkit.ts';

const run = scriptRunner();
let server: Server;
let env: Record<string, string>;

before(async () => {
  server = createServer((_request, response) => response.end('there'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  env = { URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
});

after(() => {
  server.closeAllConnections();
  server.close();
});

const scenario = (options: string): string => `import http from 'k6/http';
  export const options = { ${options} summaryTrendStats: ['min', 'max', 'count'], scenarios: { steady: {
    executor: 'constant-arrival-rate', rate: 50, duration: '1s', preAllocatedVUs: 2, maxVUs: 20 } } };
  let first = true;
  export default function () {
    http.get(__ENV.URL);
    // The whole process stands still: what should have begun meanwhile is late.
    if (first) for (const until = Date.now() + 300; Date.now() < until;);
    first = false;
  }`;

test('scheduleLatency counts from the time when a request should have begun', async () => {
  const { metrics, exitCode } = await run(scenario('scheduleLatency: true,'), { env, workers: 1 });
  assert.equal(exitCode, 0);
  const delay = metrics['iteration_start_delay']?.values ?? {};
  const scheduled = metrics['http_req_scheduled_duration']?.values ?? {};
  const plain = metrics['http_req_duration']?.values ?? {};
  assert.equal(scheduled['count'], metrics['http_reqs']?.values['count']);
  assert.ok((delay['max'] as number) > 200, `the iterations that waited began ${delay['max']} ms late`);
  assert.ok((scheduled['max'] as number) >= (delay['max'] as number));
  assert.ok((scheduled['min'] as number) >= (plain['min'] as number));
});

test('without it there are no such metrics', async () => {
  const { metrics } = await run(scenario(''), { env, workers: 1 });
  assert.equal(metrics['iteration_start_delay'], undefined);
  assert.equal(metrics['http_req_scheduled_duration'], undefined);
});
