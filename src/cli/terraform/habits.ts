import type { Command, Option } from 'commander';
import { PlimsollError } from '../../base/index.ts';
import { cliErrors } from '../errors.ts';

/**
 * What people type who know Terraform. Its flags have one dash and take `=true` or `=false` where ours have two and take none
 * (https://developer.hashicorp.com/terraform/cli/commands); both are understood.
 */

/** The commands whose flags are Terraform's. */
const commands = new Set(['plan', 'apply', 'destroy', 'output', 'show', 'validate', 'init', 'force-unlock', 'state']);

/** Commands of Terraform that there are none of here, and what to do instead. */
const notOffered: Readonly<Record<string, string>> = {
  console: 'try an expression as an output, with plimsoll plan',
  fmt: 'format the files with terraform fmt or tofu fmt: they need no region',
  get: 'modules are read from their folders, nothing is fetched',
  graph: 'plimsoll plan --json has what depends on what',
  import: 'write an import block: plimsoll plan shows what it brings in',
  providers: 'docs/terraform.md lists the types of the built-in providers',
  taint: 'use plimsoll apply --replace ADDRESS',
  test: 'write check blocks: every plan runs them',
  untaint: 'a plan replaces what a failed apply left half made',
  workspace: 'there is one workspace, default; --state FILE keeps several states of one folder',
};

/**
 * The arguments behind the command's name in our spelling, and the folder of `-chdir=FOLDER`, which stands before it.
 * @throws PL_CLI_NOT_OFFERED for a command that only Terraform has
 */
export function fromTerraform(args: readonly string[], program: Command): { readonly args: readonly string[]; readonly folder?: string } {
  const folder = /^--?chdir=(.+)$/.exec(args[0] ?? '')?.[1];
  const [name = '', ...rest] = folder === undefined ? args : args.slice(1);
  if (name === '-help' || name === '-version') return { args: [`-${name}`] };
  const instead = Object.hasOwn(notOffered, name) ? notOffered[name] : undefined;
  if (instead !== undefined) throw new PlimsollError(cliErrors.PL_CLI_NOT_OFFERED, { what: `there is no plimsoll ${name}`, fix: instead });
  // What Terraform's own refresh is short for.
  const [ours, given] = name === 'refresh' ? ['apply', ['--refresh-only', '--auto-approve', ...rest]] : [name, rest];
  const command = commands.has(ours) ? program.commands.find((each) => each.name() === ours) : undefined;
  const spelled = command === undefined ? given : withTwoDashes(given, optionsOf(command));
  return { args: [ours, ...spelled], ...(folder !== undefined && { folder }) };
}

/** Those of its subcommands too: `state list -state=FILE`. */
const optionsOf = (command: Command): readonly Option[] => [...command.options, ...command.commands.flatMap(optionsOf)];

function withTwoDashes(args: readonly string[], options: readonly Option[]): string[] {
  const out: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? '';
    if (arg === '--') return [...out, ...args.slice(at)];
    const flag = /^--?([a-z][a-z-]+)(?:=([^]*))?$/.exec(arg);
    const spelled = flag === null ? undefined : spelling(flag[1] ?? '', flag[2], options);
    out.push(...(spelled ?? [arg]));
    // The value of a flag may look like another one: `-var -x=1`.
    const takesValue =
      spelled?.length === 1 && flag?.[2] === undefined && options.some(({ long, required }) => required && long === spelled[0]);
    if (takesValue && at + 1 < args.length) out.push(args[++at] ?? '');
  }
  return out;
}

/** Empty for what is so without saying: `-refresh=true`. Undefined for a flag that there is not. */
function spelling(name: string, value: string | undefined, options: readonly Option[]): readonly string[] | undefined {
  if (name === 'help') return ['--help'];
  const option = options.find(({ long }) => long === `--${name}`);
  const opposite = options.some(({ long }) => long === `--no-${name}`) ? [`--no-${name}`] : [];
  if (option?.required === true) return [value === undefined ? `--${name}` : `--${name}=${value}`];
  if (option === undefined && opposite.length === 0) return undefined;
  if (value === 'false') return opposite;
  if (value !== undefined && value !== 'true') return undefined;
  return option === undefined ? [] : [`--${name}`];
}
