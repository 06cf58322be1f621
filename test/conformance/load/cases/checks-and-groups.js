/* expect {
  "exitCode": 99,
  "metrics": {
    "checks": { "rate": 0.75, "passes": 6, "fails": 2 },
    "group_duration": { "count": 4 },
    "iterations": { "count": 2 }
  },
  "checks": { "::there": [2, 0], "::outer::in outer": [2, 0], "::outer::inner::right": [2, 0], "::outer::inner::wrong": [0, 2] }
} */
import { check, group } from 'k6';

export const options = { iterations: 2, summaryTrendStats: ['count'], thresholds: { checks: ['rate>0.9'] } };

export default function () {
  check(1, { there: (value) => value === 1 });
  group('outer', () => {
    check(1, { 'in outer': true });
    group('inner', () => {
      const all = check('text', { right: (text) => text.length === 4, wrong: (text) => text === '' });
      if (all) throw new Error('check() is true only when all of its conditions are');
    });
  });
}
