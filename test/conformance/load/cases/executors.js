/* expect {
  "exitCode": 0,
  "k6MayStartOneMore": true,
  "metrics": {
    "iterations": { "count": 33 },
    "iterations{scenario:shared}": { "count": 7 },
    "iterations{scenario:each}": { "count": 6 },
    "iterations{scenario:steady}": { "count": 20 },
    "runs{kind:tagged}": { "count": 6 }
  }
} */
import exec from 'k6/execution';
import { Counter } from 'k6/metrics';

const runs = new Counter('runs');

export const options = {
  scenarios: {
    shared: { executor: 'shared-iterations', vus: 3, iterations: 7 },
    each: { executor: 'per-vu-iterations', vus: 2, iterations: 3, tags: { kind: 'tagged' }, env: { WHO: 'each' }, exec: 'each' },
    steady: { executor: 'constant-arrival-rate', rate: 20, duration: '1s', preAllocatedVUs: 3 },
  },
  thresholds: {
    'iterations{scenario:shared}': ['count==7'],
    'iterations{scenario:each}': ['count==6'],
    'iterations{scenario:steady}': ['count>=20'],
    'runs{kind:tagged}': ['count==6'],
  },
};

export default function () {
  if (__ENV.WHO !== undefined) throw new Error('the variables of one scenario are not those of another');
}

export function each() {
  if (__ENV.WHO !== 'each' || exec.scenario.name !== 'each') throw new Error('a scenario has variables of its own');
  runs.add(1);
}
