import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { scriptRunner } from '../testkit.ts';

const run = scriptRunner();
let server: Server;
let env: Record<string, string>;

before(async () => {
  server = createServer((_, response) => response.end('there'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  env = { URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
});

after(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function logOf(body: string): Promise<string[]> {
  const { lines } = await run(
    `import { ReadableStream, CountQueuingStrategy, ReadableStreamDefaultReader } from 'k6/experimental/streams';
    import http from 'k6/http';
    import { sleep } from 'k6';
    export default async function () { ${body} }`,
    { env },
  );
  return lines.map(({ message }) => message);
}

test('streams of a script, as in k6: timers feed them, pull and its requests, cancel, errors', async () => {
  const log = await logOf(`
    let count = 0;
    const timed = new ReadableStream({ start(controller) {
      const tick = () => { if (count < 3) { controller.enqueue(++count); setTimeout(tick, 5); } else controller.close(); };
      setTimeout(tick, 5);
    } }).getReader();
    for (;;) { const { done, value } = await timed.read(); if (done) break; console.log('received', value); }
    const endless = new ReadableStream({ pull(c) { c.enqueue('x'); }, cancel(why) { console.log('cancelled', why); } }, new CountQueuingStrategy({ highWaterMark: 3 }));
    const reader = new ReadableStreamDefaultReader(endless);
    console.log(endless.locked, (await reader.read()).value);
    await reader.cancel('enough');
    reader.releaseLock();
    console.log(endless.locked);
    let pages = 0;
    const asked = new ReadableStream({ pull(c) { c.enqueue(http.get(__ENV.URL).status); if (++pages === 2) c.close(); } });
    const statuses = [];
    for await (const status of asked) statuses.push(status);
    console.log(statuses.join());
    for (const make of [() => new ReadableStream({ type: 'bytes' }), () => new ReadableStream({}, { highWaterMark: -1 }), () => new ReadableStream(null), () => { asked.getReader(); asked.getReader(); }])
      try { make(); } catch (error) { console.log(error.name); }
    const broken = new ReadableStream({ start(c) { c.error(new Error('broken')); } });
    try { await broken.getReader().read(); } catch (error) { console.log(error.message); }
    const failing = new ReadableStream({ pull() { throw new Error('no more'); } });
    try { await failing.getReader().read(); } catch (error) { console.log(error.message); }`);
  assert.deepEqual(log, [
    'received 1', 'received 2', 'received 3', 'true x', 'cancelled enough', 'false', '200,200',
    'TypeError', 'RangeError', 'TypeError', 'TypeError', 'broken', 'no more',
  ]); // prettier-ignore
});

test('jobs of promises and streams come before timers that are due, as in k6', async () => {
  const log = await logOf(`
    const log = [];
    setTimeout(() => { log.push('t0'); Promise.resolve().then(() => log.push('t0m')); }, 0);
    setTimeout(() => log.push('t1'), 1);
    let promise = Promise.resolve();
    for (let i = 0; i < 4; i++) promise = promise.then(() => log.push(i));
    const stream = new ReadableStream({
      start(c) { log.push('start'); c.enqueue(1); return Promise.resolve().then(() => log.push('started')); },
    });
    stream.getReader().read().then(({ value }) => log.push('read ' + value));
    sleep(0.02);
    log.push('slept');
    await null;
    log.push('awaited');
    await new Promise((resolve) => setTimeout(resolve, 5));
    console.log(log.join());`);
  // What k6 1.8.1 prints for the same script.
  assert.deepEqual(log, ['start,slept,0,started,read 1,awaited,1,2,3,t0,t0m,t1']);
});

test('start() that blocks is refused with its line', async () => {
  const log = await logOf(`new ReadableStream({ start(c) { c.enqueue(http.get(__ENV.URL).status); } });`);
  assert.match(log[0] ?? '', /a blocking call in start\(\) of a ReadableStream \(.*script-\d+\.js:4/);
});
