/* expect {
  "exitCode": 0,
  "metrics": { "iterations": { "count": 2 }, "http_reqs": { "count": 6 } },
  "checks": {
    "::promises before timers, none while the VU blocks": [2, 0],
    "::a stream gives what its source enqueues": [2, 0],
    "::pull may make requests": [2, 0],
    "::cancel tells the source": [2, 0],
    "::an error of the source is one of the reader": [2, 0],
    "::a reader locks the stream": [2, 0]
  }
} */
import { check, sleep } from 'k6';
import { CountQueuingStrategy, ReadableStream, ReadableStreamDefaultReader } from 'k6/experimental/streams';
import http from 'k6/http';
import { setTimeout } from 'k6/timers';

export const options = { iterations: 2, thresholds: { checks: ['rate==1'] } };

async function readAll(reader) {
  const values = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return values;
    values.push(value);
  }
}

async function order() {
  const log = [];
  setTimeout(() => {
    log.push('timer');
    return Promise.resolve().then(() => log.push('its promise'));
  }, 0);
  setTimeout(() => log.push('next timer'), 1);
  let promise = Promise.resolve();
  for (const i of [0, 1, 2]) promise = promise.then(() => log.push(i));
  sleep(0.02);
  log.push('slept');
  await Promise.resolve();
  log.push('awaited');
  await new Promise((resolve) => setTimeout(resolve, 5));
  return log.join();
}

export default async function () {
  check(await order(), {
    'promises before timers, none while the VU blocks': (log) => log === 'slept,0,awaited,1,2,timer,its promise,next timer',
  });

  let count = 0;
  const timed = new ReadableStream({
    start(controller) {
      const tick = () => {
        if (count === 3) controller.close();
        else {
          controller.enqueue(++count);
          setTimeout(tick, 1);
        }
      };
      setTimeout(tick, 1);
    },
  });
  check(await readAll(timed.getReader()), { 'a stream gives what its source enqueues': (values) => values.join() === '1,2,3' });

  let pages = 0;
  const pulled = new ReadableStream({
    pull(controller) {
      controller.enqueue(http.get(`${__ENV.BASE_URL}/page`).status);
      if (++pages === 3) controller.close();
    },
  });
  check(await readAll(new ReadableStreamDefaultReader(pulled)), { 'pull may make requests': (values) => values.join() === '200,200,200' });

  let why = '';
  const endless = new ReadableStream(
    {
      pull: (controller) => controller.enqueue('x'),
      cancel: (reason) => {
        why = reason;
      },
    },
    new CountQueuingStrategy({ highWaterMark: 4 }),
  );
  const reader = endless.getReader();
  await reader.read();
  const wasLocked = endless.locked;
  await reader.cancel('enough');
  reader.releaseLock();
  check(why, { 'cancel tells the source': (reason) => reason === 'enough' });
  check(null, { 'a reader locks the stream': () => wasLocked && !endless.locked });

  let error;
  try {
    await new ReadableStream({ start: (controller) => controller.error(new Error('broken')) }).getReader().read();
  } catch (caught) {
    error = caught;
  }
  check(error, { 'an error of the source is one of the reader': (e) => e.message === 'broken' });
}
