import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createLogger, errorMessage, ExitCode, formatSpan, monotonicMs, packageRoot, PlimsollError } from '../../base/index.ts';
import { openRegion, type Region } from '../../region/index.ts';
import { ConsoleServer } from '../console/server.ts';
import { sourceOf, usualConsolePort } from '../console/source.ts';
import { makeDataFolder, temporaryDataFolder } from '../dataFolder.ts';
import { cliErrors } from '../errors.ts';
import { portCandidates } from '../ports.ts';
import { interruptible } from '../signals.ts';
import type { DemoOptions } from './command.ts';
import { planDemo, type DemoPlan } from './plan.ts';
import { renderHello, tellHello, type HelloReport } from './hello.ts';
import { Narrator } from './narrator.ts';
import { makeReport, renderReport, type DemoReport } from './report.ts';
import { createEc2Stack } from './ec2.ts';
import { createEcsStack } from './ecs.ts';
import type { Stack, StackOptions } from './stack.ts';
import { tellStory } from './story.ts';

/** A quarter of a vCPU answers about 180 lists of this length a second, so that a small machine can show the limits of one task and of four. */
const todos = 300;
const demoLoad = { first: 500, peak: 1400, calm: 8 };
const targetCpuPercent = 20;
const cpuUnits = 256;
const memoryMiB = 512;
/** What PostgreSQL, the balancer and the first task take to start, for the progress bar. */
const startUpMs = 8000;
/** What `demo hello` takes. */
const helloMs = 15_000;
const minuteMs = 60_000;
/** pino's number for `warn`. */
const warnLevel = 40;
const warningsShown = 12;

interface Kind {
  readonly noun: Stack['noun'];
  create(live: Region, options: StackOptions, onStep: (text: string) => void): Promise<Stack>;
}

/** The smallest one: no database, no load to carry. */
const helloName = 'hello';

const kinds: Readonly<Record<string, Kind>> = {
  ecs: { noun: 'task', create: createEcsStack },
  ec2: { noun: 'instance', create: createEc2Stack },
};

/** Tells the story of a stack and gives the exit code. */
export async function demo(stackName: string, options: DemoOptions): Promise<number> {
  const kind = kinds[stackName];
  if (kind === undefined && stackName !== helloName) {
    throw new PlimsollError(cliErrors.PL_CLI_STACK_UNKNOWN, {
      what: `there is no demo of the stack "${stackName}"`,
      fix: `choose one of: ${[helloName, ...Object.keys(kinds)].join(', ')}`,
    });
  }
  const startedMs = monotonicMs();
  if (options.json !== undefined) writeJson(options.json, { ok: false, problems: ['the demo has not ended'] });
  const dataDir = options.data === undefined ? await temporaryDataFolder('demo') : emptyFolder(resolve(options.data));
  const logFile = join(dataDir, 'plimsoll.log');
  const log = createLogger('plimsoll', 'info', logFile);
  const plan = planDemo(options.timeScale, demoLoad);
  const narrator = new Narrator(startedMs);
  const { signal, exitCode, dispose } = interruptible();
  let region: Region | undefined;
  let page: ConsoleServer | undefined;
  let users: number | undefined;
  try {
    const expectedMs = kind === undefined ? helloMs : startUpMs + plan.loadMs;
    narrator.step(`the region runs ${options.timeScale} × as fast as the wall clock; about ${formatSpan(expectedMs)} in all`);
    region = await openRegion({
      dataDir,
      temporary: options.data === undefined,
      timeScale: options.timeScale,
      // Nobody takes on what a killed demo leaves.
      orphanGraceMs: 0,
      balancerHost: '127.0.0.1',
      instanceVcpuShare: cpuUnits / 1024,
      portsFor: () => portCandidates(options.port, 8080),
      log,
    });
    signal.throwIfAborted();
    page = await ConsoleServer.open({
      source: { ...sourceOf(region), users: () => users },
      host: '127.0.0.1',
      ports: portCandidates(options.consolePort, usualConsolePort),
      testsFolder: join(dataDir, 'tests'),
      log,
    });
    narrator.step(`watch it in the console: ${page.url}`);
    if (kind === undefined) {
      const report = await runHello(region, { startedMs, narrator, signal });
      if (options.json !== undefined) writeJson(options.json, report);
      if (options.keep) await keep(report.url, signal);
      return report.ok ? ExitCode.ok : ExitCode.failed;
    }
    narrator.enforcement(region.driver.enforcement, kind.noun, cpuUnits, memoryMiB);
    const stack = await kind.create(region, { cpuUnits, memoryMiB, targetCpuPercent, signal }, (text) => narrator.step(text));
    await settle(region, options.timeScale, narrator, signal);
    const report = await runStory(region, stack, plan, { startedMs, narrator, signal, log, onUsers: (count) => (users = count) });
    narrator.close();
    process.stdout.write(renderReport(report));
    if (!report.ok) process.stderr.write(recentWarnings(logFile));
    if (options.json !== undefined) writeJson(options.json, report);
    if (options.keep) await keep(`${stack.url} (its page), ${stack.url}/api/v1/todos`, signal);
    return report.ok ? ExitCode.ok : ExitCode.failed;
  } catch (error) {
    if (!signal.aborted) throw error;
    narrator.close();
    process.stderr.write('plimsoll: interrupted, stopping everything\n');
    return exitCode();
  } finally {
    narrator.close();
    await page?.close();
    await region?.close();
    if (options.data === undefined) rmSync(dataDir, { recursive: true, force: true });
    dispose();
  }
}

