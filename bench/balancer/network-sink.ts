/**
 * Reads from a server as fast as it comes: `network-sink.ts PORT CONNECTIONS SECONDS PATH tcp|tls`. Each connection asks for the
 * same large file again and again, all requests ahead. Prints the bytes of SECONDS after a second of warming up, and their time.
 */
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

const [port, connections, seconds] = process.argv.slice(2, 5).map(Number) as [number, number, number];
const request = `GET ${process.argv[5]} HTTP/1.1\r\nHost: origin\r\n\r\n`.repeat(2_000);
let bytes = 0;
const buffer = Buffer.allocUnsafeSlow(1024 * 1024);
const count = (received: number): boolean => {
  bytes += received;
  return true;
};

function open(): Socket {
  const address = { port, host: '127.0.0.1' };
  if (process.argv[6] !== 'tls') return connect({ ...address, onread: { buffer, callback: count } });
  return connectTls({ ...address, rejectUnauthorized: false }).on('data', (piece) => count(piece.length));
}

for (let i = 0; i < connections; i++) {
  const socket = open();
  socket.on('error', (error) => process.stderr.write(`${error.message}\n`));
  socket.write(request);
}
await new Promise((resolve) => setTimeout(resolve, 1_000));
process.stdout.write('begin\n');
const beginMs = performance.now();
bytes = 0;
await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
process.stdout.write(`${bytes} ${performance.now() - beginMs}\n`);
process.exit(0);
