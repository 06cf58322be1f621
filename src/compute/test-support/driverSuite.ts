import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { PlimsollError, systemClock } from '../../base/index.ts';
import type { ComputeDriver, WorkloadExit, WorkloadSpec } from '../../model/index.ts';

export interface SuiteDriver {
  readonly driver: ComputeDriver;
  /** For drivers of containers: one that has `node`, `sleep` and `true`. */
  readonly image?: string;
  /** Runs after the driver was closed: takes away what the test made and asserts that the driver left nothing. */
  dispose(): Promise<void>;
}

/** What every compute driver promises, whatever it runs workloads in. Its workloads need `node` on PATH. */
export function describeDriver(name: string, create: () => Promise<SuiteDriver>): void {
  describe(name, () => {
    let made: SuiteDriver;
    let driver: ComputeDriver;
    const exits: WorkloadExit[] = [];
    const lines = new Map<string, string[]>();
    let count = 0;

    before(async () => {
      made = await create();
      driver = made.driver;
      driver.onExit((exit) => exits.push(exit));
      driver.onLine((id, line) => lines.set(id, [...(lines.get(id) ?? []), line]));
    });
    after(async () => {
      await driver.close();
      await made.dispose();
    });

    const start = async (script: string, more: Partial<WorkloadSpec> = {}): Promise<string> => {
      const id = `w${++count}`;
      const address = driver.leaseAddress();
      const spec = { id, command: 'node', args: ['-e', script], cwd: '/', env: {}, address, cpuUnits: 1024, memoryMiB: 256, ...more };
      await driver.start({ ...image(), ...spec });
      return id;
    };
    const image = (): { image?: string } => (made.image === undefined ? {} : { image: made.image });
    const exitOf = (id: string): Promise<WorkloadExit> => until(() => exits.find((exit) => exit.id === id));
    const line = (id: string, wanted: string): Promise<string> => until(() => lines.get(id)?.find((line) => line.includes(wanted)));

    test('a workload that ends is reported once, with its code and last lines in order', async () => {
      const id = await start('for (let i = 0; i < 30; i++) console.log("line " + i); process.exitCode = 3');
      const exit = await exitOf(id);
      assert.equal(exit.code, 3);
      assert.equal(exit.outOfMemory, false);
      assert.deepEqual(
        exit.lastLines,
        Array.from({ length: 20 }, (_, i) => `line ${i + 10}`),
      );
      assert.equal(lines.get(id)?.length, 30);
      await driver.stop(id, 0);
      assert.equal(exits.filter((entry) => entry.id === id).length, 1);
    });

    test('lines come from both outputs, the last without its end too, and none is longer than the bound', async () => {
      const id = await start('console.error("problem"); process.stdout.write("x".repeat(40_000) + "\\r\\nend")');
      await exitOf(id);
      const all = lines.get(id) ?? [];
      assert.ok(all.includes('problem'));
      assert.equal(all.at(-1), 'end');
      assert.ok(all.every((line) => line.length <= 16_384));
      assert.equal(all.filter((line) => /^x+$/.test(line)).join('').length, 40_000);
    });

    test('the environment is the given one with PATH, LANG and TZ, and nothing of ours', async () => {
      const id = await start('console.log(JSON.stringify(process.env))', { env: { GREETING: 'hello world', 'a.b': '$c' } });
      await exitOf(id);
      const env = JSON.parse(lines.get(id)?.[0] ?? '') as Record<string, string>;
      // The last two are what Docker says of the container itself.
      for (const name of ['PATH', 'LANG', 'TZ', 'HOME', 'HOSTNAME']) delete env[name];
      assert.deepEqual(env, { GREETING: 'hello world', 'a.b': '$c' });
    });

    test('stop lets a workload end by itself on SIGTERM', async () => {
      const id = await start(
        'process.on("SIGTERM", () => { console.log("bye"); process.exit(0); }); setInterval(() => {}, 1000); console.log("up")',
      );
      await line(id, 'up');
      await driver.stop(id, 60_000);
      const exit = await exitOf(id);
      assert.equal(exit.code, 0);
      assert.deepEqual(exit.lastLines, ['up', 'bye']);
    });

    test('stop ends the whole tree with SIGKILL when the grace is over', async () => {
      const child = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); console.log("child up");';
      const id = await start(
        `process.on("SIGTERM", () => {}); require("child_process").spawn(process.execPath, ["-e", ${JSON.stringify(child)}], { stdio: "inherit" }); setInterval(() => {}, 1000)`,
      );
      await line(id, 'child up');
      await driver.stop(id, 50);
      const exit = await exitOf(id);
      assert.equal(exit.signal, 'SIGKILL');
      assert.equal(exit.outOfMemory, false);
      assert.ok(!(await driver.sample()).some((usage) => usage.id === id));
    });

    test('stop of an unknown or ended workload resolves at once', async () => {
      await driver.stop('never-started', 60_000);
    });

    test('a command runs beside a workload, in its environment and with its address as localhost, for as long as it may', async () => {
      const id = await start(
        'require("node:http").createServer((_, response) => response.end("ok")).listen(process.env.PORT, process.env.HOST ?? "0.0.0.0", () => console.log("up"))',
        { env: { PORT: '8000', WORD: 'given' } },
      );
      await line(id, 'up');
      const asked = 'fetch("http://localhost:8000").then(() => process.exit(process.env.WORD === "given" ? 5 : 6), () => process.exit(7))';
      assert.equal(await driver.exec(id, ['node', '-e', asked], 10_000), 5);
      assert.equal(await driver.exec(id, ['sleep', '60'], 50), undefined);
      assert.equal(await driver.exec(id, ['no-such-command'], 1000), undefined);
      await driver.stop(id, 0);
      assert.equal(await driver.exec(id, ['true'], 1000), undefined);
    });

    test('an id can be used again once its workload ended', async () => {
      const id = await start('console.log("first")');
      await exitOf(id);
      await driver.start({
        ...image(),
        id,
        command: 'node',
        args: ['-e', 'setInterval(() => {}, 1000)'],
        cwd: '/',
        env: {},
        address: driver.leaseAddress(),
        cpuUnits: 256,
        memoryMiB: 128,
      });
      await driver.stop(id, 0);
      assert.equal(exits.filter((exit) => exit.id === id).length, 2);
    });

    test('a command that does not exist is refused with what to do, and reported as no exit', async () => {
      await assert.rejects(start('', { command: 'no-such-program' }), (error: unknown) => {
        assert.ok(error instanceof PlimsollError);
        assert.equal(error.code, 'PL_COMPUTE_COMMAND_NOT_FOUND');
        assert.match(error.message, /no-such-program/);
        return true;
      });
      assert.ok(!exits.some((exit) => exit.id === `w${count}`));
    });

    test('usage is measured, and a CPU share is kept where it is enforced', async () => {
      const id = await start('for (;;) {}', { cpuUnits: 256 });
      await driver.sample();
      const usage = await until(async () => {
        await systemClock.sleep(1000);
        return (await driver.sample()).find((entry) => entry.id === id && entry.cpuPercent > 0);
      });
      assert.ok(usage.memoryBytes > 1_000_000, `${usage.memoryBytes} bytes`);
      assert.equal(usage.memoryPercent, (usage.memoryBytes / (256 * 1024 * 1024)) * 100);
      if (driver.enforcement.cpu !== 'none') assert.ok(usage.cpuPercent < 130, `${usage.cpuPercent} %`);
      await driver.stop(id, 0);
    });

    test('a workload over its memory limit ends as out of memory, where that is enforced', async (t) => {
      if (driver.enforcement.memory === 'none') {
        assert.ok(driver.enforcement.reason, 'a driver that enforces no limit says why');
        t.skip(driver.enforcement.reason);
        return;
      }
      const id = await start('const all = []; setInterval(() => all.push(Buffer.alloc(4_000_000, 1)), 1)', { memoryMiB: 100 });
      const exit = await exitOf(id);
      assert.equal(exit.outOfMemory, true);
      assert.equal(exit.signal, 'SIGKILL');
    });

    test('addresses differ while leased', () => {
      const [first, second] = [driver.leaseAddress(), driver.leaseAddress()];
      assert.notEqual(first, second);
      driver.releaseAddress(first);
      assert.notEqual(driver.leaseAddress(), second);
    });
  });
}

/** Resolves with what `find` gives as soon as that is not undefined; rejects after 30 s. */
export async function until<T>(find: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (let attempts = 0; attempts < 3000; attempts++) {
    const found = await find();
    if (found !== undefined) return found;
    await systemClock.sleep(10);
  }
  throw new Error(`waited in vain: ${String(find)}`);
}
