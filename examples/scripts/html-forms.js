/**
 * A visitor of a web shop who reads the page, follows a link and fills in a form.
 *
 *     plimsoll run -e BASE_URL=http://localhost:8080 -u 5 -d 30s html-forms.js
 */
import http from 'k6/http';
import { check, sleep } from 'k6';

const base = __ENV.BASE_URL || 'http://localhost:8080';

export const options = { thresholds: { checks: ['rate==1'] } };

export default function () {
  const home = http.get(`${base}/`);
  const page = home.html();
  check(page, {
    'the page has a title': (p) => p.find('title').text() !== '',
    'and links': (p) => p.find('a[href]').size() > 0,
  });
  sleep(0.1);

  check(home.clickLink({ selector: 'a[href^="/"]' }), { 'the link leads somewhere': (answer) => answer.status === 200 });

  const sent = home.submitForm({ formSelector: 'form[method=post]', fields: { user: `visitor ${__VU}` } });
  check(sent, { 'the form was accepted': (answer) => answer.status === 200 });
}
