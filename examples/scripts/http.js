/**
 * What k6/http can do: methods, parameters, several requests at once, cookies, uploads, redirects, expected failures.
 *
 *     plimsoll run -e BASE_URL=http://localhost:8080 -i 10 http.js
 *
 * BASE_URL answers every path with 200, except /status/N with N; /cookie sets a cookie, /redirect leads elsewhere.
 */
import http from 'k6/http';
import { check, group } from 'k6';

const base = __ENV.BASE_URL || 'http://localhost:8080';
const json = { headers: { 'Content-Type': 'application/json' }, timeout: '5s' };

export const options = {
  userAgent: 'shop-test/1.0',
  maxRedirects: 4,
  batch: 10,
  thresholds: { checks: ['rate==1'], http_req_failed: ['rate==0'] },
};

export default function () {
  group('methods', () => {
    const answers = [
      http.get(`${base}/items?page=1`),
      http.post(`${base}/items`, JSON.stringify({ title: 'tea' }), json),
      http.put(`${base}/items/1`, JSON.stringify({ title: 'green tea' }), json),
      http.patch(`${base}/items/1`, JSON.stringify({ done: true }), json),
      http.del(`${base}/items/1`),
      http.head(`${base}/items`),
      http.options(`${base}/items`),
      http.request('GET', `${base}/items`, null, { tags: { name: 'items' } }),
    ];
    check(answers, { 'all were answered': (all) => all.every((answer) => answer.status === 200) });
  });

  group('at once', () => {
    const { home, order } = http.batch({
      home: `${base}/`,
      order: { method: 'POST', url: `${base}/orders`, body: { item: 'tea', quantity: '2' } },
    });
    check(home, { 'the page is there': (answer) => answer.status === 200 });
    check(order, { 'so is the order': (answer) => answer.status === 200 && answer.timings.duration > 0 });
  });

  group('cookies', () => {
    http.get(`${base}/cookie`);
    const jar = http.cookieJar();
    jar.set(base, 'language', 'en');
    const { session, language } = jar.cookiesForURL(base);
    check(session, { 'the server set one': (values) => values[0] === '1' });
    check(language, { 'so did the script': (values) => values[0] === 'en' });
  });

  group('special answers', () => {
    const moved = http.get(`${base}/redirect`);
    check(moved, { 'a redirect is followed': (answer) => answer.url === `${base}/there` });
    const missing = http.get(`${base}/status/404`, { responseCallback: http.expectedStatuses(404) });
    check(missing, { 'a failure may be expected': (answer) => answer.status === 404 && answer.error_code === 1404 });
    const upload = http.post(`${base}/files`, { note: 'a text', file: http.file('a,b\n1,2\n', 'table.csv', 'text/csv') });
    check(upload, { 'a file was sent': (answer) => answer.request.headers['Content-Type'][0].startsWith('multipart/form-data') });
  });
}
