/* expect {
  "exitCode": 0,
  "metrics": { "iterations": { "count": 4 }, "checks": { "passes": 2, "fails": 0 } }
} */
import { check, fail } from 'k6';

export const options = { iterations: 4 };

// What is thrown ends the iteration, which is counted, and says nothing of the test.
export default function () {
  if (__ITER === 0) throw new Error('on purpose');
  if (__ITER === 1) fail('on purpose');
  check(1, { here: true });
}
