/**
 * Memory of a balancer worker: 10,000 idle keep-alive clients, and a body of 1 GB each way.
 *
 *     node bench/balancer/footprint.ts [--clients 10000] [--bytes 1000000000]
 */
import { readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { parseArgs } from 'node:util';
import { startBalancer } from '../../src/balancer/index.ts';

const { values: flags } = parseArgs({
  options: { clients: { type: 'string', default: '10000' }, bytes: { type: 'string', default: '1000000000' } },
});
const clients = Number(flags.clients);
const bytes = Number(flags.bytes);
const block = Buffer.alloc(64 * 1024, 120);

/** Writes `count` bytes as fast as the peer takes them. */
async function pour(socket: Socket, count: number): Promise<void> {
  for (let left = count; left > 0;) {
    const piece = left >= block.length ? block : block.subarray(0, left);
    left -= piece.length;
    if (!socket.write(piece)) await new Promise((resolve) => socket.once('drain', resolve));
  }
}

/** Answers `/` shortly, `/big` with that many bytes, and a POST when its body is there. */
const origin = createServer((socket) => {
  let expected = 0;
  socket.on('error', () => undefined);
  socket.on('data', (data) => {
    if (expected > 0) expected -= data.length;
    else {
      const head = data.toString('latin1');
      if (head.startsWith('GET /big')) {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes}\r\n\r\n`);
        void pour(socket, bytes);
        return;
      }
      if (head.startsWith('POST')) expected = bytes - (data.length - head.indexOf('\r\n\r\n') - 4);
    }
    if (expected === 0) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  });
});
await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', 4096, resolve));

const balancer = startBalancer();
const { bound } = await balancer.apply({
  revision: 1,
  listeners: [
    { id: 'l', loadBalancerId: 'lb', host: '127.0.0.1', port: 0, protocol: 'HTTP', defaultAction: { type: 'forward', targetGroupId: 'g' } },
  ],
  targetGroups: [
    {
      id: 'g',
      protocol: 'HTTP',
      algorithm: 'round_robin',
      deregistrationDelayMs: 0,
      healthCheck: {
        path: '/',
        port: 'traffic-port',
        intervalMs: 30_000,
        timeoutMs: 5_000,
        healthyThreshold: 2,
        unhealthyThreshold: 2,
        matcher: '200',
      },
      targets: [{ id: 't', host: '127.0.0.1', port: (origin.address() as AddressInfo).port, phase: 'registered' }],
    },
  ],
});
const port = bound[0]!.port;
const pid = balancer.pids[0]!;

function statusKb(field: 'VmRSS' | 'VmHWM'): number {
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const say = (line: string): void => void process.stdout.write(`${line}\n`);

function ask(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'));
    socket.once('data', () => resolve(socket));
    socket.once('error', reject);
  });
}

// Warm: code compiled, buffers made.
for (let i = 0; i < 3000; i++) (await ask()).destroy();
await pause(2000);
const before = statusKb('VmRSS');
const idle: Socket[] = [];
while (idle.length < clients) idle.push(...(await Promise.all(Array.from({ length: Math.min(100, clients - idle.length) }, ask))));
await pause(2000);
const after = statusKb('VmRSS');
say(`${clients} idle clients: ${before} KB -> ${after} KB, ${((after - before) / clients).toFixed(2)} KB each`);
for (const socket of idle) socket.destroy();
await pause(1000);

const peakBefore = statusKb('VmHWM');
let startedAt = performance.now();
await new Promise<void>((resolve) => {
  let received = 0;
  const socket = connect(port, '127.0.0.1', () => socket.write('GET /big HTTP/1.1\r\nHost: x\r\n\r\n'));
  socket.on('data', (data) => {
    received += data.length;
    if (received >= bytes) resolve(void socket.destroy());
  });
});
const down = performance.now() - startedAt;
startedAt = performance.now();
await new Promise<void>((resolve) => {
  const socket = connect(port, '127.0.0.1', () => {
    socket.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${bytes}\r\n\r\n`);
    void pour(socket, bytes);
  });
  socket.once('data', () => resolve(void socket.destroy()));
});
const up = performance.now() - startedAt;
say(
  `${bytes} bytes each way: down ${(bytes / down / 1000).toFixed(0)} MB/s, up ${(bytes / up / 1000).toFixed(0)} MB/s, peak ${peakBefore} KB -> ${statusKb('VmHWM')} KB`,
);
await balancer.stop(100);
origin.close();
process.exit(0);
