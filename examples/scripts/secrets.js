/**
 * Secrets come from outside the script, and nothing prints them: not even console.log.
 *
 *     plimsoll run --secret-source=file=secrets.env secrets.js
 *     plimsoll run --secret-source=mock=token=abc123 secrets.js
 */
import http from 'k6/http';
import secrets from 'k6/secrets';
import { check } from 'k6';

export const options = { thresholds: { checks: ['rate==1'] } };

export default async function () {
  const token = await secrets.get('token');
  console.log(`the token is ${token}`);
  const answer = http.get(__ENV.BASE_URL || 'http://localhost:8080', { headers: { Authorization: `Bearer ${token}` } });
  check(answer, { 'the service knows us': (r) => r.status === 200 });
}
