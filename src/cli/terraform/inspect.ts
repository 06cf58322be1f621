import { existsSync } from 'node:fs';
import { ExitCode } from '../../base/index.ts';
import {
  DiagnosticsError,
  diagnosticToJson,
  errorToJson,
  forceUnlock,
  outputsToJson,
  parseAddress,
  renderDiagnostics,
  renderError,
  renderRecord,
  renderState,
  renderValue,
  StateFile,
  stateToJson,
  textView,
  valueToJson,
  type State,
} from '../../terraform/index.ts';
import type { ConfigurationFlags, StateFlags } from './command.ts';
import { readSavedPlan } from './savedPlan.ts';
import { approved, checkFolder, configurationOf, paintFor, reporting, stateFileOf } from './session.ts';

const write = (text: string): void => void process.stdout.write(text);
const writeJson = (json: unknown): void => write(`${JSON.stringify(json, undefined, 2)}\n`);

export async function validate(folder: string, flags: ConfigurationFlags): Promise<number> {
  try {
    const { warnings } = await configurationOf(folder, flags);
    if (flags.json === true)
      writeJson({
        format_version: '1.0',
        valid: true,
        error_count: 0,
        warning_count: warnings.length,
        diagnostics: warnings.map(diagnosticToJson),
      });
    else {
      process.stderr.write(renderDiagnostics(warnings, paintFor(flags, process.stderr)));
      const { green, bold } = paintFor(flags, process.stdout);
      write(
        `${bold(green('Success!'))} The configuration is valid${warnings.length > 0 ? ', but there were some validation warnings as shown above' : ''}.\n`,
      );
    }
    return ExitCode.ok;
  } catch (error) {
    if (!(error instanceof DiagnosticsError)) throw error;
    if (flags.json === true) writeJson({ format_version: '1.0', ...errorToJson(error) });
    else process.stderr.write(renderError(error, paintFor(flags, process.stderr)));
    return ExitCode.failed;
  }
}

export function init(folder: string): number {
  checkFolder(folder);
  write('There is nothing to initialize: providers are built in, and modules are read from their folders. Go on with plimsoll plan.\n');
  return ExitCode.ok;
}

/** Looking takes no lock: a state is whole at any time. */
async function withState(folder: string, flags: StateFlags, look: (state: State) => number): Promise<number> {
  checkFolder(folder);
  return reporting(flags, async () => look(await new StateFile(stateFileOf(folder, flags.state)).read()));
}

/** One argument that is no folder is a name, of this folder's outputs. */
export function output(folder: string, name: string | undefined, flags: StateFlags): Promise<number> {
  if (name === undefined && !existsSync(folder)) return output('.', folder, flags);
  return withState(folder, flags, (state) => {
    if (name === undefined) {
      if (flags.json === true) writeJson(outputsToJson(state.outputs));
      else textView(paintFor(flags, process.stdout), write, (text) => process.stderr.write(text)).outputs(state);
      return ExitCode.ok;
    }
    const found = state.outputs.get(name);
    if (found === undefined) throw refusal(`Output ${JSON.stringify(name)} not found`, outputMissing);
    const { value } = found;
    if (flags.json === true) write(`${JSON.stringify(valueToJson(value))}\n`);
    else if (flags.raw !== true) write(`${renderValue(value)}\n`);
    else if (value === null || typeof value === 'object') throw refusal('Unsupported value for raw output', notText);
    else write(String(value));
    return ExitCode.ok;
  });
}

const outputMissing =
  'The output requested could not be found in the state. If you recently added it to your configuration, run `plimsoll apply`: the state has no new outputs until then.';
const notText = 'Only strings, numbers and booleans can be written as they are. Use --json for a form that machines can read.';

const refusal = (summary: string, detail: string): DiagnosticsError => new DiagnosticsError([{ severity: 'error', summary, detail }]);

export async function show(folder: string, flags: StateFlags): Promise<number> {
  const saved = await readSavedPlan(folder);
  if (saved !== undefined) {
    write(flags.json === true ? `${JSON.stringify(saved.plan)}\n` : saved.text);
    return ExitCode.ok;
  }
  return withState(folder, flags, (state) => {
    if (flags.json === true) write(`${JSON.stringify(stateToJson(state))}\n`);
    else write(renderState(state, paintFor(flags, process.stdout)));
    return ExitCode.ok;
  });
}

export function list(folder: string, flags: StateFlags): Promise<number> {
  return withState(folder, flags, (state) => {
    write(state.records.map(({ address }) => `${address.toString()}\n`).join(''));
    return ExitCode.ok;
  });
}

export function showOne(text: string, folder: string, flags: StateFlags): Promise<number> {
  return withState(folder, flags, (state) => {
    const address = parseAddress(text);
    const found = address && state.get(address);
    if (found?.current === undefined)
      throw refusal(
        'No instance found for the given address',
        `The state has nothing at ${JSON.stringify(text)}. \`plimsoll state list\` tells what it has.`,
      );
    write(renderRecord(found, paintFor(flags, process.stdout)));
    return ExitCode.ok;
  });
}

export function unlock(id: string, folder: string, flags: StateFlags): Promise<number> {
  checkFolder(folder);
  return reporting(flags, async () => {
    const look = paintFor(flags, process.stdout);
    const consequences = ['Whoever holds the lock may still be writing the state.', "Only 'yes' will be accepted to confirm."];
    if (
      flags.force !== true &&
      !(await approved('Do you really want to force-unlock?', consequences, look, new AbortController().signal))
    ) {
      write('force-unlock cancelled.\n');
      return ExitCode.failed;
    }
    const { Who } = await forceUnlock(stateFileOf(folder, flags.state), id);
    write(`The state has been unlocked: it was locked by ${Who}.\n`);
    return ExitCode.ok;
  });
}
