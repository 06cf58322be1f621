import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { PlimsollError, systemClock } from '../../base/index.ts';
import type { ComputeDriver, Machines, MachineSpec } from '../../model/index.ts';
import { claimLoopbackNetwork, type LoopbackNetwork } from '../network.ts';
import { createProcessDriver } from '../process/driver.ts';
import { createMachines } from './machines.ts';

/** The course's script: a web server, started by the system, with a page. */
const webServer = `#!/bin/bash
yum -y install httpd
systemctl enable httpd
systemctl start httpd
echo '<h1>Hello</h1>' > /var/www/html/index.html
`;

const runAs = process.getuid?.() === 0 ? (['auto', 'user'] as const) : (['user'] as const);

for (const isolation of runAs) {
  describe(`machines (${isolation})`, { skip: process.platform !== 'linux' && 'needs Linux namespaces' }, () => {
    let folder = '';
    let network: LoopbackNetwork;
    let driver: ComputeDriver;
    let machines: Machines | undefined;
    let refused = '';
    const lines: string[] = [];

    before(async () => {
      folder = mkdtempSync(join(tmpdir(), 'plimsoll-machine-test-'));
      network = await claimLoopbackNetwork();
      driver = await createProcessDriver({ dataDir: folder, network });
      driver.onLine((id, line) => lines.push(`${id} ${line}`));
      try {
        machines = await createMachines({ driver, network, isolation });
      } catch (error) {
        // A system without such namespaces is refused in words; that is all that can be tested there.
        assert.ok(error instanceof PlimsollError, String(error));
        refused = error.message;
      }
    });

    after(async () => {
      await machines?.close();
      await driver.close();
      await network.close();
      rmSync(folder, { recursive: true, force: true });
      assert.deepEqual(processesOf(folder), []);
    });

    const spec = (number: number, userData: string): MachineSpec => ({
      id: `i-${number}`,
      hostname: `ip-172-31-9-${number}`,
      address: `172.31.9.${number}`,
      host: network.lease(),
      userData,
      cpuUnits: 1024,
      memoryMiB: 512,
      images: {
        'example/echo': { command: '/bin/sh', args: ['-c', 'echo "container on $PORT says $WORD"; exit 3'], cwd: '/', environment: {} },
      },
      metadata: { values: { 'meta-data/instance-id': `i-${number}` }, endpoint: 'enabled', tokens: 'optional' },
    });
    const heard = async (text: string): Promise<void> => {
      for (let tries = 0; tries < 200 && !lines.some((line) => line.includes(text)); tries++) await systemClock.sleep(50);
      assert.ok(
        lines.some((line) => line.includes(text)),
        `"${text}" in:\n${lines.join('\n')}`,
      );
    };

    test('several serve on the same port at once, each at its own address', async (t) => {
      if (machines === undefined) return t.skip(refused);
      const hosts = await Promise.all([11, 12].map((number) => machines!.start(spec(number, webServer))));
      for (const number of [11, 12]) {
        machines.expose(`i-${number}`, 80);
        await heard(`i-${number} user data ended with exit code 0`);
      }
      assert.notEqual(hosts[0], hosts[1]);
      for (const host of hosts) assert.equal(await (await fetch(`http://${host}/`)).text(), '<h1>Hello</h1>\n');
      await machines.stop('i-11');
      const answers = (): Promise<boolean> =>
        fetch(`http://${hosts[0]}/`, { signal: AbortSignal.timeout(1000) }).then(
          // Whatever else may answer at that address, it is not the machine.
          async (answer) => (await answer.text()).includes('Hello'),
          () => false,
        );
      for (let tries = 0; tries < 20 && (await answers()); tries++) await systemClock.sleep(50);
      assert.equal(await answers(), false);
      assert.equal((await fetch(`http://${hosts[1]}/`)).status, 200);
    });

    test('one that takes the address of another answers at once', async (t) => {
      if (machines === undefined) return t.skip(refused);
      for (const [id, page] of [
        ['i-first', 'first'],
        ['i-second', 'second'],
      ] as const) {
        const host = await machines.start({ ...spec(15, webServer.replace('<h1>Hello</h1>', page)), id });
        machines.expose(id, 80);
        await heard(`${id} user data ended with exit code 0`);
        // As long as a health check waits: less than a neighbour table keeps who had the address before.
        const answer = await fetch(`http://${host}/`, { signal: AbortSignal.timeout(5000) });
        assert.equal(await answer.text(), `${page}\n`);
        await machines.stop(id);
      }
    });

    test('user data is root there and nobody here', async (t) => {
      if (machines === undefined) return t.skip(refused);
      const mark = `/tmp/plimsoll-machine-${process.pid}`;
      await machines.start(
        spec(
          21,
          `#!/bin/bash\nid -u; hostname; touch ${mark} && echo touched; ls ${folder} || echo unseen; rm -rf /usr/bin/env /etc/hosts\n`,
        ),
      );
      await heard('i-21 user data ended');
      await heard('i-21 0');
      await heard('i-21 ip-172-31-9-21');
      await heard('i-21 touched');
      await heard('i-21 unseen');
      assert.ok(!existsSync(mark));
      assert.ok(existsSync('/usr/bin/env') && existsSync('/etc/hosts'));
    });

    test('it reaches what is allowed, its metadata, and nothing else here', async (t) => {
      if (machines === undefined) return t.skip(refused);
      const [allowed, other] = [await listen(network.lease()), await listen(network.lease())];
      machines.allow(allowed.address, allowed.port);
      const script = `#!/bin/bash
get() { exec 3<>/dev/tcp/$1/$2 && printf 'GET %s HTTP/1.0\\r\\n\\r\\n' $3 >&3 && tail -n 1 <&3; }
(get ${allowed.address} ${allowed.port} /) 2>/dev/null && echo; (get ${other.address} ${other.port} /) 2>/dev/null || echo refused
(get 169.254.169.254 80 /latest/meta-data/instance-id); echo
`;
      await machines.start(spec(31, script));
      await heard('i-31 user data ended');
      await heard('i-31 here is what was allowed');
      await heard('i-31 refused');
      await heard('i-31 i-31');
      const usage = (await driver.sample()).find(({ id }) => id === 'i-31');
      assert.ok((usage?.networkInBytes ?? 0) > 0 && (usage?.networkOutBytes ?? 0) > 0, 'what goes through its own interface is counted');
      for (const { server } of [allowed, other]) server.close();
    });

    test('docker run starts what stands for the image, again and again where it is to', async (t) => {
      if (machines === undefined) return t.skip(refused);
      const script =
        '#!/bin/bash\nyum install -y docker\nservice docker start\ndocker run -d --restart always -e WORD=hello -p 6400:6400 example/echo:latest\ndocker run example/unknown\n';
      await machines.start(spec(41, script));
      await heard('i-41 container on 6400 says hello');
      await heard('ended with exit code 3; restarting');
      await heard("Unable to find image 'example/unknown' locally");
    });
  });
}

async function listen(address: string): Promise<{ address: string; port: number; server: Server }> {
  const server = createServer((_request, response) => response.end('here is what was allowed'));
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  return { address, port: (server.address() as { port: number }).port, server };
}

function processesOf(folder: string): string[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder);
      } catch {
        return false;
      }
    });
}
