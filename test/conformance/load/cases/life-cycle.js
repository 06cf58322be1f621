/* expect {
  "exitCode": 0,
  "metrics": {
    "http_reqs": { "count": 4 },
    "http_reqs{group:::setup}": { "count": 1 },
    "http_reqs{group:::teardown}": { "count": 1 },
    "iterations": { "count": 2 }
  },
  "checks": { "::its own copy": [2, 0], "::teardown::what setup made": [1, 0] }
} */
import http from 'k6/http';
import { check } from 'k6';

const base = __ENV.BASE_URL;

export const options = {
  scenarios: { one: { executor: 'per-vu-iterations', vus: 2, iterations: 1 } },
  thresholds: { 'http_reqs{group:::setup}': ['count==1'], 'http_reqs{group:::teardown}': ['count==1'] },
};

export function setup() {
  return { token: http.get(`${base}/`).status, list: [1, 2] };
}

export default function (data) {
  check(data, { 'its own copy': ({ token, list }) => token === 200 && list.length === 2 });
  data.list.push(3);
  http.get(`${base}/`);
}

export function teardown(data) {
  check(data, { 'what setup made': ({ list }) => list.length === 2 });
  http.get(`${base}/`);
}
