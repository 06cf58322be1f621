/**
 * Every way to plan load, one scenario each.
 *
 *     plimsoll run -e BASE_URL=http://localhost:8080 executors.js
 *
 * The seventh, externally-controlled, follows `plimsoll scale`: see external.js.
 */
import http from 'k6/http';
import exec from 'k6/execution';
import { check, sleep } from 'k6';
import { Counter } from 'k6/metrics';

const base = __ENV.BASE_URL || 'http://localhost:8080';
const seconds = Number(__ENV.SECONDS || 10);
const duration = `${seconds}s`;
const visits = new Counter('visits');

export const options = {
  scenarios: {
    // So many iterations, whoever is free does the next.
    shared: { executor: 'shared-iterations', vus: 4, iterations: 40, maxDuration: '1m' },
    // So many iterations for each user.
    each: { executor: 'per-vu-iterations', vus: 4, iterations: 5, env: { PAUSE: '0.1' } },
    // So many users, as fast as they can.
    constant: { executor: 'constant-vus', vus: 2, duration },
    // Users who come and go.
    ramping: {
      executor: 'ramping-vus',
      startVUs: 0,
      stages: [
        { duration, target: 5 },
        { duration: `${seconds / 2}s`, target: 0 },
      ],
      gracefulRampDown: '1s',
    },
    // So many iterations a second, however long each takes.
    steady: { executor: 'constant-arrival-rate', rate: 20, timeUnit: '1s', duration, preAllocatedVUs: 5, maxVUs: 50 },
    // The same, more and more of them.
    rising: {
      executor: 'ramping-arrival-rate',
      startRate: 1,
      timeUnit: '1s',
      stages: [{ duration, target: 30 }],
      preAllocatedVUs: 5,
      maxVUs: 50,
      startTime: '500ms',
      tags: { kind: 'rising' },
      exec: 'order',
    },
  },
  thresholds: {
    'visits{scenario:shared}': ['count==40'],
    'visits{scenario:each}': ['count==20'],
    'http_req_failed{kind:rising}': ['rate<0.01'],
  },
};

export default function () {
  const page = http.get(base, { tags: { name: 'home' } });
  check(page, { 'the page is there': (answer) => answer.status === 200 });
  visits.add(1);
  sleep(Number(__ENV.PAUSE || 0.05));
}

export function order() {
  const { iterationInTest } = exec.scenario;
  http.post(`${base}/orders`, JSON.stringify({ number: iterationInTest }), { tags: { name: 'order' } });
}
