// Two kinds of load at once: visitors who come and go, and orders at a steady rate however slow the service is.
//
//   plimsoll run -e BASE_URL=http://127.0.0.1:8080 examples/scripts/scenarios.js
import http from 'k6/http';
import exec from 'k6/execution';
import { check, sleep } from 'k6';
import { Counter, Trend } from 'k6/metrics';

const base = __ENV.BASE_URL || 'http://127.0.0.1:8080';
const orders = new Counter('orders');
const orderTime = new Trend('order_time', true);

export const options = {
  scenarios: {
    visitors: {
      executor: 'ramping-vus',
      exec: 'visit',
      startVUs: 1,
      stages: [
        { duration: '10s', target: 20 },
        { duration: '20s', target: 20 },
        { duration: '5s', target: 0 },
      ],
      gracefulRampDown: '5s',
      tags: { kind: 'visitor' },
    },
    orders: {
      executor: 'constant-arrival-rate',
      exec: 'order',
      startTime: '5s',
      rate: 10,
      timeUnit: '1s',
      duration: '25s',
      preAllocatedVUs: 5,
      maxVUs: 50,
    },
  },
  thresholds: {
    'http_req_duration{scenario:orders}': ['p(95)<500'],
    'http_req_failed{kind:visitor}': ['rate<0.01'],
    dropped_iterations: ['count<1'],
  },
};

export function visit() {
  const page = http.get(`${base}/`);
  check(page, { 'the page is there': (r) => r.status === 200 });
  sleep(Math.random() * 2);
}

export function order() {
  const answer = http.post(`${base}/orders`, JSON.stringify({ number: exec.scenario.iterationInTest }), {
    headers: { 'Content-Type': 'application/json' },
  });
  orders.add(1);
  orderTime.add(answer.timings.duration);
}
