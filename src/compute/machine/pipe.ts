import type { Socket } from 'node:net';

/** Ties two sockets together: bytes and their end go over; an error of one is the end of both. */
export function joinSockets(a: Socket, b: Socket): void {
  a.on('error', () => b.destroy());
  b.on('error', () => a.destroy());
  a.on('close', () => b.destroy());
  b.on('close', () => a.destroy());
  a.setNoDelay(true);
  b.setNoDelay(true);
  a.pipe(b);
  b.pipe(a);
}

/** Longest `host:port` line that is taken. */
const headBytesMax = 64;

/** Reads the first line of a connection, `host:port`, and leaves the rest to be read. A connection without one is ended. */
export function takeTarget(socket: Socket, then: (host: string, port: number) => void): void {
  let head = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  const read = (chunk: Buffer): void => {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf(10);
    if (end < 0 && head.length <= headBytesMax) return;
    socket.off('data', read);
    socket.pause();
    const [, host, port] = /^([\d.]+):(\d{1,5})$/.exec(head.subarray(0, Math.max(0, end)).toString('latin1')) ?? [];
    if (host === undefined || port === undefined) {
      socket.destroy();
      return;
    }
    if (end + 1 < head.length) socket.unshift(head.subarray(end + 1));
    then(host, Number(port));
  };
  socket.on('data', read);
}
