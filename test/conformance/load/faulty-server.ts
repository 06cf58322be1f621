import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { systemClock } from '../../../src/base/index.ts';

/** A server that does with each path what no client would wish for, by the bytes; all else is well. */

const ok = 'HTTP/1.1 200 OK\r\n';
const big = Buffer.alloc(10_000_000, 'x');

const answers: Record<string, (socket: Socket) => void> = {
  '/ok': (socket) => socket.write(`${ok}Content-Length: 2\r\n\r\nok`),
  '/close': (socket) => socket.end(`${ok}Content-Length: 2\r\nConnection: close\r\n\r\nok`),
  '/close-unsaid': (socket) => socket.end(`${ok}Content-Length: 2\r\n\r\nok`),
  '/http-1.0': (socket) => socket.end('HTTP/1.0 200 OK\r\n\r\nold'),
  '/http-1.0-kept': (socket) => socket.write('HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nold'),
  '/until-close': (socket) => socket.end(`${ok}\r\nall`),
  '/drip': (socket) => void drip(socket, `${ok}Content-Length: 4\r\n\r\nslow`),
  '/interim': (socket) => socket.write(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${ok}Content-Length: 2\r\n\r\nok`),
  '/chunked': (socket) => socket.write(`${ok}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n`),
  '/line-feeds': (socket) => socket.write('HTTP/1.1 200 OK\nContent-Length: 2\n\nok'),
  '/odd-fields': (socket) =>
    socket.write(`${ok}Odd Name: 1\r\nX-Folded: a\r\n  b\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`),
  '/big': (socket) => {
    socket.write(`${ok}Content-Length: ${big.length}\r\n\r\n`);
    socket.write(big);
  },
  '/more': (socket) => socket.write(`${ok}Content-Length: 2\r\n\r\nokand more than was asked for`),
  '/garbage': (socket) => socket.write('\u0000\u0001 this is not HTTP\r\n\r\n'),
  '/garbage-length': (socket) => socket.write(`${ok}Content-Length: many\r\n\r\n`),
  '/garbage-chunk': (socket) => socket.write(`${ok}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n`),
  '/garbage-gzip': (socket) => socket.write(`${ok}Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnone`),
  '/short': (socket) => socket.end(`${ok}Content-Length: 100\r\n\r\nshort`),
  '/short-chunk': (socket) => socket.end(`${ok}Transfer-Encoding: chunked\r\n\r\n5\r\nsho`),
  '/nothing': (socket) => socket.end(),
  '/reset': (socket) => socket.resetAndDestroy(),
  '/hang': () => undefined,
  '/hang-in-body': (socket) => socket.write(`${ok}Content-Length: 100\r\n\r\npart`),
  '/forever': (socket) => socket.write('HTTP/1.1 302 Found\r\nLocation: /forever\r\nContent-Length: 0\r\n\r\n'),
  '/nowhere': (socket) => socket.write('HTTP/1.1 302 Found\r\nLocation: http://a b/\r\nContent-Length: 0\r\n\r\n'),
  '/empty': (socket) => socket.write('HTTP/1.1 204 No Content\r\n\r\n'),
};

async function drip(socket: Socket, text: string): Promise<void> {
  for (const char of text) {
    socket.write(char);
    await systemClock.sleep(1);
  }
}

export interface FaultyServer {
  readonly url: string;
  /** How many connections it has taken. */
  readonly connections: () => number;
  close(): Promise<void>;
}

export async function startFaultyServer(): Promise<FaultyServer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server: Server = createServer((socket) => {
    connections++;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    socket.on('data', (data) => answers[/^\S+ (\S+)/.exec(data.toString('latin1'))?.[1] ?? '']?.(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => connections,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
