/* expect {
  "exitCode": 99,
  "metrics": { "begun": { "count": 3 }, "finished": { "count": 1 }, "torn": { "count": 1 } },
  "checks": { "::is there": [0, 1] }
} */
import { check, sleep } from 'k6';
import { Counter } from 'k6/metrics';

const begun = new Counter('begun');
const finished = new Counter('finished');
const torn = new Counter('torn');

/** A threshold that may end the test does so for iterations that sleep or rest, and for scenarios that wait for their start. */
export const options = {
  minIterationDuration: '1h',
  scenarios: {
    sleeps: { executor: 'constant-vus', vus: 2, duration: '1h', exec: 'sleeps' },
    rests: { executor: 'per-vu-iterations', exec: 'rests' },
    waits: { executor: 'shared-iterations', startTime: '1h', exec: 'rests' },
  },
  thresholds: { checks: [{ threshold: 'rate>0.9', abortOnFail: true }] },
};

export function sleeps() {
  begun.add(1);
  sleep(3600);
  finished.add(1);
}

export function rests() {
  begun.add(1);
  check(1, { 'is there': () => false });
  finished.add(1);
}

export function teardown() {
  torn.add(1);
}
