/* expect {
  "exitCode": 0,
  "metrics": { "http_reqs": { "count": 4 }, "iterations": { "count": 2 } },
  "checks": { "::it answers": [2, 0] }
} */
const http = require('k6/http');
const { check, sleep } = require('k6');

exports.options = { iterations: 2 };

exports.default = function () {
  ['/first', '/second'].forEach((path) => http.get(`${__ENV.BASE_URL}${path}`));
  sleep(0.01);
  check(1, { 'it answers': (one) => one === 1 });
};
