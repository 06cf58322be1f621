import { createServer } from 'node:http';

/** A target in a process of its own, to be killed, stopped and started again: `node target.ts PORT`. Ends on SIGTERM as services should. */
const server = createServer((_request, response) => {
  response.setHeader('content-length', 5);
  response.end('hello');
});
server.keepAliveTimeout = 60_000;
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => {
  const address = server.address();
  process.send?.(typeof address === 'object' && address !== null ? address.port : 0);
});
process.on('SIGTERM', () => server.close(() => process.exit(0)));
process.on('disconnect', () => process.exit(0));
