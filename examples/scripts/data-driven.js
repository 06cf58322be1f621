/**
 * Test data: a CSV file that all users of a process share, a JSON file, and the streaming reader for tables that are large.
 *
 *     plimsoll run -u 3 -i 9 data-driven.js
 */
import exec from 'k6/execution';
import { check } from 'k6';
import { SharedArray } from 'k6/data';
import { open as openFile } from 'k6/experimental/fs';
import csv from 'k6/experimental/csv';
import papaparse from 'https://jslib.k6.io/papaparse/5.1.1/index.js';
import greetings from './data/greeting.json';

// Read and parsed once, however many users there are.
const users = new SharedArray('users', () => papaparse.parse(open('./data/users.csv'), { header: true, skipEmptyLines: true }).data);
// Rows of a file that is too large for that, one after the other; each user has a place in it of their own.
const rows = new csv.Parser(await openFile('data/users.csv'), { skipFirstLine: true });

export const options = { thresholds: { checks: ['rate==1'] } };

export default async function () {
  // Each iteration its own user, over all load processes.
  const { user, password } = users[exec.scenario.iterationInTest % users.length];
  check(password, { [`${user} has a password`]: (text) => text.length > 4 });
  check(greetings, { 'JSON is imported': ({ en }) => en === 'hello' });

  const row = await rows.next();
  check(row, { 'a row of the table, until it ends': ({ done, value }) => done || value.length === 2 });
}
