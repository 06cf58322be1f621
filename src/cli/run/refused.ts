import { Option, type Command } from 'commander';
import { PlimsollError } from '../../base/index.ts';
import { loadErrors } from '../../load/index.ts';
import { keyOf, switchOption } from './flags.ts';

/** Flags of k6 that have no meaning here: each is refused with a reason, on the command line and as `K6_` variable. */
const refused: Readonly<Record<string, { readonly why: string; readonly names?: string }>> = {
  'new-machine-readable-summary': { why: 'use --summary-export or handleSummary(data)' },
  'profiling-enabled': { why: 'run node with --cpu-prof instead' },
  'traces-output': { why: 'Plimsoll writes no traces of its own requests; leave it out', names: '--traces-output <where>' },
  type: { why: 'archives are not supported; name the script itself', names: '-t, --type <kind>' },
};

/** Values that ask for what is done anyway. */
const nothing = new Set<unknown>(['', 'none', 'false', 'js']);

export function registerRefused(command: Command): void {
  for (const [flag, { names }] of Object.entries(refused))
    command.addOption((names === undefined ? switchOption(`--${flag}`, '') : new Option(names)).hideHelp());
}

/** Throws PL_LOAD_USAGE for the first such flag or variable that asks for something. */
export function refuse(flags: Readonly<Record<string, unknown>>, environment: Readonly<Record<string, string | undefined>>): void {
  for (const [flag, { why }] of Object.entries(refused)) {
    const variable = `K6_${flag.replaceAll('-', '_').toUpperCase()}`;
    for (const [name, value] of [[`--${flag}`, flags[keyOf(flag)]] as const, [variable, environment[variable]] as const])
      if (value !== undefined && !nothing.has(value))
        throw new PlimsollError(loadErrors.PL_LOAD_USAGE, { what: `${name} is not supported: ${why}` });
  }
}
