/* expect {
  "exitCode": 0,
  "k6MayStartOneMore": true,
  "metrics": { "dropped_iterations": { "count": 9 } }
} */
import { sleep } from 'k6';

export const options = {
  scenarios: {
    busy: { executor: 'constant-arrival-rate', rate: 10, duration: '1s', preAllocatedVUs: 1, maxVUs: 1, gracefulStop: '0s' },
  },
};

// The only VU is busy with its first iteration.
export default function () {
  sleep(5);
}
