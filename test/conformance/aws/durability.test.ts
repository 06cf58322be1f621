/** What a client was answered is on disk, whole, whatever happens to the process or the disk. */
import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { EC2 } from '@aws-sdk/client-ec2';
import { seededRandom, systemClock } from '../../../src/base/index.ts';
import { Store } from '../../../src/state/index.ts';
import { runCommand } from '../../support/processes.ts';
import { start } from './support.ts';

/** More by the environment: PLIMSOLL_KILL_ROUNDS=200. */
const rounds = Number(process.env['PLIMSOLL_KILL_ROUNDS'] ?? 3);
const clientsCount = 8;
const script = fileURLToPath(new URL('./durable-endpoint.ts', import.meta.url));

let folder = '';
before(() => (folder = mkdtempSync(join(tmpdir(), 'plimsoll-durable-'))));
after(() => rmSync(folder, { recursive: true, force: true }));

function clientOf(url: string): EC2 {
  return new EC2({ endpoint: url, region: 'us-east-1', credentials: { accessKeyId: 'x', secretAccessKey: 'x' }, maxAttempts: 1 });
}

async function urlOf(child: ChildProcess): Promise<string> {
  const [line] = (await once(child.stdout!, 'data')) as [Buffer];
  return line.toString().trim();
}

/** What clients know to be there, and what they know to be gone. */
interface Answered {
  readonly there: Map<string, string>;
  readonly gone: Set<string>;
  /** Deletes that were asked for and not answered: either is right. */
  readonly unsure: Set<string>;
}

/** Makes networks (a dozen records each, or none), tags and removes them until the endpoint is gone. */
async function write(ec2: EC2, name: string, answered: Answered): Promise<void> {
  try {
    for (let count = 0; ; count++) {
      const { Vpc } = await ec2.createVpc({ CidrBlock: '10.0.0.0/16' });
      const id = Vpc!.VpcId!;
      answered.there.set(id, '');
      await ec2.createTags({ Resources: [id], Tags: [{ Key: 'Name', Value: `${name}-${count}` }] });
      answered.there.set(id, `${name}-${count}`);
      if (count % 3 !== 2) continue;
      answered.unsure.add(id);
      await ec2.deleteVpc({ VpcId: id });
      answered.gone.add(id);
    }
  } catch (error) {
    // The connection ends with the process; an answer that is an error is no way to die.
    assert.ok(!('$metadata' in (error as object)) || (error as { $response?: unknown }).$response === undefined, String(error));
  }
}

