/* expect {
  "exitCode": 0,
  "checks": { "::stages are a scenario": [1, 0], "::nobody set it": [1, 0], "::as it was set": [1, 0] }
} */
import exec from 'k6/execution';
import { check } from 'k6';

export const options = { vus: 1, iterations: 1, tags: { release: 'r1' }, setupTimeout: '5s' };

export default function () {
  check(exec.test.options, {
    'stages are a scenario': ({ scenarios }) => scenarios.default.executor === 'shared-iterations' && scenarios.default.iterations === 1,
    'nobody set it': ({ rps, hosts, scenarios }) => rps === null && hosts === null && scenarios.default.maxDuration === null,
    'as it was set': ({ tags, setupTimeout }) => tags.release === 'r1' && setupTimeout === '5s',
  });
}
