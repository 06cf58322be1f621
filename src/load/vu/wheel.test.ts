import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock, seededRandom } from '../../base/index.ts';
import { TimerWheel, WheelEntry } from './wheel.ts';

class Note extends WheelEntry {
  readonly #fn: () => void;

  constructor(fn: () => void) {
    super();
    this.#fn = fn;
  }

  onDue(): void {
    this.#fn();
  }
}

function setUp(): { clock: ManualClock; wheel: TimerWheel; log: string[]; note: (name: string) => Note } {
  const clock = new ManualClock(1000);
  const wheel = new TimerWheel({ nowMs: () => clock.nowMs(), after: (delayMs, fn) => clock.after(delayMs, fn) });
  const log: string[] = [];
  return { clock, wheel, log, note: (name) => new Note(() => log.push(`${name}@${clock.nowMs() - 1000}`)) };
}

test('entries run when they are due, in order, also more than a round away', async () => {
  const { clock, wheel, log, note } = setUp();
  for (const delayMs of [200_000, 10, 65_546, 0, 10]) wheel.start(note(String(delayMs)), delayMs);
  await clock.advance(300_000);
  assert.deepEqual(log, ['0@1', '10@10', '10@10', '65546@65546', '200000@200000']);
  assert.equal(wheel.size, 0);
  assert.equal(clock.pendingCount, 0);
});

test('a cancelled entry does not run, and an entry that is started again moves', async () => {
  const { clock, wheel, log, note } = setUp();
  const gone = note('gone');
  const moved = note('moved');
  wheel.start(gone, 5);
  wheel.start(moved, 5);
  wheel.start(moved, 50);
  wheel.cancel(gone);
  wheel.cancel(gone);
  await clock.advance(100);
  assert.deepEqual(log, ['moved@50']);
});

test('entries may start and cancel others while they run', async () => {
  const { clock, wheel, log, note } = setUp();
  const victim = note('victim');
  const later = note('later');
  wheel.start(
    new Note(() => {
      log.push('first');
      wheel.cancel(victim);
      wheel.start(later, 0);
    }),
    7,
  );
  wheel.start(victim, 7);
  wheel.start(note('last'), 7);
  await clock.advance(20);
  assert.deepEqual(log, ['first', 'last@7', 'later@8']);
});

test('none of many random entries is lost, early or run twice', async () => {
  const { clock, wheel } = setUp();
  const random = seededRandom('wheel');
  const runs = new Map<number, number>();
  const delays = Array.from({ length: 2000 }, () => random.int(150_000));
  delays.forEach((delayMs, i) => {
    wheel.start(
      new Note(() => {
        assert.ok(clock.nowMs() - 1000 >= delayMs && clock.nowMs() - 1000 <= delayMs + 1);
        runs.set(i, (runs.get(i) ?? 0) + 1);
      }),
      delayMs,
    );
  });
  await clock.advance(160_000);
  assert.equal(runs.size, delays.length);
  assert.ok([...runs.values()].every((count) => count === 1));
});
