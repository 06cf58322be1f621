import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { entry, PlimsollError } from '../base/index.ts';
import { claimLoopbackNetwork } from './network.ts';
import { freePort } from './test-support/freePort.ts';

const isLinux = process.platform === 'linux';

describe('loopback network', { skip: isLinux ? false : 'only Linux answers on all of 127/8' }, () => {
  test('two networks at once share no address', async () => {
    const networks = await Promise.all([claimLoopbackNetwork(), claimLoopbackNetwork(), claimLoopbackNetwork()]);
    const leased = networks.flatMap((network) => Array.from({ length: network.addresses.length }, () => network.lease()));
    assert.equal(new Set(leased).size, 3 * 253);
    await Promise.all(networks.map((network) => network.close()));
  });

  test('addresses are leased lowest first, then the one released longest ago', async () => {
    const network = await claimLoopbackNetwork();
    const prefix = network.name.replace('0/24', '');
    assert.equal(network.lease(), `${prefix}2`);
    assert.equal(network.lease(), `${prefix}3`);
    network.release(`${prefix}3`);
    network.release(`${prefix}2`);
    network.release(`${prefix}2`);
    network.release('127.0.0.1');
    for (let host = 4; host <= 254; host++) assert.equal(network.lease(), `${prefix}${host}`);
    assert.equal(network.lease(), `${prefix}3`);
    assert.equal(network.lease(), `${prefix}2`);
    assert.throws(() => network.lease(), { code: 'PL_COMPUTE_NO_ADDRESS' });
    await network.close();
  });

  test('any port of a leased address can be listened on', async () => {
    const network = await claimLoopbackNetwork();
    const port = await freePort();
    const servers = [network.lease(), network.lease()].map((host) => createServer().listen({ host, port }));
    await Promise.all(servers.map((server) => once(server, 'listening')));
    for (const server of servers) server.close();
    await network.close();
  });

  test('the network of a killed process is free again, and that of a living one is not', async () => {
    const anchorPort = await freePort();
    const url = entry(import.meta.url, './network').href;
    const script = `const { claimLoopbackNetwork } = await import('${url}'); console.log((await claimLoopbackNetwork({ anchorPort: ${anchorPort} })).name); setInterval(() => {}, 1000)`;
    const holder = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [chunk] = (await once(holder.stdout, 'data')) as [Buffer];
    const held = chunk.toString().trim();
    const other = await claimLoopbackNetwork({ anchorPort, preferred: held });
    assert.notEqual(other.name, held);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    const third = await claimLoopbackNetwork({ anchorPort, preferred: held });
    assert.equal(third.name, held);
    await Promise.all([other.close(), third.close()]);
  });
});

test('where only single addresses exist each is leased once, and the error says how to add one', async () => {
  const anchorPort = await freePort();
  const network = await claimLoopbackNetwork({ single: true, anchorPort });
  assert.equal(network.kind, 'single');
  for (let left = network.addresses.length; left > 0; left--) assert.match(network.lease(), /^127\./);
  assert.throws(() => network.lease(), /ifconfig lo0 alias/);
  await assert.rejects(
    claimLoopbackNetwork({ single: true, anchorPort }),
    (error) => error instanceof PlimsollError && error.code === 'PL_COMPUTE_NO_NETWORK',
  );
  await network.close();
});

test('a program that holds the anchor port on all addresses is named as the obstacle', async () => {
  const squatter = createServer().listen({ host: '0.0.0.0', port: 0 });
  await once(squatter, 'listening');
  const { port } = squatter.address() as AddressInfo;
  await assert.rejects(claimLoopbackNetwork({ anchorPort: port }), new RegExp(`port ${port}`));
  squatter.close();
});
