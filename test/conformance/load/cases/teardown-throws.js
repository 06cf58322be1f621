/* expect {
  "exitCode": 107,
  "metrics": { "iterations": { "count": 3 }, "checks": { "passes": 3, "fails": 0 } },
  "checks": { "::it is told all the same": [3, 0] }
} */
import { check } from 'k6';

export const options = { iterations: 3 };

export default function () {
  check(1, { 'it is told all the same': (one) => one === 1 });
}

export function teardown() {
  throw new Error('too late');
}
