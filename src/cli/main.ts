import { Command, CommanderError } from 'commander';
import { errorMessage, ExitCode, packageVersion, PlimsollError } from '../base/index.ts';
import { RunExitCode } from '../load/index.ts';
import { registerBalance } from './balance/command.ts';
import { registerDemo } from './demo/command.ts';
import { cliErrors } from './errors.ts';
import { registerRun } from './run/command.ts';
import { registerRunControl } from './run/control.ts';
import { registerStatus } from './status/command.ts';
import { registerTerraform, terraformUsageCode } from './terraform/command.ts';
import { fromTerraform } from './terraform/habits.ts';
import { registerUp } from './up/command.ts';

/** The command line. Sets `process.exitCode`; a failure is one line on stderr, its stack only with `--debug`. */
export async function main(argv: readonly string[]): Promise<void> {
  process.stdout.on('error', endWithoutOutput);
  const program = buildProgram();
  let args = argv.slice(2);
  try {
    const spelled = fromTerraform(args, program);
    args = [...spelled.args];
    if (spelled.folder !== undefined) enter(spelled.folder);
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    process.exitCode = report(error, args);
  }
}

/** A reader that has seen enough (`| head`) is no error; a full disk is. */
function endWithoutOutput(error: NodeJS.ErrnoException): never {
  if (error.code === 'EPIPE') process.exit(ExitCode.ok);
  process.stderr.write(`plimsoll: standard output cannot be written: ${error.message}; send it elsewhere\n`);
  process.exit(ExitCode.environment);
}

/** All commands, unparsed: for `main` and for the tests of --help. */
export function buildProgram(): Command {
  const program = new Command('plimsoll')
    .description('How many concurrent users can your software handle, what breaks first, and what does it take to carry more?')
    .version(packageVersion())
    .option('--debug', 'show stack traces of errors')
    .showHelpAfterError('(plimsoll --help lists the commands)')
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(`plimsoll: ${text.replace(/^error: /, '')}`) });
  registerDemo(program);
  registerRun(program);
  registerRunControl(program);
  registerBalance(program);
  registerUp(program);
  registerStatus(program);
  registerTerraform(program);
  program.addHelpText(
    'after',
    `
Examples:
  $ plimsoll demo                                  the whole story, two minutes
  $ plimsoll run --vus 100 --duration 30s test.js  a k6 script against any URL
  $ plimsoll balance lb.yaml                       the load balancer alone
  $ plimsoll up                                    the region: an AWS endpoint with what really runs behind it
  $ plimsoll status                                what the region holds, with URLs
  $ plimsoll apply infra                           the Terraform files you have, without Terraform

Each command has a --help of its own. Exit codes and errors: docs/errors.md`,
  );
  for (const command of program.commands) {
    command.exitOverride().configureOutput(program.configureOutput()).option('--debug', 'show the stack trace of an error');
  }
  return program;
}

/** @throws PL_CLI_FOLDER */
function enter(folder: string): void {
  try {
    process.chdir(folder);
  } catch (error) {
    throw new PlimsollError(cliErrors.PL_CLI_FOLDER, { what: `the folder cannot be entered: ${errorMessage(error)}`, where: folder });
  }
}

function report(error: unknown, args: readonly string[]): number {
  const debug = args.includes('--debug');
  // `run` answers with k6's exit codes, bad flags included.
  if (error instanceof CommanderError)
    return error.exitCode === 0 ? ExitCode.ok : args[0] === 'run' ? RunExitCode.usage : terraformUsageCode(args[0]);
  const line =
    error instanceof PlimsollError
      ? `${error.message} [${error.code}]`
      : `unexpected fault: ${errorMessage(error)} [PL_INTERNAL]; --debug shows where`;
  process.stderr.write(`plimsoll: ${line}\n`);
  if (debug && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`);
  return error instanceof PlimsollError ? error.exitCode : ExitCode.internal;
}
