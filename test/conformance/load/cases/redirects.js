/* expect {
  "exitCode": 0,
  "metrics": {
    "http_reqs": { "count": 8 },
    "http_reqs{status:302}": { "count": 6 }
  },
  "checks": { "::followed": [1, 0], "::not followed": [1, 0], "::only so far": [1, 0] }
} */
import http from 'k6/http';
import { check } from 'k6';

const url = `${__ENV.BASE_URL}/redirect`;

export const options = { thresholds: { 'http_reqs{status:302}': ['count==6'] } };

// /redirect/N leads to /redirect/N-1, and /redirect/0 answers.
export default function () {
  check(http.get(`${url}/2`), { followed: (r) => r.status === 200 && r.url === `${url}/0` });
  check(http.get(`${url}/3`, { redirects: 0 }), { 'not followed': (r) => r.status === 302 && r.headers.Location === '/redirect/2' });
  check(http.get(`${url}/9`, { redirects: 2 }), { 'only so far': (r) => r.status === 302 && r.url === `${url}/7` });
  http.get(`${url}/0`);
}
