/* expect {
  "exitCode": 0,
  "metrics": { "http_reqs": { "count": 6 }, "iterations": { "count": 2 } },
  "checks": { "::a fresh jar": [2, 0], "::kept": [2, 0], "::of the request": [2, 0] }
} */
import http from 'k6/http';
import { check } from 'k6';

const base = __ENV.BASE_URL;

export const options = { iterations: 2 };

export default function () {
  check(http.get(`${base}/cookies`), { 'a fresh jar': (r) => r.body === '' });
  http.get(`${base}/set-cookie`);
  const answer = http.get(`${base}/cookies`, { cookies: { own: 'yes' } });
  check(answer, { kept: (r) => r.body.includes('visit=1'), 'of the request': (r) => r.body.includes('own=yes') });
}
