import { Option, type Command } from 'commander';
import { optionSources } from '../../load/index.ts';

/** The flags of `plimsoll run`: k6's, spelled by the rules of k6's own command line. */

/** What the command line gives, before anything else is asked. A switch is a text as well: `true`, or what stands behind its `=`. */
export interface Flags {
  env?: string[];
  tag?: string[];
  out?: string[];
  secretSource?: string[];
  config?: string;
  workers?: string;
  address?: string;
  consolePort?: string;
  includeSystemEnvVars?: string;
  noIncludeSystemEnvVars?: string;
  quiet?: string;
  verbose?: string;
  noColor?: string;
  noSummary?: string;
  noUsageReport?: string;
  linger?: string;
  summaryExport?: string;
  logFormat?: string;
  logOutput?: string;
  consoleOutput?: string;
  compatibilityMode?: string;
  [flag: string]: unknown;
}

/** `--no-setup` → `noSetup`. */
export function keyOf(flag: string): string {
  return flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

export function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}

/** Declares all flags, and has the arguments read as k6 reads them. */
export function declareFlags(command: Command): void {
  for (const { flag, short, kind, help } of optionSources) {
    if (flag === undefined) continue;
    const names = `${short === undefined ? '' : `-${short}, `}--${flag}`;
    if (kind === 'switch') command.addOption(switchOption(names, help));
    else if (kind === 'optional') command.addOption(switchOption(names, help, '[value]'));
    else if (kind === 'stages') command.option(`${names} <duration:target>`, help, collect);
    else if (kind === 'submetrics') command.option(`${names} <metric{tag:value}>`, help, collect);
    else if (kind === 'list') command.option(`${names} <a,b>`, help, collect);
    else command.option(`${names} <${kind === 'integer' ? 'n' : 'value'}>`, help);
  }
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
    .option(
      '-c, --config <file>',
      "JSON file with options; the script takes precedence over it (default: k6's own, ~/.config/k6/config.json)",
    )
    .addOption(switchOption('--include-system-env-vars', 'show the environment of this process to the script (default: true)'))
    .addOption(switchOption('--no-include-system-env-vars', 'show the script only what --env gives'))
    .option('--workers <n>', 'load processes that share the VUs (default: cores − 1, fewer for few VUs)')
    .option('-a, --address <host:port>', 'serve the REST API there: plimsoll pause, resume, scale and stats use it (k6: localhost:6565)')
    .option('--console-port <n>', 'serve a page there that shows the run as it goes: statistics, charts, failures; 0 is any free port')
    .addOption(switchOption('-q, --quiet', 'no header, no progress'))
    .addOption(switchOption('-v, --verbose', 'debug messages too'))
    .addOption(switchOption('--no-color', 'no colours'))
    .addOption(switchOption('--no-summary', 'no summary at the end, as --summary-mode disabled'))
    .option('--summary-export <file>', 'write the metrics of the summary to a JSON file')
    .option('--log-format <format>', 'text, json or raw (default: text)')
    .option('--log-output <where>', 'stderr, stdout, none or file=PATH (default: stderr)')
    .option('--console-output <file>', "write the script's console output to a file")
    .addOption(switchOption('-l, --linger', 'after the end, keep the REST API of --address and the page of --console-port until Ctrl-C'))
    .addOption(switchOption('--no-usage-report', 'accepted as in k6: Plimsoll reports nothing to anyone'))
    .option('--compatibility-mode <mode>', 'accepted as in k6: base and extended are the same here');
  const parse = command.parseOptions.bind(command);
  command.parseOptions = (args) => parse(spelledOut(args, formsOf(command)));
}

/** To commander `--no-x` is the opposite of `--x`; in k6 it is a flag of its own, and any switch may have a value behind `=`. */
export function switchOption(names: string, help: string, shown = ''): Option {
  const option = new Option(`${names} [value]`, help);
  option.flags = `${names} ${shown}`.trim();
  option.negate = false;
  return option;
}

/** One flag that has a value, if only `true`. */
export interface FlagForm {
  readonly long: string;
  readonly short: string | undefined;
  /** A text must follow: behind `=` or as the next argument. */
  readonly needsValue: boolean;
}

function formsOf({ options }: Command): FlagForm[] {
  const withValue = options.filter(({ required, optional }) => required || optional);
  return withValue.map(({ long, short, required }) => ({ long: long ?? '', short, needsValue: required }));
}

/**
 * Gives arguments one form, by the rules of Go's pflag (https://pkg.go.dev/github.com/spf13/pflag#hdr-Command_line_flag_syntax): `-qu 2`,
 * `-u=2` and `--paused` are `--quiet=true --vus 2`, `--vus 2` and `--paused=true`. What is no flag stays as it is.
 */
export function spelledOut(args: readonly string[], forms: readonly FlagForm[]): string[] {
  const out: string[] = [];
  const rest = [...args];
  const take = (form: FlagForm, value: string | undefined): void => {
    if (!form.needsValue) out.push(`${form.long}=${value ?? 'true'}`);
    else if (value !== undefined) out.push(form.long, value);
    else out.push(form.long, ...rest.splice(0, 1));
  };
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === '--') return [...out, arg, ...rest];
    const [, name = '', value] = /^(--[^=]+)(?:=(.*))?$/s.exec(arg) ?? [];
    const form = forms.find(({ long }) => long === name);
    if (form) take(form, value);
    else if (/^-[a-zA-Z]/.test(arg)) takeShorts(arg);
    else out.push(arg);
  }
  return out;

  /** `-qu2`: switches, then perhaps one with a value. */
  function takeShorts(arg: string): void {
    for (let at = 1; at < arg.length; at++) {
      const form = forms.find(({ short }) => short === `-${arg[at]}`);
      if (!form) return void out.push(`-${arg.slice(at)}`);
      const behind = arg.slice(at + 1);
      if (form.needsValue || behind.startsWith('=')) return take(form, behind === '' ? undefined : behind.replace(/^=/, ''));
      take(form, undefined);
    }
  }
}
