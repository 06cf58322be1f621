import { claimLoopbackNetwork, createProcessDriver, startPostgres } from '../index.ts';
import { freePort } from './freePort.ts';

/**
 * A program for tests: runs a workload with a child of its own and a database, prints one line of JSON that tells
 * all about them, then stops everything when its input ends.
 *
 *     scenario.ts DATA_DIR auto|off
 */
const [dataDir = '', cgroups] = process.argv.slice(2);
const network = await claimLoopbackNetwork();
const driver = await createProcessDriver({ dataDir, network, cgroups: cgroups === 'off' ? 'off' : 'auto' });
const child = `console.log(process.pid, process.ppid, process.getuid()); setInterval(() => {}, 1000)`;
const parent = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}], { stdio: 'inherit' }); setInterval(() => {}, 1000)`;
const workloadPids = new Promise<number[]>((resolve) => driver.onLine((_id, line) => resolve(line.split(' ').slice(0, 2).map(Number))));
await driver.start({
  id: 'tree',
  command: process.execPath,
  args: ['-e', parent],
  cwd: '/',
  env: {},
  address: driver.leaseAddress(),
  cpuUnits: 512,
  memoryMiB: 256,
});
const database = { user: 'app', password: 'secret', database: 'app' };
const server = await startPostgres({
  dataDir: `${dataDir}/postgres`,
  address: network.lease(),
  port: await freePort(),
  durable: false,
  ...database,
});
const pids = [...(await workloadPids), server.pid];
const usage = await driver.sample();
process.stdout.write(`${JSON.stringify({ pids, enforcement: driver.enforcement, uri: server.uri, uid: process.getuid?.(), usage })}\n`);

process.stdin.resume();
process.stdin.once('end', () => {
  void Promise.all([driver.close(), server.stop()]).then(() => network.close());
});
