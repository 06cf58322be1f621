// The load of the demo: people who look at their todo list, and now and then change it.
//
//   plimsoll run -e BASE_URL=http://127.0.0.1:6400 examples/scripts/taskoverflow.js
//
// It is a k6 script: `k6 run` takes it as well.
import http from 'k6/http';
import { check, group, sleep } from 'k6';

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

export default function () {
  const list = http.get(todos);
  check(list, {
    'list answers 200': (r) => r.status === 200,
    'list is an array': (r) => r.status === 200 && Array.isArray(r.json()),
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
