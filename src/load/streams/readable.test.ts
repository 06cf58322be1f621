import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReadableStream as NodeStream } from 'node:stream/web';
import fc from 'fast-check';
import { createPromiseClass } from '../script/promises.ts';
import { VuLoop } from '../vu/loop.ts';
import type { Engine } from '../vu/engine.ts';
import type { Vu } from '../vu/vu.ts';
import { streamClasses } from './classes.ts';

/** One step of a program: what the script and its source do with a stream. */
type Step = 'read' | 'enqueue' | 'close' | 'error' | 'cancel' | 'cancel reader' | 'release' | 'get reader' | 'next' | 'return' | 'settle';

const steps: readonly Step[] = [
  'read',
  'read',
  'enqueue',
  'enqueue',
  'close',
  'error',
  'cancel',
  'cancel reader',
  'release',
  'get reader',
  'settle',
  'settle',
];

interface Program {
  readonly highWaterMark: number;
  readonly size: number;
  /** What each call of `pull` does. */
  readonly pulls: readonly ('enqueue' | 'nothing' | 'throw' | 'reject' | 'later' | 'close')[];
  readonly start: 'nothing' | 'enqueue' | 'later';
  readonly steps: readonly Step[];
}

interface World {
  readonly Stream: typeof NodeStream;
  readonly Promise: PromiseConstructor;
  settle(): Promise<void>;
}

/** Runs a program and tells all that can be seen of it. */
async function play({ Stream, Promise, ...world }: World, program: Program): Promise<string[]> {
  const log: string[] = [];
  let count = 0;
  let pulls = 0;
  let controller!: ReadableStreamDefaultController<number>;
  const later: (() => void)[] = [];
  const promised = (): Promise<void> => new Promise((resolve) => later.push(resolve));
  const attempt = (what: string, act: () => unknown): void => {
    let result: unknown;
    try {
      result = act();
    } catch (error) {
      log.push(`${what} threw ${(error as Error).name}`);
      return;
    }
    if (!(result instanceof Promise)) return;
    result.then(
      (value) => log.push(`${what} gave ${JSON.stringify(value, ['done', 'value'])}`),
      (error: unknown) => log.push(`${what} failed ${error instanceof Error ? error.name : JSON.stringify(error)}`),
    );
  };
  const stream = new Stream<number>(
    {
      start(given) {
        controller = given;
        log.push(`start ${given.desiredSize}`);
        if (program.start === 'enqueue') given.enqueue(count++);
        return program.start === 'later' ? promised() : undefined;
      },
      pull(given) {
        log.push(`pull ${given.desiredSize}`);
        const kind = program.pulls[pulls++ % program.pulls.length];
        if (kind === 'enqueue' && count < 40) given.enqueue(count++);
        if (kind === 'close') given.close();
        if (kind === 'throw') throw new RangeError('pull');
        if (kind === 'reject') return Promise.reject(new SyntaxError('pull'));
        return kind === 'later' ? promised() : undefined;
      },
      cancel: (reason: unknown) => void log.push(`cancel ${String(reason)}`),
    },
    { highWaterMark: program.highWaterMark, size: () => program.size },
  );
  let reader: ReadableStreamDefaultReader<number> | undefined;
  let iterator: AsyncIterator<number> | undefined;
  const act: Record<Step, () => unknown> = {
    read: () => reader?.read(),
    enqueue: () => controller.enqueue(count++),
    close: () => controller.close(),
    error: () => controller.error('broken'),
    cancel: () => stream.cancel('why'),
    'cancel reader': () => reader?.cancel('enough'),
    release: () => reader?.releaseLock(),
    'get reader': () => {
      reader = stream.getReader();
      attempt('closed', () => reader?.closed);
    },
    next: () => (iterator ??= stream.values()).next(),
    return: () => iterator?.return?.(7),
    settle: () => undefined,
  };
  for (const step of program.steps) {
    attempt(step, act[step]);
    log.push(`${step}: ${controller.desiredSize} ${stream.locked}`);
    if (step !== 'settle') continue;
    await world.settle();
    for (const resolve of later.splice(0)) resolve();
    await world.settle();
  }
  await world.settle();
  return log;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function ours(): World {
  const loop = new VuLoop({ wheel: undefined } as unknown as Engine);
  const promiseClass = createPromiseClass(loop, () => assert.fail('nothing blocks here'));
  const { ReadableStream } = streamClasses({ loop, promiseClass, engine: {} } as unknown as Vu);
  return {
    Stream: ReadableStream as unknown as typeof NodeStream,
    Promise: promiseClass as unknown as PromiseConstructor,
    settle: async () => loop.runReady(),
  };
}

const programs = (of: readonly Step[]): fc.Arbitrary<Program> =>
  fc.record({
    highWaterMark: fc.integer({ min: 0, max: 3 }),
    size: fc.integer({ min: 0, max: 2 }),
    pulls: fc.array(fc.constantFrom('enqueue', 'enqueue', 'nothing', 'throw', 'reject', 'later', 'close'), { minLength: 1, maxLength: 4 }),
    start: fc.constantFrom('nothing', 'enqueue', 'later'),
    steps: fc.array(fc.constantFrom(...of), { maxLength: 16 }),
  });

test('streams do what those of Node do, in the same order', async () => {
  await fc.assert(
    fc.asyncProperty(programs(steps), async (program) => {
      const expected = await play({ Stream: NodeStream, Promise, settle: turn }, program);
      assert.deepEqual(await play(ours(), program), expected);
    }),
    { numRuns: 400 },
  );
});

test('iterating over a stream gives what it gives in Node', async () => {
  // Node takes more turns than the standard for a step of its iterator: order is not compared, and no step has to wait for another.
  const told = (log: readonly string[]): string[] => log.filter((line) => /^(?:next|return) (?:gave|failed)|^cancel /.test(line));
  await fc.assert(
    fc.asyncProperty(programs(['next', 'return', 'enqueue', 'close', 'error']), async (each) => {
      const steps = each.steps.flatMap((step): Step[] => ['settle', step, 'settle']);
      const program: Program = { ...each, pulls: ['enqueue'], start: 'nothing', steps };
      const expected = await play({ Stream: NodeStream, Promise, settle: turn }, program);
      assert.deepEqual(told(await play(ours(), program)), told(expected));
    }),
    { numRuns: 400 },
  );
});
