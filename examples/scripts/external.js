/**
 * Users whose number somebody else decides while the test runs.
 *
 *     plimsoll run --address localhost:6565 -e BASE_URL=http://localhost:8080 external.js
 *     plimsoll scale --vus 20
 *     plimsoll pause
 */
import http from 'k6/http';
import { sleep } from 'k6';

export const options = {
  scenarios: { outside: { executor: 'externally-controlled', vus: 1, maxVUs: 50, duration: __ENV.DURATION || '10m' } },
};

export default function () {
  http.get(__ENV.BASE_URL || 'http://localhost:8080');
  sleep(0.1);
}
