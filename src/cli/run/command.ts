import { readFileSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { errorMessage, PlimsollError } from '../../base/index.ts';
import {
  headerText,
  loadErrors,
  mergeOptions,
  openRest,
  optionsFromEnvironment,
  optionSources,
  progressLines,
  readOption,
  RunExitCode,
  startLoad,
  summaryExport,
  type LoadPlan,
  type LoadProgress,
  type LoadRun,
  type LogLine,
  type RawOptions,
} from '../../load/index.ts';
import type { ConsoleServer } from '../console/server.ts';
import { OneTest } from '../console/oneTest.ts';
import { openLog } from './log.ts';
import { refuse, registerRefused } from './refused.ts';
import { runSuite } from './suite.ts';

/** `plimsoll run SCRIPT`: k6's `run` with its flags, environment variables, output and exit codes. */

interface Flags {
  env?: string[];
  tag?: string[];
  out?: string[];
  secretSource?: string[];
  config?: string;
  workers?: string;
  address?: string;
  consolePort?: string;
  includeSystemEnvVars: boolean;
  quiet?: true;
  verbose?: true;
  color: boolean;
  summary: boolean;
  summaryExport?: string;
  logFormat?: string;
  logOutput?: string;
  consoleOutput?: string;
  linger?: true;
  compatibilityMode?: string;
  [flag: string]: unknown;
}

export function registerRun(program: Command): void {
  const command = program
    .command('run')
    .description('run a k6 script')
    .argument('<script...>', 'the script: JavaScript or TypeScript; several run one after the other');
  for (const { flag, short, kind, help } of optionSources) {
    const names = `${short === undefined ? '' : `-${short}, `}--${flag}`;
    if (kind === 'switch') command.option(names, help);
    else if (kind === 'stages') command.option(`${names} <duration:target>`, help, collect);
    else if (kind === 'optional') command.option(`${names} [value]`, help);
    else command.option(`${names} <${kind === 'integer' ? 'n' : 'value'}>`, help);
  }
  // As in k6, the value of such a flag never is the next word: that may be the script.
  const optional = new Set(optionSources.filter(({ kind }) => kind === 'optional').map(({ flag }) => `--${flag}`));
  const parse = command.parseOptions.bind(command);
  command.parseOptions = (args) => parse(args.map((arg) => (optional.has(arg) ? `${arg}=true` : arg)));
  command
    .option('-e, --env <NAME=value>', 'a variable of __ENV; can be repeated', collect)
    .option('--tag <name=value>', 'a tag for all samples; can be repeated', collect)
    .option(
      '-o, --out <kind[=target]>',
      'where results go besides the summary: json=FILE, csv=FILE, junit=FILE, html=FILE, web-dashboard, experimental-prometheus-rw, opentelemetry; can be repeated',
      collect,
    )
    .option(
      '--secret-source <source>',
      'where k6/secrets finds secrets: file=FILE, mock=key=value or url=urlTemplate=URL; can be repeated',
      collect,
    )
    .option('-c, --config <file>', 'JSON file with options; the script takes precedence over it')
    .option('--include-system-env-vars', 'show the environment of this process to the script', true)
    .option('--no-include-system-env-vars', 'show the script only what --env gives')
    .option('--workers <n>', 'load processes that share the VUs (default: cores − 1)')
    .option('-a, --address <host:port>', 'serve the REST API there: plimsoll pause, resume, scale and stats use it (k6: localhost:6565)')
    .option('--console-port <n>', 'serve a page there that shows the run as it goes: statistics, charts, failures; 0 is any free port')
    .option('-q, --quiet', 'no header, no progress')
    .option('-v, --verbose', 'debug messages too')
    .option('--no-color', 'no colours')
    .option('--no-summary', 'no summary at the end, as --summary-mode disabled')
    .option('--summary-export <file>', 'write the metrics of the summary to a JSON file')
    .option('--log-format <format>', 'text, json or raw (default: text)')
    .option('--log-output <where>', 'stderr, stdout, none or file=PATH (default: stderr)')
    .option('--console-output <file>', "write the script's console output to a file")
    .option('-l, --linger', 'after the end, keep the REST API of --address and the page of --console-port until Ctrl-C')
    .option('--no-usage-report', 'accepted as in k6: Plimsoll reports nothing to anyone')
    .option('--compatibility-mode <mode>', 'accepted as in k6: base and extended are the same here');
  registerRefused(command);
  command
    .addHelpText(
      'after',
      `
Examples:
  $ plimsoll run script.js
  $ plimsoll run -u 50 -d 1m script.js
  $ plimsoll run login.js search.js pay.js
  $ plimsoll run -s 30s:100 -s 1m:100 -s 10s:0 -e BASE_URL=http://localhost:8080 script.js

Exit codes are k6's: 0 passed, 99 a threshold failed, 104 bad options, 105 interrupted, 107 the script failed, 255 bad usage.`,
    )
    .action(async (scripts: string[], flags: Flags) => {
      const [script = ''] = scripts;
      process.exitCode = scripts.length === 1 ? await runScript(script, flags) : await runSuite(scripts, flags, runScript);
    });
}

function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}

