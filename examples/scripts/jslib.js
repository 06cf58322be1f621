/**
 * The libraries of jslib.k6.io that most scripts use come with Plimsoll: these imports need no network.
 *
 *     plimsoll run -i 10 jslib.js
 */
import { check } from 'k6';
import { SharedArray } from 'k6/data';
import { hmac } from 'k6/crypto';
import { b64encode } from 'k6/encoding';
import { randomItem, uuidv4 } from 'https://jslib.k6.io/k6-utils/1.4.0/index.js';
import { textSummary } from 'https://jslib.k6.io/k6-summary/0.1.0/index.js';
import papaparse from 'https://jslib.k6.io/papaparse/5.1.1/index.js';

const table = 'user,password\nann,secret\nbob,hunter2\n';
const users = new SharedArray('users', () => papaparse.parse(table, { header: true, skipEmptyLines: true }).data);

export default function () {
  const { user, password } = randomItem(users);
  const request = { id: uuidv4(), authorization: `Basic ${b64encode(`${user}:${password}`)}` };
  check(request, {
    'every request has an id of its own': (r) => r.id.length === 36,
    'and a signature': (r) => hmac('sha256', 'key', r.id, 'hex').length === 64,
  });
}

export function handleSummary(data) {
  return { stdout: textSummary(data, { indent: ' ', enableColors: false }) };
}
