/* expect {
  "exitCode": 0,
  "metrics": {
    "http_reqs": { "count": 6 },
    "http_req_failed": { "rate": 0.83333, "passes": 5, "fails": 1 },
    "iterations": { "count": 1 }
  },
  "checks": {
    "::makes no sense": [9, 0],
    "::is tried and fails": [5, 0],
    "::a batch with one of them": [1, 0],
    "::is sent all the same": [1, 0]
  }
} */
import http from 'k6/http';
import { check } from 'k6';

const base = __ENV.BASE_URL;
const before = { 'makes no sense': (r) => r.status === 0 && r.error !== '' && r.body.length === 0 && r.url === '' };

// What makes no sense is a warning and a response without a status: nothing is counted, and the iteration goes on.
export default function () {
  for (const params of [
    { timeout: 'soon' },
    { timeout: undefined },
    { responseType: 'json' },
    { compression: 'lzw' },
    { responseCallback: () => true },
    { tags: { a: {} } },
  ])
    check(http.get(base, params), before);
  check(http.post(base, 5), before);
  check(http.get(undefined), before);
  check(http.get('http://a b/'), { 'makes no sense': (r) => r.status === 0 && r.error_code === 1020 });
  check(http.batch([base, ['GET', base, null, { timeout: 'soon' }], base]), {
    'a batch with one of them': ([first, wrong, last]) => first.status === 0 && wrong.error.includes('timeout') && last === null,
  });
  // What could be sent but for its method, a header, its port: counted as failed.
  const tried = [
    [http.request('G ET', base), 1000],
    [http.get(base, { headers: { 'a b': 'c' } }), 1000],
    [http.get(base, { headers: { a: 'b\nc' } }), 1000],
    [http.get('http://127.0.0.1:99999/'), 1210],
    [http.get(base, { timeout: 0 }), 1050],
  ];
  for (const [r, code] of tried) check(r, { 'is tried and fails': () => r.status === 0 && r.error_code === code && r.body === null });
  check(http.get(base, 'no params'), { 'is sent all the same': (r) => r.status === 200 });
}
