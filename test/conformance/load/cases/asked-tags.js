/* expect {
  "exitCode": 0,
  "metrics": {
    "http_reqs{ip:127.0.0.1}": { "count": 2 },
    "http_reqs{vu:1}": { "count": 0 },
    "http_reqs{tries:2}": { "count": 2 }
  }
} */
import http from 'k6/http';

export const options = {
  iterations: 2,
  systemTags: ['ip', 'vu', 'status'],
  thresholds: { 'http_reqs{ip:127.0.0.1}': ['count==2'], 'http_reqs{vu:1}': ['count==0'], 'http_reqs{tries:2}': ['count==2'] },
};

// An address can be asked for as a tag, the number of a VU is for outputs only; numbers are tags too.
export default function () {
  http.get(`${__ENV.BASE_URL}/`, { tags: { tries: 2 } });
}
