import http from 'k6/http';
import { check, sleep } from 'k6';

export default function () {
  const answer = http.get(__ENV.BASE_URL);
  check(answer, { 'status is 200': (r) => r.status === 200 });
  sleep(1);
}
