import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, createServer, request, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { systemClock } from '../../src/base/index.ts';
import { freePort } from '../../src/compute/test-support/freePort.ts';
import { processTree, runCommand, survivors, type Command } from '../support/processes.ts';

/** Targets answer with their name; `/slow` after 500 ms. */
function startTarget(name: string): Promise<Server> {
  const server = createServer((incoming, response) => {
    if (incoming.url === '/slow') systemClock.after(500, () => response.end(name));
    else response.end(name);
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;
const get = async (port: number, path = '/'): Promise<{ status: number; body: string }> => {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`);
  return { status: answer.status, body: await answer.text() };
};

describe('plimsoll balance', () => {
  let folder = '';
  let targets: Server[] = [];
  let command: Command | undefined;
  let port = 0;
  let admin = 0;
  const file = (): string => join(folder, 'lb.yaml');

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'plimsoll-balance-'));
    targets = await Promise.all([startTarget('a'), startTarget('b')]);
    [port, admin] = [await freePort(), await freePort()];
  });

  after(() => {
    for (const target of targets) target.close();
    rmSync(folder, { recursive: true, force: true });
  });

  afterEach(async () => {
    if (!command) return;
    command.child.kill('SIGKILL');
    assert.deepEqual(await survivors(processTree(command.pid), 5000), []);
    command = undefined;
  });

  /** Written beside its place and renamed, as editors do. */
  function configure(used: readonly Server[], extra = ''): void {
    const list = used.map((target) => `{ host: 127.0.0.1, port: ${portOf(target)} }`).join(', ');
    writeFileSync(
      `${file()}.new`,
      `admin: { port: ${admin} }
drainTimeout: 5s
listeners:
  - { port: ${port}, protocol: HTTP, default: { forward: web }, rules: [ { priority: 1, when: { path: [/no] }, then: { fixedResponse: { status: 403, body: no } } } ] }
targetGroups:
  web: { targets: [ ${list} ], healthCheck: { interval: 1s } }
${extra}`,
    );
    renameSync(`${file()}.new`, file());
  }

  /** Waits until the metrics tell all that is looked for: workers report once a second, each in its own time. */
  async function measured(...wanted: readonly RegExp[]): Promise<void> {
    for (let tries = 0; ; tries++) {
      const { body } = await get(admin, '/metrics');
      const missing = wanted.find((line) => !line.test(body));
      if (missing === undefined) return;
      if (tries === 600) assert.match(body, missing);
      await systemClock.sleep(50);
    }
  }

  async function start(...args: string[]): Promise<Command> {
    command = runCommand(['balance', file(), ...args]);
    await command.complains(/listening on/);
    await status('the targets are healthy', (seen) => seen.every(({ state }) => state === 'healthy'));
    return command;
  }

  /** Waits until the targets are as wanted. */
  async function status(what: string, holds: (targets: readonly { id: string; state: string }[]) => boolean): Promise<void> {
    for (let tries = 0; tries < 600; tries++) {
      const { targetGroups } = JSON.parse((await get(admin, '/status')).body) as {
        targetGroups: { targets: { id: string; state: string }[] }[];
      };
      if (holds(targetGroups.flatMap(({ targets: each }) => each))) return;
      await systemClock.sleep(50);
    }
    assert.fail(`not within 30 s: ${what}`);
  }

  test('balances over its targets, answers by rule, and tells how it fares', async () => {
    configure(targets);
    await start('--workers', '2');
    const names = new Set<string>();
    for (let i = 0; i < 40; i++) names.add((await get(port)).body);
    assert.deepEqual([...names].toSorted(), ['a', 'b']);
    assert.deepEqual(await get(port, '/no'), { status: 403, body: 'no' });
    await measured(
      /^plimsoll_requests_total 40$/m,
      /^plimsoll_target_responses_total\{target_group="web",code="2xx"\} 40$/m,
      /^plimsoll_target_response_seconds_count\{target_group="web"\} 40$/m,
      new RegExp(`^plimsoll_target_healthy\\{target_group="web",target="127\\.0\\.0\\.1:${portOf(targets[0] as Server)}"\\} 1$`, 'm'),
    );
  });

  test('follows changes of the file and SIGHUP under traffic without dropping a request; a wrong file changes nothing', async () => {
    configure(targets);
    const running = await start();
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    const failures: string[] = [];
    let answered = 0;
    const traffic = { on: true };
    const client = async (): Promise<void> => {
      while (traffic.on) {
        const outcome = await new Promise<string>((resolve) => {
          request({ port, host: '127.0.0.1', agent }, (response) => {
            response.resume().on('end', () => resolve(`${response.statusCode}`));
          })
            .on('error', (error) => resolve(error.message))
            .end();
        });
        if (outcome === '200') answered++;
        else failures.push(outcome);
      }
    };
    const clients = Array.from({ length: 8 }, client);
    const [a, b] = targets as [Server, Server];
    for (const used of [[a], [b], [a, b], [b]]) {
      configure(used);
      running.child.kill('SIGHUP');
      const ids = used.map((target) => `127.0.0.1:${portOf(target)}`).toSorted();
      await status('the change is in place', (seen) => isDeepStrictEqual(seen.map(({ id }) => id).toSorted(), ids));
    }
    writeFileSync(file(), 'listeners: 5\n');
    await running.complains(/configuration not reloaded: .*lb\.yaml:1: /);
    traffic.on = false;
    await Promise.all(clients);
    agent.destroy();
    assert.deepEqual(failures, []);
    assert.ok(answered > 100, `${answered}`);
    assert.equal((await get(port)).body, 'b');
  });

  test('a TCP listener passes bytes through to its targets and counts the flow', async () => {
    const raw = await freePort();
    configure(
      targets,
      `  raw: { protocol: TCP, targets: [ { host: 127.0.0.1, port: ${portOf(targets[0] as Server)} } ], healthCheck: { interval: 1s } }\n`,
    );
    const text = readFileSync(file(), 'utf8');
    writeFileSync(file(), text.replace('listeners:\n', `listeners:\n  - { port: ${raw}, protocol: TCP, default: { forward: raw } }\n`));
    await start();
    assert.deepEqual(await get(raw), { status: 200, body: 'a' });
    await measured(/^plimsoll_flows_total\{protocol="tcp"\} [1-9]/m);
  });

  test('SIGTERM lets requests in flight finish and ends with 0', async () => {
    configure(targets);
    const running = await start();
    const arrived = new Promise<void>((resolve) => {
      for (const target of targets) target.on('request', ({ url }) => url === '/slow' && resolve());
    });
    const slow = get(port, '/slow');
    await arrived;
    running.child.kill('SIGTERM');
    assert.equal((await slow).status, 200);
    assert.equal((await running.finished).code, 0);
    await assert.rejects(get(port));
  });

  test('--check says whether a file is right, and a taken port is one clear line', async () => {
    const example = await runCommand(['balance', 'examples/balance.yaml', '--check']).finished;
    assert.deepEqual([example.code, example.stdout], [0, 'examples/balance.yaml: ok (1 listener, 1 target group, 2 targets)\n']);
    configure(targets);
    const checked = await runCommand(['balance', file(), '--check']).finished;
    assert.deepEqual([checked.code, checked.stdout], [0, `${file()}: ok (1 listener, 1 target group, 2 targets)\n`]);
    writeFileSync(file(), 'listeners: []\n');
    const wrong = await runCommand(['balance', file(), '--check']).finished;
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /lb\.yaml:1: .*\[PL_CLI_CONFIG_INVALID\]\n$/s);
    configure(targets);
    const holder = createTcpServer().listen(port, '127.0.0.1');
    await once(holder, 'listening');
    const refused = await runCommand(['balance', file()]).finished;
    holder.close();
    assert.equal(refused.code, 3);
    assert.match(refused.stderr, /plimsoll: cannot listen: .*EADDRINUSE.* \[PL_CLI_LISTENER\]\n$/);
  });
});
