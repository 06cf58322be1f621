/* expect {
  "exitCode": 0,
  "metrics": {
    "http_reqs": { "count": 7 },
    "http_reqs{name:items}": { "count": 2 },
    "http_reqs{method:POST}": { "count": 2 },
    "http_reqs{kind:batched}": { "count": 1 }
  },
  "checks": { "::all there": [1, 0], "::by name": [1, 0] }
} */
import http from 'k6/http';
import { check } from 'k6';

const base = __ENV.BASE_URL;

export const options = {
  thresholds: {
    'http_reqs{name:items}': ['count==2'],
    'http_reqs{method:POST}': ['count==2'],
    'http_reqs{kind:batched}': ['count==1'],
  },
};

export default function () {
  const list = http.batch([`${base}/`, ['POST', `${base}/`, { a: 1 }, { tags: { kind: 'batched' } }]]);
  check(list, { 'all there': (answers) => answers.length === 2 && answers.every((r) => r.status === 200) });
  const named = http.batch({ first: { method: 'POST', url: `${base}/`, body: 'x' } });
  check(named, { 'by name': (answers) => answers.first.status === 200 });
  for (const id of [1, 2]) http.get(`${base}/items/${id}`, { tags: { name: 'items' } });
  for (const id of [1, 2]) http.get(http.url`${base}/item/${id}`);
}
