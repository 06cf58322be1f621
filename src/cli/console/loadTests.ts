import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PlimsollError, systemClock, systemRandom, uuid } from '../../base/index.ts';
import type { TestRequest, TestRun, TestSummary } from '../../console/index.ts';
import { cliErrors } from '../errors.ts';
import { RunningTest } from './runningTest.ts';

const shownMax = 200;
const idPattern = /^[0-9TZ-]{15,}-[0-9a-f]{8}$/;

/** Load tests that the console starts, one at a time, and those that ended: each has a folder with its script and its results. */
export class LoadTests {
  readonly #folder: string;
  readonly #onChange: (run: TestRun) => void;
  #running: RunningTest | undefined;

  constructor(folder: string, onChange: (run: TestRun) => void) {
    this.#folder = folder;
    this.#onChange = onChange;
  }

  /** Virtual users of the test that runs. */
  get users(): number | undefined {
    return this.#running?.isOver === false ? this.#running.state().users : undefined;
  }

  /** The test that runs, or that ran last since the start. */
  current(): TestRun | undefined {
    return this.#running?.state();
  }

  /** @throws PL_CLI_LOAD_TEST where one runs already. */
  start(request: TestRequest): TestRun {
    if (this.#running?.isOver === false)
      throw new PlimsollError(cliErrors.PL_CLI_LOAD_TEST, {
        what: `${this.#running.state().name} is still running`,
        fix: 'stop it first: two tests at once would measure each other',
      });
    const id = `${new Date(systemClock.nowMs()).toISOString().replaceAll(/[:.]/g, '-')}-${uuid(systemRandom).slice(0, 8)}`;
    const folder = join(this.#folder, id);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'script.js'), request.script);
    const running = new RunningTest(id, folder, request, (run) => {
      if (running.isOver) writeFileSync(join(folder, 'run.json'), JSON.stringify(run));
      this.#onChange(run);
    });
    this.#running = running;
    return running.state();
  }

  /** Ends it gracefully, with its teardown and summary. False where no such test runs. */
  stop(id: string): boolean {
    if (this.#running?.id !== id || this.#running.isOver) return false;
    this.#running.stop();
    return true;
  }

  get(id: string): TestRun | undefined {
    if (this.#running?.id === id) return this.#running.state();
    return this.#read(id);
  }

  /** Newest first. */
  list(): TestSummary[] {
    const ended = existsSync(this.#folder) ? readdirSync(this.#folder).filter((name) => idPattern.test(name)) : [];
    return ended
      .toSorted((a, b) => (a < b ? 1 : -1))
      .slice(0, shownMax)
      .flatMap((id) => this.get(id) ?? [])
      .map(({ id, name, state, startedAtMs, elapsedMs, usersMax, requests, failed, total }) => {
        return { id, name, state, startedAtMs, elapsedMs, usersMax, requests, failed, total };
      });
  }

  /** `script.js` or `report.html` of a test. */
  file(id: string, name: 'script.js' | 'report.html'): Buffer | undefined {
    if (!idPattern.test(id)) return undefined;
    try {
      return readFileSync(join(this.#folder, id, name));
    } catch {
      return undefined;
    }
  }

  async close(): Promise<void> {
    await this.#running?.kill();
  }

  #read(id: string): TestRun | undefined {
    if (!idPattern.test(id)) return undefined;
    try {
      return JSON.parse(readFileSync(join(this.#folder, id, 'run.json'), 'utf8')) as TestRun;
    } catch {
      // A test whose console was killed left no results.
      return undefined;
    }
  }
}
