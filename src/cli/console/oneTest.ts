import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { ServerResponse } from 'node:http';
import { PlimsollError } from '../../base/index.ts';
import type { TestRun, TestSummary } from '../../console/index.ts';
import { cliErrors } from '../errors.ts';
import { eventText, Followers } from './events.ts';
import { summaryOf, type TestFile, type Tests } from './loadTests.ts';
import { RunningTest } from './runningTest.ts';

/** The load test of `plimsoll run`, which the page follows and may end, and no other. */
export class OneTest implements Tests {
  readonly running: RunningTest;
  readonly #script: string;
  readonly #followers = new Followers();

  constructor(script: string) {
    this.#script = script;
    this.running = new RunningTest('run', basename(script), (run) => this.#followers.tell('test', run));
  }

  follow(response: ServerResponse): void {
    this.#followers.add(response);
    response.write(eventText('test', this.running.state()));
  }

  endFollowing(): void {
    this.#followers.close();
  }

  get users(): number | undefined {
    return this.running.state().users;
  }

  current(): TestRun {
    return this.running.state();
  }

  start(): never {
    throw new PlimsollError(cliErrors.PL_CLI_LOAD_TEST, {
      what: 'this console is of one run of plimsoll run',
      fix: 'plimsoll up has a console that starts load tests',
    });
  }

  stop(id: string): boolean {
    if (id !== this.running.id || this.running.isOver) return false;
    this.running.stop();
    return true;
  }

  get(id: string): TestRun | undefined {
    return id === this.running.id ? this.running.state() : undefined;
  }

  list(): TestSummary[] {
    return [summaryOf(this.running.state())];
  }

  file(id: string, name: TestFile): Buffer | undefined {
    return id === this.running.id && name === 'script.js' ? readFileSync(this.#script) : undefined;
  }

  /** The run is the command's to end. */
  close(): Promise<void> {
    return this.running.ended;
  }
}
