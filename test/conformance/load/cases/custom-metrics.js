/* expect {
  "exitCode": 0,
  "metrics": {
    "rows": { "count": 30 },
    "rows{kind:even}": { "count": 10 },
    "level": { "value": 4, "min": 0, "max": 4 },
    "lucky": { "rate": 0.4, "passes": 2, "fails": 3 },
    "sizes": { "avg": 20, "min": 0, "med": 20, "max": 40, "p(90)": 36, "count": 5 }
  }
} */
import { Counter, Gauge, Rate, Trend } from 'k6/metrics';

const rows = new Counter('rows');
const level = new Gauge('level');
const lucky = new Rate('lucky');
const sizes = new Trend('sizes');

export const options = {
  iterations: 5,
  summaryTrendStats: ['avg', 'min', 'med', 'max', 'p(90)', 'count'],
  thresholds: {
    'rows{kind:even}': ['count==10'],
    level: ['value<=4'],
    lucky: ['rate>0.3', 'rate<0.5'],
    sizes: ['p(50)<20.2', 'med>19.8', 'avg>19.9', { threshold: 'max<50', abortOnFail: true }],
  },
};

export default function () {
  rows.add(2 + __ITER * 2, { kind: __ITER === 4 ? 'even' : 'odd' });
  level.add(__ITER);
  lucky.add(__ITER < 2);
  sizes.add(__ITER * 10);
}
