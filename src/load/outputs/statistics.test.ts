import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Histogram } from '../../base/index.ts';
import { scriptRunner } from '../testkit.ts';
import type { SeriesDelta } from './recorder.ts';
import { Statistics } from './statistics.ts';

const run = scriptRunner();

const time = { metricType: 'trend', contains: 'time' } as const;
const count = { metricType: 'counter', contains: 'default' } as const;
const rate = { metricType: 'rate', contains: 'default' } as const;

function request(name: string, status: string, ms: number): SeriesDelta[] {
  const tags = [
    ['method', 'GET'],
    ['name', name],
    ['status', status],
  ] as const;
  const histogram = new Histogram();
  histogram.record(ms);
  const failed = Number(status) >= 400 ? 1 : 0;
  return [
    { name: 'http_reqs', ...count, tags, data: { type: 'counter', value: 1 } },
    { name: 'http_req_duration', ...time, tags, data: { type: 'trend', histogram: histogram.toData() } },
    { name: 'http_req_failed', ...rate, tags, data: { type: 'rate', passes: failed, total: 1 } },
  ];
}

test('requests are counted by method and name, failures by what went wrong', () => {
  const statistics = new Statistics();
  statistics.add([...request('/a', '200', 10), ...request('/a', '503', 30), ...request('/b', '200', 5)]);
  statistics.add([...request('/a', '503', 20), { name: 'iterations', ...count, tags: [], data: { type: 'counter', value: 9 } }]);
  const seen = statistics.rows().map(({ method, name, requests, failed, durationMs }) => [method, name, requests, failed, durationMs.max]);
  assert.deepEqual(seen, [
    ['GET', '/a', 3, 2, 30],
    ['GET', '/b', 1, 0, 5],
  ]);
  const { requests, failed, durationMs } = statistics.total();
  assert.deepEqual([requests, failed, durationMs.count], [4, 2, 4]);
  assert.deepEqual(statistics.failures(), [{ method: 'GET', name: '/a', error: 'status 503', count: 2 }]);
});

test('names without end fill no memory: what comes after 500 is one row', () => {
  const statistics = new Statistics();
  for (let i = 0; i < 2000; i++) statistics.add(request(`/todo/${i}`, '200', 1));
  assert.equal(statistics.rows().length, 501);
  assert.equal(statistics.rows().at(-1)?.requests, 1500);
});

test('the average size of answers is known by name, whether their content is kept or not, and is in no summary', async () => {
  const server: Server = createServer((request, response) => {
    const size = Number(request.url?.slice(1));
    if (size > 100) response.write('x'.repeat(50));
    response.end('x'.repeat(size > 100 ? size - 50 : size));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const statistics = new Statistics();
  const result = await run(
    `import http from 'k6/http';
     export const options = { iterations: 3 };
     export default function () {
       http.get(__ENV.URL + '/30');
       http.get(__ENV.URL + '/3000', { responseType: 'none', tags: { name: 'large' } });
       http.get(__ENV.URL + '/60', { tags: { name: 'large' } });
     }`,
    {
      env: { URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
      onSeries: (series) => statistics.add(series),
    },
  );
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  assert.deepEqual(
    statistics.rows().map(({ requests, contentBytes }) => contentBytes / requests),
    [30, 1530],
  );
  assert.equal(statistics.total().contentBytes, 9270);
  assert.deepEqual(
    Object.keys(result.metrics).filter((name) => name.includes('content')),
    [],
  );
});
