import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exchange } from '../../src/balancer/testkit/index.ts';
import { freePort } from '../../src/compute/test-support/freePort.ts';
import { bin } from '../support/processes.ts';
import { get, greeter, within, type Finding } from './support.ts';

/** A balancer that may open so many files and more clients than that: it says so, refuses some, and goes on when they leave. */
export async function exhaustedDescriptors(limit: number): Promise<Finding> {
  await using target = await greeter();
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-soak-'));
  const port = await freePort();
  const file = join(folder, 'lb.yaml');
  writeFileSync(
    file,
    `listeners: [{ bind: 127.0.0.1, port: ${port}, protocol: HTTP, default: { forward: all } }]
targetGroups: { all: { protocol: HTTP, targets: [{ host: 127.0.0.1, port: ${target.port} }] } }\n`,
  );
  const command = `ulimit -n ${limit}; exec "$0" "$@"`;
  const child = spawn('sh', ['-c', command, process.execPath, bin, 'balance', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
  const failures: string[] = [];
  const ask = (): Promise<string> => exchange(port, get.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
  try {
    if (!(await within(15_000, () => log.includes('listening on')))) failures.push(`did not start: ${log}`);
    let refused = 0;
    const sockets: Socket[] = [];
    for (let i = 0; i < limit * 2; i++) {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => refused++);
      sockets.push(socket);
    }
    if (!(await within(10_000, () => log.includes('out of file descriptors')))) failures.push('said nothing');
    for (const socket of sockets) socket.destroy();
    if (!(await within(10_000, () => log.includes('to be had again')))) failures.push('told no recovery');
    const answer = await ask();
    if (!answer.endsWith('hello')) failures.push(`afterwards: ${answer.slice(0, 40)}`);
    if (log.includes('target is unhealthy')) failures.push('a target was given up');
    return { figures: `${refused} of ${limit * 2} refused, told, recovered`, failures };
  } finally {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true });
  }
}
