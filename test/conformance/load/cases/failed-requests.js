/* expect {
  "exitCode": 0,
  "metrics": {
    "http_reqs": { "count": 6 },
    "http_req_failed": { "rate": 0.4, "passes": 2, "fails": 3 },
    "http_reqs{status:404}": { "count": 3 },
    "http_reqs{status:0}": { "count": 1 },
    "http_reqs{error_code:1404}": { "count": 3 },
    "http_reqs{error_code:1212}": { "count": 1 },
    "http_reqs{expected_response:false}": { "count": 2 },
    "iterations": { "count": 1 }
  },
  "checks": { "::refused": [1, 0], "::wrapped": [1, 0] }
} */
import http from 'k6/http';
import { check } from 'k6';

const base = __ENV.BASE_URL;
const seen = (tags) => ({ [`http_reqs{${tags}}`]: ['count>=0'] });

export const options = {
  thresholds: {
    ...seen('status:404'),
    ...seen('status:0'),
    ...seen('error_code:1404'),
    ...seen('error_code:1212'),
    ...seen('expected_response:false'),
  },
};

export default function () {
  http.get(`${base}/`);
  http.get(`${base}/status/404`);
  // The caller decides what a failure is; without a callback nothing is counted as either.
  http.get(`${base}/status/404`, { responseCallback: http.expectedStatuses(404, { min: 500, max: 599 }) });
  http.get(`${base}/status/503`, { responseCallback: http.expectedStatuses({ min: 500, max: 599 }) });
  http.get(`${base}/status/404`, { responseCallback: null });
  const refused = http.get('http://127.0.0.1:1/');
  check(refused, {
    refused: (r) => r.status === 0 && r.error_code === 1212 && r.error.includes('connection refused'),
    wrapped: (r) => r.body === null && r.timings.duration >= 0 && r.url === 'http://127.0.0.1:1/',
  });
}
