import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { monotonicMs, PlimsollError, systemClock } from '../../base/index.ts';
import {
  createClients,
  DiagnosticsError,
  loadConfiguration,
  lockState,
  paint,
  renderError,
  errorLines,
  jsonView,
  textView,
  type Connect,
  type Configuration,
  type Paint,
  type StateLock,
  type View,
} from '../../terraform/index.ts';
import { cliErrors } from '../errors.ts';
import type { ConfigurationFlags, RegionFlags } from './command.ts';

/** Where a folder's state is, unless told otherwise: not in terraform.tfstate, which may be that of a real account. */
export const stateFileOf = (folder: string, given: string | undefined): string => given ?? join(folder, 'plimsoll.tfstate');

/** Colours on a terminal, unless refused (https://no-color.org). */
export function paintFor({ color }: { readonly color: boolean }, out: NodeJS.WriteStream): Paint {
  return paint(color && out.isTTY && process.env['TERM'] !== 'dumb' && (process.env['NO_COLOR'] ?? '') === '');
}

const write = (text: string): void => void process.stdout.write(text);

export function viewFor(flags: RegionFlags): View {
  if (flags.json === true) return jsonView(write);
  const error = (text: string): void => void process.stderr.write(text);
  return textView(paintFor(flags, process.stdout), write, error, { compactWarnings: flags.compactWarnings === true });
}

/** @throws PL_CLI_FOLDER */
export function checkFolder(folder: string): void {
  if (existsSync(folder) && statSync(folder).isDirectory()) return;
  throw new PlimsollError(cliErrors.PL_CLI_FOLDER, {
    what: 'there is no such folder',
    where: folder,
    fix: 'name the folder that holds the .tf files',
  });
}

export function configurationOf(folder: string, { variables }: ConfigurationFlags): Promise<Configuration> {
  checkFolder(folder);
  return loadConfiguration(folder, { variables: { environment: process.env, flags: variables } });
}

const lockPauseMs = 250;

/** Holds the state, waiting for who else holds it as long as `lockTimeout` says; undefined with `--no-lock`. @throws PL_TERRAFORM_STATE_LOCKED */
export async function holdState(file: string, operation: string, { lock, lockTimeout }: RegionFlags): Promise<StateLock | undefined> {
  if (!lock) return undefined;
  const untilMs = monotonicMs() + lockTimeout;
  for (;;) {
    try {
      return await lockState(file, operation);
    } catch (error) {
      const held = error instanceof PlimsollError && error.code === 'PL_TERRAFORM_STATE_LOCKED';
      if (!held || monotonicMs() >= untilMs) throw error;
      await systemClock.sleep(lockPauseMs);
    }
  }
}

/** Any key pair will do unless the region asks for its own; then a provider block or the environment must have it. */
export function connectTo(endpoint: string, signal: AbortSignal): Connect {
  const env = process.env;
  return ({ region, accessKeyId, secretAccessKey }) =>
    createClients({
      endpoint,
      region: region || env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || 'us-east-1',
      accessKeyId: accessKeyId || env['AWS_ACCESS_KEY_ID'] || 'plimsoll',
      secretAccessKey: secretAccessKey || env['AWS_SECRET_ACCESS_KEY'] || 'plimsoll',
      signal,
    });
}

/**
 * Runs a command; what Terraform would tell in its own form is told so, everything else is for `main` to tell.
 * @throws what is no diagnostic
 */
export async function reporting(
  flags: { readonly color: boolean; readonly lines?: boolean },
  work: () => Promise<number>,
): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof PlimsollError && (error instanceof DiagnosticsError || error.code.startsWith('PL_TERRAFORM_')))) throw error;
    if (process.argv.includes('--debug')) process.stderr.write(`${error.stack ?? ''}\n`);
    if (flags.lines === true) write(errorLines(error));
    else process.stderr.write(renderError(error, paintFor(flags, process.stderr)));
    return error.exitCode;
  }
}

export function nobodyToAsk(why: string): PlimsollError {
  return new PlimsollError(cliErrors.PL_CLI_APPROVAL, {
    what: `nobody can be asked for approval: ${why}`,
    fix: 'add --auto-approve when the plan may be carried out unseen',
  });
}

/**
 * Whether the person at the terminal says yes.
 * @throws PL_CLI_APPROVAL where nobody can be asked.
 */
export async function approved(question: string, consequences: readonly string[], { bold }: Paint, signal: AbortSignal): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) throw nobodyToAsk('this is no terminal');
  process.stdout.write(`\n${bold(question)}\n${consequences.map((text) => `  ${text}\n`).join('')}\n`);
  // Not as a terminal: Ctrl-C is to reach this process as it does at any other time.
  const lines = createInterface({ input: process.stdin, output: process.stdout, terminal: false });
  const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
  try {
    return (await Promise.race([lines.question(`  ${bold('Enter a value:')} `, { signal }), ended])) === 'yes';
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  } finally {
    lines.close();
  }
}
