import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { systemClock } from '../../base/index.ts';
import { openRest, RunExitCode, startLoad, type LoadRequest, type LoadRun, type RestApi } from '../index.ts';

/** k6's REST API over real runs; shapes and answers as k6 1.8 gives them. */

const script = `
  import { check, group, sleep } from 'k6';
  import { Counter } from 'k6/metrics';
  const seen = new Counter('seen');
  const first = {};
  export const options = {
    scenarios: { outside: { executor: 'externally-controlled', vus: 1, maxVUs: 6, duration: 0 } },
    thresholds: { checks: ['rate>0.9'] },
  };
  export function setup() { return { a: 1 }; }
  export default function () {
    if (!first.done) { first.done = true; seen.add(1, { vu: String(__VU) }); }
    group('g', () => check(1, { one: (n) => n === 1 }));
    sleep(0.02);
  }
`;
const fixed = `
  import { sleep } from 'k6';
  export const options = { vus: 1, duration: '1m' };
  export default function () { sleep(0.02); }
`;

let folder = '';
before(() => (folder = mkdtempSync(join(tmpdir(), 'plimsoll-rest-'))));
after(() => rmSync(folder, { recursive: true, force: true }));

async function withRun(
  source: string,
  more: Partial<LoadRequest>,
  use: (api: RestApi, run: LoadRun) => Promise<void>,
): Promise<LoadRun['result']> {
  const file = join(folder, 'script.js');
  writeFileSync(file, source);
  const run = startLoad({ script: file, progressMs: 50, ...more });
  run.result.catch(() => undefined);
  const api = await openRest(run, '127.0.0.1:0');
  try {
    await use(api, run);
    return await run.result;
  } finally {
    run.stop();
    await run.result.catch(() => undefined);
    await api.close();
  }
}

async function get<T>(api: RestApi, path: string, init: RequestInit = {}): Promise<{ status: number; body: T }> {
  const answer = await fetch(`${api.url}${path}`, init);
  const text = await answer.text();
  return { status: answer.status, body: (text === '' ? undefined : JSON.parse(text)) as T };
}

interface Status {
  data: { type: string; id: string; attributes: Record<string, unknown> };
}

const patch = (api: RestApi, attributes: object): Promise<{ status: number; body: Status }> =>
  get(api, '/v1/status', { method: 'PATCH', body: JSON.stringify({ data: { type: 'status', id: 'default', attributes } }) });

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await holds()); tries++) {
    assert.ok(tries < 1000, 'it did not come');
    await systemClock.sleep(20);
  }
}

const valueOf = (run: LoadRun, metric: string): number => run.snapshot()?.metrics[metric]?.values['count'] ?? 0;

test('a run in two processes is scaled, paused, resumed and stopped from outside', async () => {
  const result = await withRun(script, { workers: 2 }, async (api, run) => {
    await until(() => valueOf(run, 'seen') === 1);
    const scaled = await patch(api, { vus: 5 });
    assert.equal(scaled.status, 200);
    assert.equal(scaled.body.data.attributes['vus'], 5);
    await until(() => valueOf(run, 'seen') === 5);
    assert.equal((await patch(api, { vus: 7 })).status, 400, 'more than maxVUs');

    const paused = await patch(api, { paused: true });
    assert.deepEqual(paused.body.data.attributes, {
      status: 7,
      paused: true,
      vus: 0,
      'vus-max': 6,
      stopped: false,
      running: true,
      tainted: false,
    });
    // Reports of iterations that were under way still come in; then the count stands still.
    let last = -1;
    await until(async () => {
      const before = last;
      last = valueOf(run, 'iterations');
      await systemClock.sleep(150);
      return before === last && last === valueOf(run, 'iterations');
    });
    await patch(api, { paused: false });
    await until(() => valueOf(run, 'iterations') > last);

    await patch(api, { vus: 1 });
    await patch(api, { vus: 5 });
    await patch(api, { stopped: true });
  });
  assert.equal(result.exitCode, RunExitCode.stoppedByRest);
  assert.ok((result.metrics['checks']?.values['rate'] ?? 0) === 1);
});

