/* expect {
  "exitCode": 0,
  "metrics": { "http_reqs": { "count": 8 } },
  "checks": { "::same host": [1, 0], "::other host": [1, 0], "::body and its type": [2, 0] }
} */
import http from 'k6/http';
import { check } from 'k6';

const base = __ENV.BASE_URL;
const elsewhere = base.replace('127.0.0.1', 'localhost');
const echo = (path, method = 'GET', body = null) =>
  http.request(method, `${base}${path}`, body, {
    headers: { Authorization: 'Bearer secret', Cookie: 'mine=1', 'X-Own': 'kept', 'Content-Type': 'text/own' },
    cookies: { asked: 'yes' },
  });

// Credentials and the script's own Cookie field are for the first host only; a cookie that was asked for goes along everywhere.
export default function () {
  check(echo(`/to/302/${encodeURIComponent('/fields')}`).json(), {
    'same host': (f) =>
      f.authorization === 'Bearer secret' && f.cookie === 'asked=yes' && f['x-own'] === 'kept' && f.referer.includes('/to/302/'),
  });
  check(echo(`/to/302/${encodeURIComponent(`${elsewhere}/fields`)}`).json(), {
    'other host': (f) => f.authorization === undefined && f.cookie === 'asked=yes' && f['x-own'] === 'kept',
  });
  check(echo(`/to/303/${encodeURIComponent('/fields')}`, 'POST', 'text').json(), {
    'body and its type': (f) => f.method === 'GET' && f['content-type'] === undefined && f.body === '',
  });
  check(echo(`/to/307/${encodeURIComponent('/fields')}`, 'PUT', 'text').json(), {
    'body and its type': (f) => f.method === 'PUT' && f['content-type'] === 'text/own' && f.body === 'text',
  });
}
