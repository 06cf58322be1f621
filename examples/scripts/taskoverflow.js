// The load of the demo: people who look at their todo list, and now and then change it.
//
//   plimsoll run -e BASE_URL=http://127.0.0.1:6400 examples/scripts/taskoverflow.js
//
// It is a k6 script: `k6 run` takes it as well.
import http from 'k6/http';
import { check, fail, group, sleep } from 'k6';

const todos = `${__ENV.BASE_URL || 'http://127.0.0.1:6400'}/api/v1/todos`;
const json = { headers: { 'Content-Type': 'application/json' } };

export const options = {
  stages: [
    { duration: '30s', target: 50 },
    { duration: '1m', target: 50 },
    { duration: '15s', target: 0 },
  ],
  thresholds: {
    http_req_duration: ['p(95)<500'],
    http_req_failed: ['rate<0.01'],
  },
};

// TODOS=200 makes sure that the list is at least that long: a longer one costs the service more per visit.
export function setup() {
  const have = http.get(todos).json().length;
  for (let n = have; n < Number(__ENV.TODOS || 0); n++) {
    const todo = { title: `Read chapter ${n + 1}`, description: 'and answer the questions at its end' };
    if (http.post(todos, JSON.stringify(todo), json).status !== 201) fail(`setup cannot add todo ${n + 1}`);
  }
}

export default function () {
  const list = http.get(todos);
  check(list, {
    'list answers 200': (r) => r.status === 200,
    'list is a JSON array': (r) => r.status === 200 && r.body.startsWith('['),
  });

  // One visit in ten adds a todo, reads it and takes it away again, so the table does not grow.
  if ((__VU + __ITER) % 10 === 0) {
    group('write', () => {
      const created = http.post(todos, JSON.stringify({ title: `load ${__VU}-${__ITER}` }), json);
      if (!check(created, { 'create answers 201': (r) => r.status === 201 })) return;

      const one = { ...json, tags: { name: `${todos}/{id}` } };
      const url = `${todos}/${created.json('id')}`;
      check(http.get(url, one), { 'read answers 200': (r) => r.status === 200 });
      check(http.del(url, null, one), { 'delete answers 200': (r) => r.status === 200 });
    });
  }
  sleep(1);
}
