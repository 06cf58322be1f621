import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { errorMessage, PlimsollError, systemErrorCode } from '../../base/index.ts';
import {
  loadErrors,
  mergeOptions,
  optionsFromEnvironment,
  optionSources,
  readOption,
  readSwitch,
  type RawOptions,
} from '../../load/index.ts';
import { keyOf, type Flags } from './flags.ts';
import type { LogSettings } from './log.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** All that a run is told from outside of its script, in k6's order: a flag, else a variable, else (below the script) the file. */
export interface RunSettings {
  /** Of flags and variables. */
  readonly options: RawOptions;
  /** Of the configuration file. */
  readonly defaults: RawOptions;
  /** `__ENV`. */
  readonly env: Record<string, string>;
  readonly outputs: readonly string[];
  readonly secretSources: readonly string[];
  readonly workers: number | undefined;
  readonly address: string | undefined;
  readonly consolePort: number | undefined;
  readonly summaryExport: string | undefined;
  readonly hasColour: boolean;
  readonly isQuiet: boolean;
  readonly lingers: boolean;
  readonly log: LogSettings;
}

/** Throws PL_LOAD_USAGE for flags, PL_LOAD_OPTIONS_INVALID for variables and files that make no sense. */
export function settingsOf(flags: Flags, environment: Environment, isTerminal: boolean): RunSettings {
  const defaults = configOf(flags.config ?? environment['K6_CONFIG'], environment);
  const flag = (key: keyof Flags & string): boolean | undefined => switchOf(flags[key], `--${dashed(key)}`, loadErrors.PL_LOAD_USAGE);
  const either = (key: keyof Flags & string, variable: string, spec = loadErrors.PL_LOAD_OPTIONS_INVALID): boolean | undefined =>
    flag(key) ?? switchOf(environment[variable], variable, spec);
  const mode = flags.compatibilityMode ?? environment['K6_COMPATIBILITY_MODE'] ?? 'extended';
  if (!['base', 'extended', 'experimental_enhanced'].includes(mode)) throw usage(`--compatibility-mode is base or extended, not ${mode}`);
  either('noUsageReport', 'K6_NO_USAGE_REPORT');
  switchOf(environment['K6_WEB_DASHBOARD'], 'K6_WEB_DASHBOARD', loadErrors.PL_LOAD_OPTIONS_INVALID);
  const hasSystemEnv = either('includeSystemEnvVars', 'K6_INCLUDE_SYSTEM_ENV_VARS', loadErrors.PL_LOAD_USAGE) ?? true;
  const hasSummary = either('noSummary', 'K6_NO_SUMMARY', loadErrors.PL_LOAD_USAGE) !== true;
  const hasColour = flag('noColor') !== true && environment['NO_COLOR'] === undefined && environment['K6_NO_COLOR'] === undefined;
  const options = mergeOptions([optionsFromEnvironment(environment), optionsOf(flags)]);
  const address = flags.address ?? environment['K6_ADDRESS'];
  return {
    options: hasSummary ? options : { ...options, summaryMode: 'disabled' },
    defaults,
    env: {
      ...(hasSystemEnv && flag('noIncludeSystemEnvVars') !== true ? present(environment) : {}),
      ...envOf(flags.env ?? [], environment),
    },
    outputs: flags.out ?? environment['K6_OUT']?.split(',').filter(Boolean) ?? listOf(defaults['out'], 'out'),
    secretSources: flags.secretSource ?? (environment['K6_SECRET_SOURCE'] ? [environment['K6_SECRET_SOURCE']] : []),
    workers: flags.workers === undefined ? undefined : workersOf(flags.workers),
    address: address === '' ? undefined : address,
    consolePort: flags.consolePort === undefined ? undefined : portOf(flags.consolePort),
    summaryExport: flags.summaryExport ?? environment['K6_SUMMARY_EXPORT'],
    hasColour,
    isQuiet: flag('quiet') === true,
    lingers: either('linger', 'K6_LINGER') ?? defaults['linger'] === true,
    log: {
      output: flags.logOutput ?? environment['K6_LOG_OUTPUT'] ?? 'stderr',
      format: flags.logFormat ?? environment['K6_LOG_FORMAT'] ?? 'text',
      consoleFile: flags.consoleOutput ?? environment['K6_CONSOLE_OUTPUT'],
      verbose: flag('verbose') === true,
      colour: isTerminal && hasColour,
    },
  };
}

function optionsOf(flags: Flags): RawOptions {
  const options: Record<string, unknown> = {};
  for (const source of optionSources) {
    if (source.flag === undefined) continue;
    const given = flags[keyOf(source.flag)];
    const text = Array.isArray(given) ? given.join(',') : given;
    if (typeof text === 'string') options[source.option] = readOption(source, text, { name: `--${source.flag}`, isFlag: true });
  }
  if (flags.tag) options['tags'] = Object.fromEntries(flags.tag.map(tagOf));
  return options;
}

function tagOf(text: string): [string, string] {
  const [, name, value] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw usage(`--tag needs name=value, got ${JSON.stringify(text)}`);
  return [name, value];
}

/** `NAME=value`, or `NAME` alone for what it is in the environment. */
function envOf(list: readonly string[], environment: Environment): Record<string, string> {
  return Object.fromEntries(
    list.map((text) => {
      const [name = '', value] = text.split(/=(.*)/s);
      if (!/^[A-Za-z_]\w*$/.test(name))
        throw usage(`--env needs NAME=value, where NAME has only letters, numbers and underscores, got ${JSON.stringify(text)}`);
      return [name, value ?? environment[name] ?? ''];
    }),
  );
}

function present(environment: Environment): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** The file of that name, or k6's own, which need not be there. */
function configOf(named: string | undefined, environment: Environment): RawOptions {
  const files = named === undefined ? usualConfigs(environment) : [named];
  for (const file of files) {
    try {
      const config = JSON.parse(readFileSync(file, 'utf8')) as unknown;
      if (typeof config === 'object' && config !== null && !Array.isArray(config)) return config as RawOptions;
    } catch (cause) {
      if (named === undefined && systemErrorCode(cause) === 'ENOENT') continue;
      throw badConfig(`the configuration file cannot be read: ${errorMessage(cause)}`, file, cause);
    }
    throw badConfig('the configuration file does not hold an object with options', file);
  }
  return {};
}

function badConfig(what: string, where: string, cause?: unknown): PlimsollError {
  return new PlimsollError(loadErrors.PL_LOAD_OPTIONS_INVALID, { what, where, cause });
}

/** Where k6 looks: its folder since 0.57, then the one before that. */
function usualConfigs(environment: Environment): string[] {
  const folders: Partial<Record<NodeJS.Platform, string | undefined>> = {
    darwin: join(homedir(), 'Library', 'Application Support'),
    win32: environment['AppData'] ?? environment['APPDATA'],
  };
  const folder = folders[process.platform] ?? environment['XDG_CONFIG_HOME'] ?? join(environment['HOME'] ?? homedir(), '.config');
  return [join(folder, 'k6', 'config.json'), join(folder, 'loadimpact', 'k6', 'config.json')];
}

function listOf(value: unknown, name: string): string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw badConfig(`"${name}" must be a list`, 'configuration file');
  return value.map(String);
}

function switchOf(text: unknown, name: string, spec: (typeof loadErrors)['PL_LOAD_USAGE']): boolean | undefined {
  if (typeof text !== 'string' || text === '') return undefined;
  const value = readSwitch(text);
  if (value === undefined) throw new PlimsollError(spec, { what: `true or false is needed, got ${JSON.stringify(text)}`, where: name });
  return value;
}

function dashed(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
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
