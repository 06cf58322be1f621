import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { entry } from '../../base/index.ts';
import { findLinux, linuxFlags } from './linux.ts';

const skip = linuxFlags.length === 0 && 'neither Linux nor a Node that can call it';

/** Runs a module in a process that has `linux` and `timer`; resolves with what it printed. */
async function inProcess(code: string, niceness = 0): Promise<unknown> {
  const prologue = `
    import { findLinux } from ${JSON.stringify(entry(import.meta.url, './linux').href)};
    import { kernelTimer } from ${JSON.stringify(entry(import.meta.url, './precise-timer').href)};
    const linux = findLinux();
    const timer = kernelTimer(linux);`;
  const args = ['-n', String(niceness), process.execPath, ...linuxFlags, '--input-type=module', '-e', prologue + code];
  const { stdout, stderr } = await promisify(execFile)('nice', args, { timeout: 20_000 });
  assert.equal(stderr, '');
  return JSON.parse(stdout);
}

test('without the flags a process finds nothing, and goes on', () => {
  assert.equal(findLinux(), undefined);
});

test('a timer of the kernel calls once each time it is asked, never early, through garbage collection', { skip }, async () => {
  const delays = await inProcess(`
    import { setFlagsFromString } from 'node:v8';
    import { runInNewContext } from 'node:vm';
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc');
    const asked = [0, 0.0001, 0.25, 1, 3.7, 0.5, 1001];
    const kept = [];
    for (const delayMs of asked) {
      let calls = 0;
      const from = performance.now();
      await new Promise((resolve) => {
        const alive = setTimeout(() => {}, 10_000);
        timer.after(delayMs, () => { calls++; clearTimeout(alive); setImmediate(resolve); });
        collect();
      });
      kept.push(calls === 1 && performance.now() - from >= delayMs);
    }
    console.log(JSON.stringify(kept));`);
  assert.deepEqual(delays, [true, true, true, true, true, true, true]);
});

test('a timer that waits does not keep a process alive', { skip }, async () => {
  assert.equal(await inProcess(`timer.after(60_000, () => {}); console.log('1');`), 1);
});

test('short turns leave the niceness as it is', { skip }, async () => {
  const code = `
    import { getPriority } from 'node:os';
    linux.takeShortTurns(0.1);
    console.log(JSON.stringify(getPriority()));`;
  assert.equal(await inProcess(code, 7), 7);
});
