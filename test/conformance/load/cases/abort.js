/* expect {
  "exitCode": 108,
  "metrics": { "steps": { "count": 2 }, "done": { "count": 1 } }
} */
import exec from 'k6/execution';
import { Counter } from 'k6/metrics';

const steps = new Counter('steps');
const done = new Counter('done');

export const options = { iterations: 10 };

export default function () {
  steps.add(1);
  if (__ITER === 1) exec.test.abort('enough');
}

export function teardown() {
  done.add(1);
}
