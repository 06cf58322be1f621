import { createServer } from 'node:net';
import { monotonicMs } from '../../src/base/index.ts';

/** Answers each request at once and remembers when it came; tells its parent the times, in milliseconds. */
const arrivals: number[] = [];
const answer = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n{"id":1}';
const server = createServer({ noDelay: true }, (socket) => {
  socket.on('data', () => {
    arrivals.push(monotonicMs());
    socket.write(answer);
  });
  socket.on('error', () => undefined);
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as { port: number }).port));
process.on('message', () => process.send?.(arrivals.splice(0)));
process.on('disconnect', () => process.exit());
