// A visitor with a think time of 5 to 15 seconds between requests.
import http from 'k6/http';
import { check, sleep } from 'k6';

export default function () {
  const answer = http.get(__ENV.BASE_URL);
  check(answer, { 'status is 200': (r) => r.status === 200 });
  sleep(5 + Math.random() * 10);
}
