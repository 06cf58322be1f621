import { writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import { errorMessage, systemClock } from '../../base/index.ts';
import {
  checkWritable,
  openRest,
  RunExitCode,
  startLoad,
  summaryExport,
  type LoadResult,
  type LoadRun,
  type LogLine,
} from '../../load/index.ts';
import type { ConsoleServer } from '../console/server.ts';
import { OneTest } from '../console/oneTest.ts';
import { declareFlags, type Flags } from './flags.ts';
import { openLog } from './log.ts';
import { refuse, registerRefused } from './refused.ts';
import { settingsOf, type RunSettings } from './settings.ts';
import { runSuite } from './suite.ts';
import { ProgressView } from './view.ts';

/** `plimsoll run SCRIPT`: k6's `run` with its flags, environment variables, output and exit codes. */

export function registerRun(program: Command): void {
  const command = program
    .command('run')
    .description('run a k6 script')
    .argument('<script...>', 'the script: JavaScript or TypeScript, - is standard input; several run one after the other');
  registerRefused(command);
  declareFlags(command);
  command
    .addHelpText(
      'after',
      `
Examples:
  $ plimsoll run script.js
  $ plimsoll run -u 50 -d 1m script.js
  $ plimsoll run login.js search.js pay.js
  $ plimsoll run -s 30s:100 -s 1m:100 -s 10s:0 -e BASE_URL=http://localhost:8080 script.js
  $ plimsoll run --out html=report.html --stage-results script.js
  $ plimsoll run --abort-on-rate-missed ramp.js

Exit codes are k6's: 0 passed, 99 a threshold failed, 104 bad options, 105 interrupted, 107 the script failed, 255 bad usage.
What k6 does not have, with examples: docs/load.md. What differs: docs/k6-compatibility.md.`,
    )
    .action(async (scripts: string[], flags: Flags) => {
      const [script = ''] = scripts;
      process.exitCode = scripts.length === 1 ? await runScript(script, flags) : await runSuite(scripts, flags, runScript);
    });
}

async function runScript(script: string, flags: Flags): Promise<number> {
  refuse(flags, process.env);
  const settings = settingsOf(flags, process.env, process.stderr.isTTY);
  if (settings.summaryExport !== undefined) checkWritable(settings.summaryExport, '--summary-export');
  const view = new ProgressView(settings.isQuiet);
  const runLog = openLog(settings.log, (write) => view.above(write));
  const said = new Set<string>();
  const log = (line: LogLine): void => {
    if (line.level === 'error') said.add(line.message);
    runLog.write(line);
  };
  const shown = settings.consolePort === undefined ? undefined : new OneTest(script);
  const hear = shown?.running.hears;
  const { env, defaults, options, outputs, secretSources, workers } = settings;
  const run = startLoad({
    script,
    ...(script === '-' ? { source: await text(process.stdin) } : {}),
    env,
    defaults,
    options,
    outputs,
    secretSources,
    noColor: !settings.hasColour,
    ...(workers === undefined ? {} : { workers }),
    ...(hear === undefined ? {} : { onSeries: hear.onSeries }),
    log: (line) => {
      hear?.log(line);
      log(line);
    },
  });
  shown?.running.follow(run);
  const signals = stopOnSignal(run, log);
  const rest = settings.address === undefined ? undefined : openRest(run, settings.address);
  const page = shown === undefined ? undefined : openConsole(shown, settings.consolePort ?? 0);
  try {
    await Promise.all([rest, page]).catch((error: unknown) => {
      run.result.catch(() => undefined);
      run.kill();
      throw error;
    });
    if (page !== undefined) log({ level: 'info', message: `console: ${(await page).url}`, source: '' });
    run.plan.then((plan) => view.begin(plan, script)).catch(() => undefined);
    run.onProgress((progress) => view.show(progress));
    const result = await run.result;
    view.end();
    tell(result, settings, log, said);
    if (settings.lingers && result.exitCode !== RunExitCode.externalAbort) {
      log({ level: 'info', message: 'the test is over; --linger waits for Ctrl-C', source: '' });
      await signals.received;
    }
    return result.exitCode;
  } finally {
    signals.release();
    await rest?.then((api) => api.close()).catch(() => undefined);
    await page?.then((server) => server.close()).catch(() => undefined);
    runLog.close();
  }
}

/** The summary, the files that it goes to, and why the test did not pass. What cannot be written changes no exit code. */
function tell(
  result: LoadResult,
  { summaryExport: exportFile }: RunSettings,
  log: (line: LogLine) => void,
  said: ReadonlySet<string>,
): void {
  const say = (level: LogLine['level'], message: string): void => log({ level, message, source: '' });
  process.stdout.write(result.summaryText);
  process.stderr.write(result.errorText);
  const files = Object.entries(result.files);
  if (exportFile !== undefined) files.push([exportFile, JSON.stringify(summaryExport(result), null, 4)]);
  for (const [file, content] of files) {
    try {
      writeFileSync(file, content);
    } catch (error) {
      say('error', `a summary cannot be written: ${errorMessage(error)}`);
    }
  }
  for (const distortion of result.distortions) say('warning', distortion);
  const failed = [...new Set(result.thresholds.filter(({ ok }) => !ok).map(({ metric }) => metric))].sort();
  if (result.exitCode === RunExitCode.thresholdsFailed && failed.length > 0)
    say('error', `thresholds on metrics '${failed.join(', ')}' have been crossed`);
  if (result.reason !== undefined && !said.has(result.reason)) say('error', `the test ended early: ${result.reason}`);
}

/** The console is loaded when it is asked for: most runs begin without. */
async function openConsole(shown: OneTest, port: number): Promise<ConsoleServer> {
  const { ConsoleServer: Server } = await import('../console/server.ts');
  return Server.openForRun(shown, { host: '127.0.0.1', ports: [port] });
}

/** The longest that a timer may be set for. */
const TIMER_MAX_MS = 2 ** 31 - 1;

interface Signals {
  /** The first one. */
  readonly received: Promise<void>;
  release(): void;
}

/** Once: iterations are interrupted, teardown and summary follow. Twice: the end. */
function stopOnSignal(run: LoadRun, log: (line: LogLine) => void): Signals {
  const received = Promise.withResolvers<void>();
  // Whoever lingers may have nothing else to wait for, and without that Node ends.
  const alive = systemClock.after(TIMER_MAX_MS, () => undefined);
  let count = 0;
  let isOver = false;
  run.result.then(
    () => (isOver = true),
    () => undefined,
  );
  const onSignal = (name: NodeJS.Signals): void => {
    count++;
    received.resolve();
    if (isOver) return;
    if (count > 1) {
      log({ level: 'error', message: `stopped at once: ${name} came again`, source: '' });
      process.exit(RunExitCode.externalAbort);
    }
    log({ level: 'warning', message: 'stopping: teardown() and the summary follow; again to end at once', source: '' });
    run.stop(`${name} was received`);
  };
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, onSignal);
  return {
    received: received.promise,
    release: () => {
      alive.cancel();
      for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, onSignal);
    },
  };
}
