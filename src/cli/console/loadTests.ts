import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PlimsollError, systemClock, systemRandom, uuid } from '../../base/index.ts';
import type { TestRequest, TestRun, TestSummary } from '../../console/index.ts';
import { startLoad, type LoadRequest } from '../../load/index.ts';
import { cliErrors } from '../errors.ts';
import { RunningTest } from './runningTest.ts';

const shownMax = 200;
/** All that the statistics need, and no URL: rows are by name. */
const systemTags = ['error', 'error_code', 'expected_response', 'method', 'name', 'scenario', 'status'];
const idPattern = /^[0-9TZ-]{15,}-[0-9a-f]{8}$/;

/** The load tests that a console shows. */
export interface Tests {
  /** Virtual users of the test that runs. */
  readonly users: number | undefined;
  /** The test that runs, or that ran last since the start. */
  current(): TestRun | undefined;
  /** @throws PL_CLI_LOAD_TEST where none can be started now. */
  start(request: TestRequest): TestRun;
  /** Ends it gracefully, with its teardown and summary. False where no such test runs. */
  stop(id: string): boolean;
  get(id: string): TestRun | undefined;
  /** Newest first. */
  list(): TestSummary[];
  file(id: string, name: TestFile): Buffer | undefined;
  /** At once; resolves when none runs any more. */
  close(): Promise<void>;
}

export type TestFile = 'script.js' | 'report.html';

/** Load tests that the console starts, one at a time, and those that ended: each has a folder with its script and its results. */
export class LoadTests implements Tests {
  readonly #folder: string;
  readonly #onChange: (run: TestRun) => void;
  #running: RunningTest | undefined;

  constructor(folder: string, onChange: (run: TestRun) => void) {
    this.#folder = folder;
    this.#onChange = onChange;
  }

  get users(): number | undefined {
    return this.#running?.isOver === false ? this.#running.state().users : undefined;
  }

  current(): TestRun | undefined {
    return this.#running?.state();
  }

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
    const running = new RunningTest(id, request.name, (run) => {
      if (running.isOver) writeFileSync(join(folder, 'run.json'), JSON.stringify(run));
      this.#onChange(run);
    });
    running.follow(startLoad({ ...loadRequestOf(folder, request), ...running.hears }));
    this.#running = running;
    return running.state();
  }

  stop(id: string): boolean {
    if (this.#running?.id !== id || this.#running.isOver) return false;
    this.#running.stop();
    return true;
  }

  get(id: string): TestRun | undefined {
    if (this.#running?.id === id) return this.#running.state();
    return this.#read(id);
  }

  list(): TestSummary[] {
    const ended = existsSync(this.#folder) ? readdirSync(this.#folder).filter((name) => idPattern.test(name)) : [];
    return ended
      .toSorted((a, b) => (a < b ? 1 : -1))
      .slice(0, shownMax)
      .flatMap((id) => this.get(id) ?? [])
      .map(summaryOf);
  }

  file(id: string, name: TestFile): Buffer | undefined {
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

export function summaryOf(run: TestRun): TestSummary {
  const { id, name, state, startedAtMs, elapsedMs, usersMax, requests, failed, total } = run;
  return { id, name, state, startedAtMs, elapsedMs, usersMax, requests, failed, total };
}

function loadRequestOf(folder: string, { env, ramp, workers }: TestRequest): LoadRequest {
  const stages = (given: NonNullable<TestRequest['ramp']>): { duration: string; target: number }[] => [
    { duration: `${given.rampSeconds}s`, target: given.users },
    { duration: `${given.holdSeconds}s`, target: given.users },
  ];
  return {
    script: join(folder, 'script.js'),
    env: { ...env },
    options: { systemTags, ...(ramp === undefined ? {} : { stages: stages(ramp) }) },
    outputs: [`html=${join(folder, 'report.html')}`],
    outputEnv: {},
    ...(workers === undefined ? {} : { workers }),
  };
}