async function check(dataFolder: string, { there, gone, unsure }: Answered): Promise<void> {
  const db = new DatabaseSync(join(dataFolder, 'region.sqlite'));
  assert.deepEqual({ ...db.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' });
  db.close();
  const store = new Store(dataFolder);
  const { endpoint, url } = await start({ store });
  const ec2 = clientOf(url);
  try {
    const { Vpcs = [] } = await ec2.describeVpcs({});
    const names = new Map(Vpcs.map(({ VpcId, Tags = [] }) => [VpcId!, Tags[0]?.Value ?? '']));
    for (const [id, name] of there) {
      if (gone.has(id)) assert.ok(!names.has(id), `${id} was deleted`);
      else if (names.has(id)) assert.ok(name === '' || names.get(id) === name, `${id} is called ${names.get(id)}, not ${name}`);
      else assert.ok(unsure.has(id), `${id} was made, and is lost`);
    }
    // One operation is one write: each network has all that comes with it, answered or not, and nothing of one that is gone stays.
    const parts = [
      (await ec2.describeRouteTables({})).RouteTables!,
      (await ec2.describeNetworkAcls({})).NetworkAcls!,
      (await ec2.describeSecurityGroups({})).SecurityGroups!,
    ];
    for (const found of parts) assert.deepEqual(found.map(({ VpcId }) => VpcId!).toSorted(), [...names.keys()].toSorted());
  } finally {
    ec2.destroy();
    await endpoint.close();
    store.close();
  }
}

test(`kill -9 at any moment loses nothing that was answered: ${rounds} rounds`, async () => {
  const answered: Answered = { there: new Map(), gone: new Set(), unsure: new Set() };
  const random = seededRandom(6400);
  const data = join(folder, 'killed');
  for (let round = 0; round < rounds; round++) {
    const child = spawn(process.execPath, [script, data], { stdio: ['ignore', 'pipe', 'inherit'] });
    const exit = once(child, 'exit');
    const ec2 = clientOf(await urlOf(child));
    const writers = Array.from({ length: clientsCount }, (_, index) => write(ec2, `${round}-${index}`, answered));
    // From the first answer on, however slow the computer is.
    const before = answered.there.size;
    while (answered.there.size === before) await systemClock.sleep(5);
    await systemClock.sleep(random.float() * 500);
    child.kill('SIGKILL');
    await exit;
    await Promise.all(writers);
    ec2.destroy();
    await check(data, answered);
  }
  assert.ok(answered.there.size >= rounds, `${answered.there.size} networks were made`);
});

const unshared = ['-Urm', 'sh', '-c', 'mount -t tmpfs -o size=4m tmpfs "$0" && exec "$1" "$2" "$0/state"'];
const noMounts =
  spawnSync('unshare', ['-Urm', 'sh', '-c', 'mount -t tmpfs tmpfs /mnt']).status !== 0 && 'cannot mount a small file system here';

test(
  'a full disk is told as AWS tells trouble of its own; nothing breaks, and writing goes on when there is space',
  { skip: noMounts },
  async () => {
    const mount = mkdtempSync(join(folder, 'small-'));
    const child = spawn('unshare', [...unshared, mount, process.execPath, script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const exit = once(child, 'exit');
    try {
      const ec2 = clientOf(await urlOf(child));
      const own = `/proc/${child.pid}/root${mount}`;
      writeFileSync(join(own, 'ballast'), Buffer.alloc(2 << 20));
      const made: string[] = [];
      const fill = async (): Promise<Error> => {
        for (;;) {
          try {
            made.push((await ec2.createVpc({ CidrBlock: '10.0.0.0/16' })).Vpc!.VpcId!);
          } catch (error) {
            return error as Error;
          }
        }
      };
      const refused = (await fill()) as Error & { $metadata: { httpStatusCode: number } };
      assert.deepEqual([refused.name, refused.$metadata.httpStatusCode], ['ServiceUnavailable', 503]);
      assert.match(refused.message, /the state cannot be written: the disk is full/);
      const found = async () => (await ec2.describeVpcs({})).Vpcs!.map(({ VpcId }) => VpcId!).filter((id) => made.includes(id));
      assert.deepEqual(await found(), made, 'reads go on, without what was refused');
      rmSync(join(own, 'ballast'));
      made.push((await ec2.createVpc({ CidrBlock: '10.0.0.0/16' })).Vpc!.VpcId!);
      assert.deepEqual(await found(), made);
      const { Vpcs } = await ec2.describeVpcs({});
      assert.equal(Vpcs!.length, made.length + 1);
    } finally {
      child.kill('SIGKILL');
      await exit;
    }
  },
);

test('up --ephemeral leaves no file, where it is started or elsewhere', async () => {
  const [cwd, temporary] = [mkdtempSync(join(folder, 'cwd-')), mkdtempSync(join(folder, 'tmp-'))];
  const env = { ...process.env, TMPDIR: temporary };
  for (const flags of [[], ['--control-plane-only']]) {
    const up = runCommand(['up', '--ephemeral', '--json', '--port', '0', ...flags], { cwd, env });
    await up.says(/"ready":true/);
    const { endpoint } = JSON.parse(up.stdout()) as { endpoint: string };
    const ec2 = clientOf(endpoint);
    assert.equal((await ec2.createVpc({ CidrBlock: '10.0.0.0/16' })).Vpc?.CidrBlock, '10.0.0.0/16');
    ec2.destroy();
    up.child.kill('SIGTERM');
    await up.finished;
    assert.deepEqual([readdirSync(cwd), readdirSync(temporary)], [[], []]);
  }
});
