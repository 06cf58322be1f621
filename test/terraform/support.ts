import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { entry, forkChild, systemClock, type Child } from '../../src/base/index.ts';
import type { Status } from '../../src/cli/status/collect.ts';
import { processTree, root, runCommand, survivors, type Command, type Finished } from '../support/processes.ts';

/** Why instances cannot run here; false where they can. */
export const noMachines =
  (process.platform !== 'linux' || spawnSync('unshare', ['-Urmn', 'true']).status !== 0) && 'needs Linux namespaces';

/** A `plimsoll up` of its own, and folders of Terraform files to apply to it. */
export class Stage {
  readonly endpoint: string;
  readonly #up: Command;
  readonly #folders: string[] = [];
  readonly #host: Child<readonly string[], Finished>;
  /** Who waits for the commands that the host was asked for, in their order. */
  readonly #waiting: ((finished: Finished) => void)[] = [];

  private constructor(up: Command, endpoint: string, env: NodeJS.ProcessEnv) {
    this.#up = up;
    this.endpoint = endpoint;
    this.#host = forkChild(entry(import.meta.url, './commandHost'), {
      env: this.environment({ ...env, NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/plimsoll') }),
    });
    this.#host.onMessage((finished) => this.#waiting.shift()?.(finished));
    void this.#failOnExit();
  }

  /** @param env what the commands find in their environment besides the region's address */
  static async open(flags: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Stage> {
    const up = runCommand(['up', '--ephemeral', '--json', '--port', '0', '--console-port', '0', ...flags]);
    await up.says(/"ready":true/);
    return new Stage(up, (JSON.parse(up.stdout()) as { endpoint: string }).endpoint, env);
  }

  /** An empty one. */
  folder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'plimsoll-terraform-'));
    this.#folders.push(folder);
    return folder;
  }

  /** A copy of an example, to be changed at will. */
  copy(example: string): string {
    const folder = this.folder();
    cpSync(join(root, 'examples/terraform', example), folder, { recursive: true });
    return folder;
  }

  async #failOnExit(): Promise<void> {
    const { code, signal } = await this.#host.exited;
    for (const end of this.#waiting) end({ code, signal, stdout: '', stderr: 'the host of the commands ended' });
  }

  /** Of commands for this region. */
  environment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
    return { ...process.env, AWS_ENDPOINT_URL: this.endpoint, ...more };
  }

  /** Runs a command where others ran before: no time goes into loading it. */
  run(...args: string[]): Promise<Finished> {
    this.#host.send(args);
    return new Promise((resolve) => void this.#waiting.push(resolve));
  }

  /** Starts a command in a process of its own. */
  start(...args: string[]): Command {
    return runCommand(args, { env: this.environment() });
  }

  apply(folder: string, ...flags: string[]): Promise<string> {
    return this.applyPlan(folder, '--auto-approve', ...flags);
  }

  /** Without asking: it was looked at before. */
  async applyPlan(file: string, ...flags: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run('apply', file, ...flags);
    assert.equal(code, 0, stdout + stderr);
    return /Resources: (.*)\./.exec(stdout)?.[1] ?? stdout;
  }

  /** Nothing is left to do. */
  async settled(folder: string, ...flags: string[]): Promise<void> {
    const { code, stdout, stderr } = await this.run('plan', folder, '--detailed-exitcode', ...flags);
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /^No changes\. /m);
  }

  /** Nothing is left: not in the region, not in the state. */
  async destroy(folder: string): Promise<void> {
    const { code, stdout, stderr } = await this.run('destroy', folder, '--auto-approve');
    assert.equal(code, 0, stdout + stderr);
    const { resources, outputs } = JSON.parse(readFileSync(join(folder, 'plimsoll.tfstate'), 'utf8')) as { resources: []; outputs: object };
    assert.deepEqual([resources, outputs], [[], {}]);
    const { activities: _, ...left } = await this.status();
    for (const [kind, list] of Object.entries(left)) assert.deepEqual(list, [], kind);
  }

  async status(): Promise<Status> {
    const { code, stdout, stderr } = await this.run('status', '--json');
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as Status;
  }

  /** Looks at the status until it is as it should be: what was asked for takes a moment to happen. */
  async eventually(what: string, holds: (status: Status) => boolean): Promise<Status> {
    for (let tries = 0; ; tries++) {
      const status = await this.status();
      if (holds(status)) return status;
      assert.ok(tries < 120, `${what}: ${JSON.stringify(status)}`);
      await systemClock.sleep(250);
    }
  }

  /** Where the load balancer answers that an output names: at that name, on the port that could be had. */
  async balancerUrl(folder: string): Promise<string> {
    const { stdout: name } = await this.run('output', folder, 'dns_name', '--raw');
    const { loadBalancers } = await this.status();
    const url = loadBalancers.find(({ dnsName }) => dnsName === name)?.listeners[0]?.url;
    assert.ok(url, `${name} among ${JSON.stringify(loadBalancers)}`);
    assert.equal(new URL(url).hostname, name);
    return url;
  }

  /** Ctrl-C: no process may be left. */
  async close(): Promise<void> {
    const tree = processTree(this.#up.pid);
    this.#up.child.kill('SIGINT');
    await Promise.all([this.#up.finished, this.#host.stop(5000)]);
    assert.deepEqual(await survivors(tree, 5000), []);
    for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true });
  }
}

/** The text of the first answer with status 200. */
export async function firstAnswer(url: string): Promise<string> {
  for (let tries = 0; ; tries++) {
    const answer = await fetch(url).catch(() => undefined);
    const text = await answer?.text();
    if (answer?.status === 200 && text !== undefined) return text;
    assert.ok(tries < 240, `${url}: ${answer?.status} ${text}`);
    await systemClock.sleep(125);
  }
}

export function edit(file: string, from: string, to: string): void {
  const text = readFileSync(file, 'utf8');
  assert.ok(text.includes(from), `${from} in ${file}`);
  writeFileSync(file, text.replace(from, to));
}

/** Keeps asking, `users` at a time, until it is told to stop; gives how many answers were not 200. */
export function swarm(url: string, users: number): { stop(): Promise<number> } {
  const abort = new AbortController();
  let failed = 0;
  const user = async (): Promise<void> => {
    while (!abort.signal.aborted) {
      try {
        const answer = await fetch(url, { signal: abort.signal });
        await answer.arrayBuffer();
        if (answer.status !== 200) failed++;
      } catch {
        if (!abort.signal.aborted) failed++;
      }
    }
  };
  const running = Promise.all(Array.from({ length: users }, user));
  return {
    async stop() {
      abort.abort();
      await running;
      return failed;
    },
  };
}