async function runScript(script: string, flags: Flags): Promise<number> {
  refuse(flags, process.env);
  const environment = process.env;
  const mode = flags.compatibilityMode ?? environment['K6_COMPATIBILITY_MODE'] ?? 'extended';
  if (!['base', 'extended', 'experimental_enhanced'].includes(mode)) throw usage(`--compatibility-mode is base or extended, not ${mode}`);
  const view = new ProgressView(flags.quiet === true);
  const runLog = openLog(
    {
      output: flags.logOutput ?? environment['K6_LOG_OUTPUT'] ?? 'stderr',
      format: flags.logFormat ?? environment['K6_LOG_FORMAT'] ?? 'text',
      consoleFile: flags.consoleOutput ?? environment['K6_CONSOLE_OUTPUT'],
      verbose: flags.verbose === true,
      colour: flags.color && process.stderr.isTTY && environment['NO_COLOR'] === undefined && environment['K6_NO_COLOR'] === undefined,
    },
    (write) => view.above(write),
  );
  const log = (line: LogLine): void => runLog.write(line);
  const defaults = configOf(flags);
  const consolePort = flags.consolePort === undefined ? undefined : portOf(flags.consolePort);
  const shown = consolePort === undefined ? undefined : new OneTest(script);
  const hear = shown?.running.hears;
  const run = startLoad({
    script,
    env: environmentOf(flags),
    defaults,
    options: mergeOptions([optionsFromEnvironment(environment), optionsOf(flags)]),
    outputs: flags.out ?? environment['K6_OUT']?.split(',').filter(Boolean) ?? [],
    secretSources: flags.secretSource ?? [],
    ...(flags.workers === undefined ? {} : { workers: workersOf(flags.workers) }),
    ...(hear === undefined ? {} : { onSeries: hear.onSeries }),
    log: (line) => {
      hear?.log(line);
      log(line);
    },
  });
  shown?.running.follow(run);
  const signals = stopOnSignal(run, log);
  const address = flags.address ?? environment['K6_ADDRESS'];
  const rest = address === undefined || address === '' ? undefined : openRest(run, address);
  const page = shown === undefined ? undefined : openConsole(shown, consolePort ?? 0);
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
    process.stdout.write(result.summaryText);
    for (const [file, content] of Object.entries(result.files)) writeOutput(file, content);
    const exported = flags.summaryExport ?? environment['K6_SUMMARY_EXPORT'];
    if (exported !== undefined) writeOutput(exported, JSON.stringify(summaryExport(result), null, 4));
    for (const distortion of result.distortions) log({ level: 'warning', message: distortion, source: '' });
    const failed = [...new Set(result.thresholds.filter(({ ok }) => !ok).map(({ metric }) => metric))].sort();
    if (result.exitCode === RunExitCode.thresholdsFailed && failed.length > 0) {
      log({ level: 'error', message: `thresholds on metrics '${failed.join(', ')}' have been crossed`, source: '' });
    } else if (result.reason !== undefined) log({ level: 'error', message: `the test ended early: ${result.reason}`, source: '' });
    if (flags.linger === true || isTrue(environment['K6_LINGER']) || defaults['linger'] === true) {
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

/** The console is loaded when it is asked for: most runs begin without. */
async function openConsole(shown: OneTest, port: number): Promise<ConsoleServer> {
  const { ConsoleServer: Server } = await import('../console/server.ts');
  return Server.openForRun(shown, { host: '127.0.0.1', ports: [port] });
}

/** The header and, once a second, how far the run is: rewritten in place on a terminal, one block after the other elsewhere. */
class ProgressView {
  readonly #isQuiet: boolean;
  readonly #isTerminal = process.stdout.isTTY;
  #plan: LoadPlan | undefined;
  #last: LoadProgress | undefined;
  #linesShown = 0;

  constructor(isQuiet: boolean) {
    this.#isQuiet = isQuiet;
  }

  begin(plan: LoadPlan, script: string): void {
    this.#plan = plan;
    if (!this.#isQuiet) process.stdout.write(headerText(plan, script, plan.outputs));
  }

  show(progress: LoadProgress): void {
    this.#last = progress;
    if (this.#isQuiet || !this.#plan) return;
    const lines = progressLines(progress, this.#plan);
    this.#erase();
    process.stdout.write(`${this.#isTerminal ? '' : '\n'}${lines.join('\n')}\n`);
    this.#linesShown = lines.length;
  }

  /** Writes something else without breaking the block. */
  above(write: () => void): void {
    this.#erase();
    write();
    if (this.#isTerminal && this.#last && this.#linesShown > 0) this.show(this.#last);
  }

  end(): void {
    this.#linesShown = 0;
  }

  #erase(): void {
    if (this.#isTerminal && this.#linesShown > 0) process.stdout.write(`\u001b[${this.#linesShown}A\u001b[0J`);
  }
}

interface Signals {
  /** The first one. */
  readonly received: Promise<void>;
  release(): void;
}

/** Once: a graceful stop with teardown and summary. Twice: the end. */
function stopOnSignal(run: LoadRun, log: (line: LogLine) => void): Signals {
  const received = Promise.withResolvers<void>();
  let count = 0;
  let isOver = false;
  run.result.then(
    () => (isOver = true),
    () => undefined,
  );
  const onSignal = (): void => {
    count++;
    received.resolve();
    if (isOver) return;
    if (count > 1) process.exit(RunExitCode.externalAbort);
    log({ level: 'warning', message: 'stopping: iterations under way may finish; again to end at once', source: '' });
    run.stop();
  };
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, onSignal);
  return {
    received: received.promise,
    release: () => {
      for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, onSignal);
    },
  };
}

function isTrue(text: string | undefined): boolean {
  return text !== undefined && /^(?:true|1)$/i.test(text);
}

function optionsOf(flags: Flags): RawOptions {
  const options: Record<string, unknown> = {};
  for (const source of optionSources) {
    const key = source.flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const value = flags[key];
    if (value === true) options[source.option] = true;
    else if (typeof value === 'string') options[source.option] = readOption(source, value, `--${source.flag}`);
    else if (Array.isArray(value)) options[source.option] = readOption(source, value.join(','), `--${source.flag}`);
  }
  if (!flags.summary || isTrue(process.env['K6_NO_SUMMARY'])) options['summaryMode'] ??= 'disabled';
  if (flags.tag) options['tags'] = pairs(flags.tag, '--tag');
  return options;
}

function configOf(flags: Flags): RawOptions {
  const file = flags.config ?? process.env['K6_CONFIG'];
  if (file === undefined) return {};
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as RawOptions;
  } catch (cause) {
    throw new PlimsollError(loadErrors.PL_LOAD_USAGE, {
      what: `the configuration file cannot be read: ${errorMessage(cause)}`,
      where: file,
      cause,
    });
  }
}

function environmentOf(flags: Flags): Record<string, string> {
  const inherited: Record<string, string> = {};
  if (flags.includeSystemEnvVars) for (const [name, value] of Object.entries(process.env)) if (value !== undefined) inherited[name] = value;
  return { ...inherited, ...pairs(flags.env ?? [], '--env') };
}

function pairs(list: readonly string[], flag: string): Record<string, string> {
  const out: Record<string, string> = {};
  for (const item of list) {
    const equals = item.indexOf('=');
    if (equals > 0) out[item.slice(0, equals)] = item.slice(equals + 1);
    else if (flag === '--env' && item !== '' && equals < 0) out[item] = process.env[item] ?? '';
    else throw usage(`${flag} needs NAME=value, got ${JSON.stringify(item)}`);
  }
  return out;
}

function workersOf(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw usage(`--workers needs a positive whole number, got ${JSON.stringify(text)}`);
  return Number(text);
}

function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw usage(`--console-port needs a number from 0 to 65535, got ${JSON.stringify(text)}`);
  return port;
}

function usage(what: string): PlimsollError {
  return new PlimsollError(loadErrors.PL_LOAD_USAGE, { what });
}

function writeOutput(file: string, content: string): void {
  try {
    writeFileSync(file, content);
  } catch (cause) {
    throw new PlimsollError(loadErrors.PL_LOAD_USAGE, { what: `a summary cannot be written: ${errorMessage(cause)}`, where: file, cause });
  }
}
