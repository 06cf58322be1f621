/**
 * Answers of a language model (or any other feed) as server-sent events: how long until the first piece is there, how
 * long between the pieces, and that the answer ends as it should.
 *
 *     plimsoll run -e BASE_URL=http://localhost:8080 -u 10 -d 30s sse.js
 *
 * BASE_URL/events answers with the events "token" and, at the end, "done".
 */
import { check } from 'k6';
import sse from 'k6/x/sse';

const url = `${__ENV.BASE_URL || 'http://localhost:8080'}/events`;

export const options = {
  thresholds: {
    checks: ['rate==1'],
    sse_time_to_first_event: ['p(95)<1000'],
    sse_event_interval: ['p(95)<500'],
  },
};

export default function () {
  let text = '';
  const params = {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ prompt: 'What carries a ship?', stream: true }),
    timeout: '20s', // for the answer to begin, and then for each silence in it
    tags: { kind: 'chat' },
  };
  const answer = sse.open(url, params, (client) => {
    client.on('event', (event) => {
      if (event.name === 'done') client.close();
      else text += event.data;
    });
    client.on('error', (error) => console.error(`the stream broke: ${error.error()}`));
  });
  check(answer, { 'the stream was there': (a) => a.status === 200 && a.error === '' });
  check(text, { 'all of the answer came': (t) => t === 'water, mostly' });
}
