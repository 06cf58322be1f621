/* expect {
  "exitCode": 0,
  "metrics": {
    "http_reqs": { "count": 2 },
    "http_reqs{status:200}": { "count": 2 },
    "http_reqs{method:GET}": { "count": 0 },
    "http_reqs{method:mine}": { "count": 1 }
  }
} */
import http from 'k6/http';

export const options = {
  systemTags: ['status', 'name'],
  thresholds: {
    'http_reqs{status:200}': ['count==2'],
    'http_reqs{method:GET}': ['count==0'],
    'http_reqs{method:mine}': ['count==1'],
  },
};

// A system tag that is left out is there only where the script sets it itself.
export default function () {
  http.get(`${__ENV.BASE_URL}/`);
  http.get(`${__ENV.BASE_URL}/`, { tags: { method: 'mine' } });
}
