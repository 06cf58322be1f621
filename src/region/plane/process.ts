/**
 * The process of a region's data plane. It says over its IPC channel where it is to be reached, or why it cannot be; then
 * it is on its own: that channel is closed, and the end of the region is not its end.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createLogger } from '../../base/index.ts';
import { startBalancer } from '../../balancer/index.ts';
import { claimLoopbackNetwork, createDockerDriver, createProcessDriver, type LoopbackNetwork } from '../../compute/index.ts';
import { errorToRecord } from './channel.ts';
import { Host } from './host.ts';
import { Outbox } from './outbox.ts';
import { networkRecord, planeFile, socketFolder, type PlaneStart } from './start.ts';
import type { PlaneOptions } from './protocol.ts';

async function main(options: PlaneOptions): Promise<void> {
  const undo: (() => unknown)[] = [];
  try {
    const outbox = new Outbox();
    const log = createLogger('data plane', 'info', { write: (line) => outbox.put({ type: 'log', line }) });
    // First, because its workers take their time to start.
    const balancer = startBalancer({ workers: options.workers, log: (line) => log.warn(line) });
    undo.push(() => balancer.stop(0));
    const network = await claimNetwork(networkRecord(options.dataDir));
    undo.push(() => network.close());
    const machineDriver = await createProcessDriver({ dataDir: options.dataDir, network, log });
    undo.push(() => machineDriver.close());
    const docker = options.compute === 'docker' ? await createDockerDriver({ dataDir: options.dataDir, log }) : undefined;
    undo.push(() => docker?.close());
    const driver = docker ?? machineDriver;
    const folder = mkdtempSync(socketFolder);
    undo.push(() => rmSync(folder, { recursive: true, force: true }));
    const socket = join(folder, 'region.sock');
    const host = new Host(options, { network, driver, machineDriver, docker, balancer, outbox, log }, (orphaned) => {
      rmSync(folder, { recursive: true, force: true });
      rmSync(planeFile(options.dataDir), { force: true });
      if (orphaned && options.temporary) rmSync(options.dataDir, { recursive: true, force: true });
      process.exit();
    });
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void host.close());
    // The terminal that the region was started from may go.
    process.on('SIGHUP', () => undefined);
    await new Promise<void>((listening, failed) => {
      createServer((connection) => host.take(connection))
        .once('error', failed)
        .listen(socket, listening);
    });
    writeFileSync(planeFile(options.dataDir), `${JSON.stringify({ pid: process.pid, socket })}\n`, { mode: 0o600 });
    tell({ socket });
  } catch (error) {
    for (const step of undo.toReversed()) await step();
    tell({ error: errorToRecord(error) });
  }
}

/** The one that the data plane before has had, where nobody else has taken it since. */
async function claimNetwork(record: string): Promise<LoopbackNetwork> {
  const network = await claimLoopbackNetwork(existsSync(record) ? { preferred: readFileSync(record, 'utf8') } : {});
  writeFileSync(record, network.name);
  return network;
}

function tell(start: PlaneStart): void {
  process.send?.(start, undefined, undefined, () => process.disconnect?.());
}

await main(JSON.parse(process.argv[2] ?? '{}') as PlaneOptions);
