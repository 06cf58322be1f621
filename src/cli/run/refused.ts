import { Option, type Command } from 'commander';
import { PlimsollError } from '../../base/index.ts';
import { loadErrors } from '../../load/index.ts';

/** Flags of k6 that have no meaning here: each is refused with a reason, on the command line and as `K6_` variable. */
const refused: Readonly<Record<string, { readonly why: string; readonly value?: string }>> = {
  'new-machine-readable-summary': { why: 'use --summary-export or handleSummary(data)' },
  'profiling-enabled': { why: 'run node with --cpu-prof instead' },
  'traces-output': { why: 'Plimsoll writes no traces of its own requests; leave it out', value: '<where>' },
  type: { why: 'archives are not supported; name the script itself', value: '<kind>' },
};

/** Values that ask for what is done anyway. */
const nothing = new Set<unknown>(['', 'none', 'false', 'js']);

export function registerRefused(command: Command): void {
  for (const [flag, { value }] of Object.entries(refused))
    command.addOption(new Option(value === undefined ? `--${flag}` : `--${flag} ${value}`).hideHelp());
}

/** Throws PL_LOAD_USAGE for the first such flag or variable that asks for something. */
export function refuse(flags: Readonly<Record<string, unknown>>, environment: Readonly<Record<string, string | undefined>>): void {
  for (const [flag, { why }] of Object.entries(refused)) {
    const key = flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const variable = `K6_${flag.replaceAll('-', '_').toUpperCase()}`;
    for (const [name, value] of [[`--${flag}`, flags[key]] as const, [variable, environment[variable]] as const])
      if (value !== undefined && !nothing.has(value))
        throw new PlimsollError(loadErrors.PL_LOAD_USAGE, { what: `${name} is not supported: ${why}` });
  }
}
