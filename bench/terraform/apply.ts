/**
 * `node bench/terraform/apply.ts [ROUNDS]`: how long the ECS stack takes from nothing to the first answer with status 200 through
 * its load balancer, PostgreSQL included, and back to nothing. The region runs at time scale 1; each round starts a `plimsoll up`
 * of its own, which is not counted, and runs the commands as a person would, whose start is.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { monotonicMs, systemClock } from '../../src/base/index.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const bin = join(root, 'bin/plimsoll.js');
const rounds = Number(process.argv[2] ?? 3);

interface Figures {
  readonly applyS: number;
  readonly firstAnswerS: number;
  readonly secondPlanS: number;
  readonly destroyS: number;
}

async function round(): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-bench-'));
  cpSync(join(root, 'examples/terraform/taskoverflow-ecs'), folder, { recursive: true });
  const up = spawn(process.execPath, [bin, 'up', '--ephemeral', '--json', '--port', '0', '--console-port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const endpoint = await readyEndpoint(up);
    const run = (...args: string[]): string => {
      const done = spawnSync(process.execPath, [bin, ...args], { env: { ...process.env, AWS_ENDPOINT_URL: endpoint }, encoding: 'utf8' });
      if (done.status !== 0) throw new Error(`${args[0]} ended with ${done.status}: ${done.stdout}${done.stderr}`);
      return done.stdout;
    };
    const startMs = monotonicMs();
    const sinceS = (fromMs: number): number => (monotonicMs() - fromMs) / 1000;
    run('apply', folder, '--auto-approve');
    const applyS = sinceS(startMs);
    const status = JSON.parse(run('status', '--json')) as { loadBalancers: { listeners: { url: string }[] }[] };
    const url = `${status.loadBalancers[0]?.listeners[0]?.url}/api/v1/todos`;
    while ((await fetch(url).catch(() => undefined))?.status !== 200) await systemClock.sleep(20);
    const firstAnswerS = sinceS(startMs);
    const planMs = monotonicMs();
    run('plan', folder, '--detailed-exitcode');
    const secondPlanS = sinceS(planMs);
    const destroyMs = monotonicMs();
    run('destroy', folder, '--auto-approve');
    return { applyS, firstAnswerS, secondPlanS, destroyS: sinceS(destroyMs) };
  } finally {
    up.kill('SIGINT');
    await once(up, 'exit');
    rmSync(folder, { recursive: true, force: true });
  }
}

async function readyEndpoint({ stdout }: ChildProcess): Promise<string> {
  if (stdout === null) throw new Error('no output');
  const [line] = (await once(createInterface({ input: stdout }), 'line')) as [string];
  return (JSON.parse(line) as { endpoint: string }).endpoint;
}

const found: Figures[] = [];
for (let at = 0; at < rounds; at++) found.push(await round());
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const columns = ['applyS', 'firstAnswerS', 'secondPlanS', 'destroyS'] as const;
for (const column of columns) {
  const values = found.map((figures) => figures[column]);
  process.stdout.write(
    `${column.padEnd(14)} median ${median(values).toFixed(2)} s  (${values.map((value) => value.toFixed(2)).join(', ')})\n`,
  );
}