test('metrics, groups and the data of setup have the shapes of k6', async () => {
  await withRun(script, { workers: 1 }, async (api, run) => {
    await until(() => valueOf(run, 'iterations') > 0);
    const checks = await get(api, '/v1/metrics/checks');
    assert.deepEqual(checks.body, {
      data: { type: 'metrics', id: 'checks', attributes: { type: 'rate', contains: 'default', tainted: false, sample: { rate: 1 } } },
    });
    const all = await get<{ data: { id: string; attributes: { tainted: unknown; sample: object } }[] }>(api, '/v1/metrics');
    const duration = all.body.data.find(({ id }) => id === 'iteration_duration');
    assert.deepEqual(Object.keys(duration?.attributes.sample ?? {}).toSorted(), ['avg', 'max', 'med', 'min', 'p(90)', 'p(95)']);
    assert.equal(duration?.attributes.tainted, null);
    assert.deepEqual((await get(api, '/v1/metrics/none')).body, {
      errors: [{ status: '404', title: 'Not Found', detail: 'No metric with that ID was found' }],
    });
    const groups = await get<{ data: { id: string; attributes: { path: string }; relationships: { parent: { data: unknown } } }[] }>(
      api,
      '/v1/groups',
    );
    const [root] = groups.body.data;
    assert.equal(root?.attributes.path, '');
    const child = groups.body.data.find(({ attributes }) => attributes.path === '::g');
    assert.deepEqual(child?.relationships.parent.data, { type: 'groups', id: root?.id });
    assert.equal((await get<Status>(api, `/v1/groups/${child?.id}`)).body.data.id, child?.id);
    assert.deepEqual((await get(api, '/v1/setup')).body, { data: { type: 'setupData', id: 'default', attributes: { data: { a: 1 } } } });
    assert.equal((await get(api, '/v1/teardown')).status, 405);
    assert.equal((await get(api, '/v1/setup', { method: 'DELETE' })).status, 405);
    assert.equal((await get(api, '/v1/setup', { method: 'PUT', body: 'no JSON' })).status, 400);
    assert.equal((await get(api, '/v1/status', { method: 'POST' })).status, 405);
    assert.equal((await get(api, '/v1/nothing')).status, 404);
    assert.equal((await get(api, '/v1/metrics/%E0%A4%A')).status, 400);
    assert.equal((await get(api, '/v1/status', { method: 'PATCH', body: 'no JSON' })).status, 400);
    assert.equal((await get(api, '/v1/status', { method: 'PATCH', body: 'x'.repeat(100_000) })).status, 400);
    assert.equal((await patch(api, { vus: -1 })).status, 400);
    await patch(api, { stopped: true });
  });
});

test('a run that begins paused starts when it is resumed', async () => {
  const result = await withRun(script, { workers: 1, options: { paused: true } }, async (api, run) => {
    await until(() => run.status.paused);
    const { body } = await get<Status>(api, '/v1/status');
    assert.deepEqual([body.data.attributes['status'], body.data.attributes['running']], [4, false]);
    await patch(api, { vus: 3 });
    await patch(api, { paused: false });
    await until(() => valueOf(run, 'seen') === 3);
    await patch(api, { stopped: true });
  });
  assert.equal(result.exitCode, RunExitCode.stoppedByRest);
});

test('a run that is stopped while it is paused runs neither setup nor an iteration nor teardown', async () => {
  const source = `
    export const options = { vus: 1, duration: '1m', paused: true };
    export function setup() { console.log('setup'); }
    export function teardown() { console.log('teardown'); }
    export default function () { console.log('iteration'); }
  `;
  const said: string[] = [];
  const log: LoadRequest['log'] = (line) => {
    if (line.source === 'console') said.push(line.message);
  };
  const result = await withRun(source, { workers: 1, log }, async (api, run) => {
    await until(() => run.status.paused);
    await patch(api, { stopped: true });
  });
  assert.equal(result.exitCode, RunExitCode.stoppedByRest);
  assert.deepEqual(said, []);
});

