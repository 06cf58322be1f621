import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { systemClock } from '../../src/base/index.ts';
import { defaultCheck, snapshotOf } from '../../src/balancer/testkit/index.ts';
import type { RoutingSnapshot } from '../../src/model/index.ts';
import { get, memoryMb, within, withBalancer, type Finding } from './support.ts';

/** Bodies far larger than any buffer, in both directions, through both kinds of balancer: memory stays flat. */

const block = Buffer.alloc(64 * 1024, 120);

/** Writes that many bytes as fast as the other side takes them. */
function pour(socket: Socket, bytes: number): void {
  let left = bytes;
  const more = (): void => {
    while (left > 0) {
      const piece = left >= block.length ? block : block.subarray(0, left);
      left -= piece.length;
      if (!socket.write(piece)) return void socket.once('drain', more);
    }
  };
  more();
}

/** Counts what comes, and stops reading for a second in the middle. */
function slowReader(socket: Socket, bytes: number, onWhole: () => void): void {
  let received = 0;
  socket.on('data', (data) => {
    const before = received;
    received += data.length;
    if (before <= bytes / 2 && received > bytes / 2) {
      socket.pause();
      systemClock.after(1_000, () => socket.resume());
    }
    if (before < bytes && received >= bytes) onWhole();
  });
}

interface Ends {
  readonly client: (socket: Socket, onWhole: () => void) => void;
  readonly target: (socket: Socket, onWhole: () => void) => void;
}

async function largeBody(snapshot: (port: number) => RoutingSnapshot, ends: Ends): Promise<Finding> {
  let whole = false;
  const onWhole = (): void => void (whole = true);
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    ends.target(socket, onWhole);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await withBalancer(1, snapshot((server.address() as AddressInfo).port), async ({ pids }, port) => {
      const pid = pids[0]!;
      const before = memoryMb(pid);
      const client = connect({ port, host: '127.0.0.1' });
      client.on('error', () => undefined);
      ends.client(client, onWhole);
      const failures = (await within(120_000, () => whole)) ? [] : ['the body did not arrive whole'];
      const grownMb = memoryMb(pid, 'VmHWM') - before;
      client.destroy();
      if (grownMb > 50) failures.push(`memory grew by ${grownMb.toFixed(0)} MB`);
      return { figures: `memory ${before.toFixed(0)} MB, peak + ${grownMb.toFixed(0)} MB`, failures };
    });
  } finally {
    server.close();
  }
}

const tcpCheck = { healthCheck: { ...defaultCheck, protocol: 'TCP' as const } };
const application = (port: number): RoutingSnapshot => snapshotOf([port], { group: tcpCheck });
const network = (port: number): RoutingSnapshot =>
  snapshotOf([port], { group: { ...tcpCheck, protocol: 'TCP' }, listener: { protocol: 'TCP' } });

/** The answer's body to a client that rests. */
export function download(bytes: number): Promise<Finding> {
  return largeBody(application, {
    client: (socket, onWhole) => {
      slowReader(socket, bytes, onWhole);
      socket.write(get);
    },
    target: (socket) =>
      void socket.once('data', () => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes}\r\n\r\n`);
        pour(socket, bytes);
      }),
  });
}

/** The request's body to a target that rests. */
export function upload(bytes: number): Promise<Finding> {
  return largeBody(application, {
    client: (socket) => {
      socket.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${bytes}\r\n\r\n`);
      pour(socket, bytes);
    },
    target: (socket, onWhole) => slowReader(socket, bytes, onWhole),
  });
}

/** A TCP flow to a client that rests. */
export function flow(bytes: number): Promise<Finding> {
  return largeBody(network, {
    client: (socket, onWhole) => {
      slowReader(socket, bytes, onWhole);
      socket.write(get);
    },
    target: (socket) => void socket.once('data', () => pour(socket, bytes)),
  });
}
