/**
 * Answers read while they come (responseType: 'stream'), and streams of one's own (k6/experimental/streams).
 *
 *     plimsoll run -e BASE_URL=http://localhost:8080 -i 10 streams.js
 *
 * BASE_URL/lines answers with one JSON object on each line.
 */
import http from 'k6/http';
import { check } from 'k6';
import { ReadableStream } from 'k6/experimental/streams';
import { Trend } from 'k6/metrics';

const url = `${__ENV.BASE_URL || 'http://localhost:8080'}/lines`;
const firstLine = new Trend('first_line', true);

export const options = {
  thresholds: { checks: ['rate==1'], first_line: ['p(95)<1000'] },
};

export default async function () {
  // Line by line: nothing but the current line is kept, however long the answer is.
  const begin = Date.now();
  const answer = http.get(url, { responseType: 'stream' });
  let lines = 0;
  for await (const line of answer.body.lines()) {
    if (lines++ === 0) firstLine.add(Date.now() - begin);
    check(JSON.parse(line), { 'a line is an object': (object) => object.n === lines });
  }
  check(answer, { 'there were lines': (a) => a.status === 200 && lines > 0 });

  // The beginning is enough: leaving the loop ends the answer.
  for await (const chunk of http.get(url, { responseType: 'stream' }).body) {
    check(chunk, { 'bytes came': (bytes) => bytes.length > 0 });
    break;
  }

  // A stream of the script's own, which asks for the next page when the reader is ready for it.
  let page = 0;
  const pages = new ReadableStream({
    pull(controller) {
      controller.enqueue(http.get(`${url}?page=${++page}`).status);
      if (page === 3) controller.close();
    },
  });
  const statuses = [];
  for await (const status of pages) statuses.push(status);
  check(statuses, { 'all pages came': (all) => all.join() === '200,200,200' });
}