test('setup data can be made anew or put in place before the start, and teardown run', async () => {
  const source = `
    export const options = { vus: 1, iterations: 1, paused: true };
    let calls = 0;
    export function setup() { return { calls: ++calls }; }
    export function teardown(data) { console.log('teardown ' + JSON.stringify(data)); }
    export default function (data) { console.log('iteration ' + JSON.stringify(data)); }
  `;
  const said: string[] = [];
  const log: LoadRequest['log'] = (line) => {
    if (line.source === 'console') said.push(line.message);
  };
  const setup = (api: RestApi, init: RequestInit): Promise<{ status: number; body: unknown }> => get(api, '/v1/setup', init);
  const dataIs = (data: unknown): object => ({
    status: 200,
    body: { data: { type: 'setupData', id: 'default', attributes: { data } } },
  });
  const result = await withRun(source, { workers: 1, log, options: { noSetup: true } }, async (api, run) => {
    await until(() => run.status.paused);
    assert.deepEqual(await setup(api, {}), dataIs(null));
    // Each time a new instance of the script runs it.
    assert.deepEqual(await setup(api, { method: 'POST' }), dataIs({ calls: 1 }));
    assert.deepEqual(await setup(api, { method: 'POST' }), dataIs({ calls: 1 }));
    const put = { data: { type: 'setupData', id: 'default', attributes: { data: { put: 1 } } } };
    assert.deepEqual(await setup(api, { method: 'PUT', body: JSON.stringify(put) }), dataIs({ put: 1 }));
    assert.deepEqual(await setup(api, { method: 'PUT', body: '{"bare":1}' }), dataIs({ bare: 1 }));
    assert.deepEqual(await setup(api, { method: 'PUT', body: '{"put":1}' }), dataIs({ put: 1 }));
    assert.equal((await get(api, '/v1/teardown', { method: 'POST' })).status, 200);
    await patch(api, { paused: false });
    await run.result;
    assert.equal((await setup(api, { method: 'POST' })).status, 400, 'the test is over');
  });
  assert.equal(result.exitCode, RunExitCode.ok);
  assert.deepEqual(said, ['teardown {"put":1}', 'iteration {"put":1}', 'teardown {"put":1}']);
});

test('a setup() that throws is an answer', async () => {
  const source = `
    export const options = { paused: true };
    export function setup() { throw new Error('not today'); }
    export default function () {}
  `;
  await withRun(source, { workers: 1, options: { noSetup: true } }, async (api, run) => {
    await until(() => run.status.paused);
    const { status, body } = await get(api, '/v1/setup', { method: 'POST' });
    assert.equal(status, 400);
    assert.match(JSON.stringify(body), /not today/);
    await patch(api, { stopped: true });
  });
});

test('a run of other executors says that it cannot be scaled or paused', async () => {
  await withRun(fixed, { workers: 1 }, async (api, run) => {
    await until(() => valueOf(run, 'iterations') > 0);
    assert.equal((await patch(api, { vus: 2 })).status, 400);
    assert.equal((await patch(api, { paused: true })).status, 400);
    await patch(api, { stopped: true });
  });
});

test('web pages cannot drive a run', async () => {
  await withRun(fixed, { workers: 1 }, async (api) => {
    const body = JSON.stringify({ data: { attributes: { stopped: true } } });
    assert.equal((await get(api, '/v1/status', { method: 'PATCH', body, headers: { origin: 'http://evil.example' } })).status, 403);
    // A name that a page's owner points to this machine.
    const status = await new Promise<number>((resolve, reject) => {
      request(`${api.url}/v1/status`, { headers: { host: 'evil.example:6565' } }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      })
        .on('error', reject)
        .end();
    });
    assert.equal(status, 403);
    assert.equal((await get<Status>(api, '/v1/status')).body.data.attributes['stopped'], false);
    await patch(api, { stopped: true });
  });
});

test('an address that is taken, or none, is PL_LOAD_REST with exit code 106', async () => {
  await withRun(fixed, { workers: 1 }, async (api, run) => {
    for (const address of [new URL(api.url).host, 'localhost', '127.0.0.1:99999'])
      await assert.rejects(openRest(run, address), { code: 'PL_LOAD_REST', exitCode: RunExitCode.restCannotStart });
    await patch(api, { stopped: true });
  });
});