/** Starting a task costs CPU. A whole quiet minute keeps that out of the three minutes that the high alarm looks at. */
async function settle(region: Region, timeScale: number, narrator: Narrator, signal: AbortSignal): Promise<void> {
  const restMs = 2 * minuteMs - (region.clock.nowMs() % minuteMs);
  narrator.step(`waiting ${formatSpan(restMs / timeScale)} for a quiet minute of region time`);
  await region.clock.sleep(restMs, signal);
}

interface RunContext {
  startedMs: number;
  narrator: Narrator;
  signal: AbortSignal;
  log: ReturnType<typeof createLogger>;
  readonly onUsers: (users: number | undefined) => void;
}

async function runStory(region: Region, stack: Stack, plan: DemoPlan, context: RunContext): Promise<DemoReport> {
  const { startedMs, narrator, signal, log, onUsers } = context;
  const story = await tellStory(region, stack, {
    script: join(packageRoot, 'examples/scripts/taskoverflow.js'),
    todos,
    plan,
    startedMs,
    expectedMs: startUpMs + plan.loadMs,
    signal,
    log,
    onFrame: (frame) => {
      narrator.frame(frame);
      onUsers(frame.users);
    },
  });
  onUsers(undefined);
  return makeReport(region, stack, story, monotonicMs() - startedMs);
}

async function runHello(
  live: Region,
  { startedMs, narrator, signal }: Pick<RunContext, 'startedMs' | 'narrator' | 'signal'>,
): Promise<HelloReport> {
  const story = await tellHello(live, { signal, onStep: (text) => narrator.step(text) });
  const report = { ...story, durationS: Math.round((monotonicMs() - startedMs) / 100) / 10 };
  process.stdout.write(renderHello(report));
  return report;
}

async function keep(places: string, signal: AbortSignal): Promise<void> {
  process.stdout.write(`Still running: ${places}. Ctrl-C stops it.\n`);
  await new Promise((done) => signal.addEventListener('abort', done, { once: true }));
}

/** The demo tells its story from the beginning, so it does not go on with an older state. */
function emptyFolder(folder: string): string {
  makeDataFolder(folder);
  if (readdirSync(folder).length > 0) {
    throw new PlimsollError(cliErrors.PL_CLI_DATA_NOT_EMPTY, {
      what: 'the folder for --data is not empty',
      where: folder,
      fix: 'name a new or empty one',
    });
  }
  return folder;
}

/** The last warnings and errors of a log, one line each: what is needed to understand a demo that did not hold. */
function recentWarnings(file: string): string {
  const entries = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { level: number; time: number; msg?: string; err?: { message: string } })
    .filter((entry) => entry.level >= warnLevel)
    .slice(-warningsShown);
  return entries.map(({ time, msg, err }) => `${new Date(time).toISOString()} ${msg ?? ''}${err ? `: ${err.message}` : ''}\n`).join('');
}

function writeJson(file: string, value: unknown): void {
  try {
    writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
  } catch (error) {
    throw new PlimsollError(cliErrors.PL_CLI_OUTPUT, {
      what: `the report cannot be written: ${errorMessage(error)}`,
      where: file,
      fix: 'choose another file with --json',
      cause: error,
    });
  }
}
