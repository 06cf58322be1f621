/**
 * One run, its results in several forms at once: raw samples, a page to send on, a file for the CI system.
 *
 *     plimsoll run --out json=samples.json --out html=report.html --out junit=junit.xml --out web-dashboard \
 *       -e BASE_URL=http://localhost:8080 -u 10 -d 30s outputs.js
 *
 * While it runs, http://localhost:5665 shows it live.
 */
import http from 'k6/http';
import { check, group } from 'k6';
import { Trend } from 'k6/metrics';

const base = __ENV.BASE_URL || 'http://localhost:8080';
const pageBytes = new Trend('page_bytes');

export const options = {
  // Tags show up in every output, so that runs and parts of runs can be told apart.
  tags: { release: __ENV.RELEASE || 'local' },
  thresholds: { http_req_failed: ['rate<0.01'], 'http_req_duration{page:home}': ['p(95)<500'] },
};

export default function () {
  group('visit', () => {
    const home = http.get(`${base}/`, { tags: { page: 'home' } });
    check(home, { 'the home page is there': (answer) => answer.status === 200 });
    pageBytes.add(home.body.length, { page: 'home' });
  });
}
