/**
 * A chat: each user keeps two WebSocket connections, one with the blocking API (k6/ws), one with the browser's.
 *
 *     plimsoll run -e WS_URL=ws://localhost:8080/echo -u 10 -d 30s websockets.js
 */
import { check } from 'k6';
import ws from 'k6/ws';
import { WebSocket } from 'k6/websockets';

const url = __ENV.WS_URL || 'ws://localhost:8080/echo';

export const options = {
  thresholds: { checks: ['rate==1'], ws_connecting: ['p(95)<1000'] },
};

export default function () {
  const answer = ws.connect(url, (socket) => {
    socket.on('open', () => socket.send('hello'));
    socket.on('message', (text) => {
      check(text, { 'the blocking socket got its echo': (t) => t === 'hello' });
      socket.close();
    });
  });
  check(answer, { 'the handshake switched protocols': (a) => a.status === 101 });

  const socket = new WebSocket(url);
  socket.addEventListener('open', () => socket.send(`I am user ${__VU}`));
  socket.addEventListener('message', (event) => {
    check(event.data, { "the browser's socket got its echo": (text) => text === `I am user ${__VU}` });
    socket.close();
  });
}
