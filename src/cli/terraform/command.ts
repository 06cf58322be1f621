import { InvalidArgumentError, Option, type Command } from 'commander';
import { ExitCode, parseDurationMs } from '../../base/index.ts';
import type { VariableFlag, VariablesFile } from '../../terraform/index.ts';

/** Flags of the commands that read a configuration. */
export interface ConfigurationFlags {
  /** `--var` and `--var-file` in the order in which they were given: later ones win. */
  variables: (VariableFlag | VariablesFile)[];
  color: boolean;
  json?: true;
}

/** Flags of the commands that speak with a region. */
export interface RegionFlags extends ConfigurationFlags {
  endpoint: string;
  state?: string;
  target: string[];
  replace: string[];
  refresh: boolean;
  refreshOnly?: true;
  destroy?: true;
  parallelism: number;
  detailedExitcode?: true;
  autoApprove?: true;
  /** False: nobody is asked, whoever sits there. */
  input: boolean;
  lock: boolean;
  /** In milliseconds. */
  lockTimeout: number;
  compactWarnings?: true;
  /** Of `plan`: where to keep it. */
  out?: string;
}

/** Flags of the commands that only look at a state. */
export interface StateFlags {
  state?: string;
  color: boolean;
  json?: true;
  raw?: true;
  force?: true;
}

/** Told of every command that plans: Terraform's own codes. */
const exitCodes = `
Exit codes: 0, 1 it failed, 3 no region answers, 130 ended by Ctrl-C (what was begun is finished, the state is true).`;

/** The engine and the clients of ten services are loaded by the commands that need them. */
export function registerTerraform(program: Command): void {
  registerPlanning(program);
  registerLooking(program);
}

function registerPlanning(program: Command): void {
  withRegion(program.command('plan'))
    .description('what apply would do with a folder of Terraform files')
    .option('--destroy', 'plan to delete everything')
    .option('--detailed-exitcode', 'exit with 2 when there is something to do')
    .option('--out <file>', 'keep the plan, for plimsoll apply FILE')
    .addHelpText(
      'after',
      `
Examples:
  $ plimsoll plan                                    the files of this folder against the region of plimsoll up
  $ plimsoll plan infra --var image=web:2
  $ plimsoll plan --json | jq 'select(.type == "planned_change")'
  $ plimsoll plan --out today.plan && plimsoll apply today.plan
${exitCodes.replace('1 it failed,', '1 it failed, 2 with --detailed-exitcode: there are changes,')}`,
    )
    .action(async (folder: string, _flags: RegionFlags, command: Command) => {
      const { plan } = await import('./run.ts');
      process.exitCode = await plan(folder, flagsOf(command));
    });
  withRegion(program.command('apply'), 'the folder of the Terraform files, or a plan of plimsoll plan --out')
    .description('make what a folder of Terraform files asks for')
    .option('--auto-approve', 'do not ask')
    .option('--destroy', 'delete everything')
    .addHelpText(
      'after',
      `
Examples:
  $ plimsoll up &
  $ plimsoll apply examples/terraform/hello-scale
  $ plimsoll apply --auto-approve --replace 'aws_instance.web[0]'

The state is in plimsoll.tfstate in the folder, so that a terraform.tfstate of a real account is never touched.${exitCodes}`,
    )
    .action(async (folder: string, _flags: RegionFlags, command: Command) => {
      const { apply } = await import('./run.ts');
      process.exitCode = await apply(folder, flagsOf(command));
    });
  withRegion(program.command('destroy'))
    .description('delete all that apply has made')
    .option('--auto-approve', 'do not ask')
    .addHelpText(
      'after',
      `
Examples:
  $ plimsoll destroy examples/terraform/hello-scale
  $ plimsoll destroy --auto-approve --target aws_db_instance.main
${exitCodes}`,
    )
    .action(async (folder: string, _flags: RegionFlags, command: Command) => {
      const { apply } = await import('./run.ts');
      process.exitCode = await apply(folder, { ...flagsOf(command), destroy: true });
    });
}

/** `plan` and `apply` share all they need. */
const flagsOf = (command: Command): RegionFlags => command.opts<RegionFlags>();

function registerLooking(program: Command): void {
  program
    .command('init')
    .argument('[dir]', 'the folder', '.')
    .description('nothing, for those who are used to it: providers are built in, modules are read from their folders')
    .allowUnknownOption()
    .addHelpText('after', '\nExamples:\n  $ plimsoll init && plimsoll apply')
    .allowExcessArguments()
    .action(async (_folder: string, _flags: object, command: Command) => {
      const { init } = await import('./inspect.ts');
      process.exitCode = init(command.args.find((arg) => !arg.startsWith('-')) ?? '.');
    });
  withVariables(program.command('validate').argument('[dir]', 'the folder', '.'))
    .description('whether a folder of Terraform files can be planned; no region is asked')
    .option('--json', 'one JSON document: {"valid":…,"diagnostics":[…]}')
    .addHelpText('after', '\nExamples:\n  $ plimsoll validate infra\n\nExit codes: 0, 1 it cannot.')
    .action(async (folder: string, flags: ConfigurationFlags) => {
      const { validate } = await import('./inspect.ts');
      process.exitCode = await validate(folder, flags);
    });
  withState(program.command('output').argument('[dir]', 'the folder', '.').argument('[name]', 'only this output'))
    .description('the outputs of what was applied')
    .option('--json', 'as JSON, sensitive values too')
    .option('--raw', 'the text of one output as it is, for scripts')
    .addHelpText(
      'after',
      `
Examples:
  $ plimsoll output infra
  $ curl "http://$(plimsoll output infra dns_name --raw)/"

Exit codes: 0, 1 no such output.`,
    )
    .action(async (folder: string, name: string | undefined, flags: StateFlags) => {
      const { output } = await import('./inspect.ts');
      process.exitCode = await output(folder, name, flags);
    });
  withState(program.command('show').argument('[dir]', 'the folder, or a plan of plimsoll plan --out', '.'))
    .description('all that was applied, as the state has it; or a saved plan')
    .option('--json', 'as JSON, in the form of terraform show -json')
    .addHelpText('after', '\nExamples:\n  $ plimsoll show infra\n  $ plimsoll show today.plan')
    .action(async (folder: string, flags: StateFlags) => {
      const { show } = await import('./inspect.ts');
      process.exitCode = await show(folder, flags);
    });
  const state = program.command('state').description('look into the state of a folder of Terraform files');
  withState(state.command('list').argument('[dir]', 'the folder', '.'))
    .description('the addresses of all that was applied')
    .addHelpText('after', '\nExamples:\n  $ plimsoll state list infra')
    .action(async (folder: string, flags: StateFlags) => {
      const { list } = await import('./inspect.ts');
      process.exitCode = await list(folder, flags);
    });
  withState(state.command('show').argument('<address>', 'of one resource: aws_lb.main').argument('[dir]', 'the folder', '.'))
    .description('one resource, as the state has it')
    .addHelpText('after', "\nExamples:\n  $ plimsoll state show 'aws_instance.web[0]' infra")
    .action(async (address: string, folder: string, flags: StateFlags) => {
      const { showOne } = await import('./inspect.ts');
      process.exitCode = await showOne(address, folder, flags);
    });
  withState(program.command('force-unlock').argument('<id>', 'of the lock, as the error says it').argument('[dir]', 'the folder', '.'))
    .description('take the lock of a state away from a process that is gone on another computer')
    .option('--force', 'do not ask')
    .addHelpText(
      'after',
      '\nExamples:\n  $ plimsoll force-unlock 5b1f8a0c-…\n\nThe lock of a process of this computer that is gone needs none of this: it is taken over.',
    )
    .action(async (id: string, folder: string, flags: StateFlags) => {
      const { unlock } = await import('./inspect.ts');
      process.exitCode = await unlock(id, folder, flags);
    });
}

function withVariables(command: Command): Command {
  // One list for both flags: which one is later decides.
  const variables: ConfigurationFlags['variables'] = [];
  const assignment = (text: string): void => {
    const at = text.indexOf('=');
    if (at <= 0) throw new InvalidArgumentError('a variable is given as name=value');
    variables.push({ name: text.slice(0, at).trim(), value: text.slice(at + 1) });
  };
  return command
    .option('--var <name=value>', 'the value of a variable; may be repeated', assignment)
    .option(
      '--var-file <file>',
      'a file of variables, .tfvars or .tfvars.json; may be repeated',
      (file: string) => void variables.push({ file }),
    )
    .addOption(new Option('--variables').hideHelp().default(variables))
    .option('--no-color', 'no colours');
}

function withState(command: Command): Command {
  return command.option('--state <file>', 'the state (default: plimsoll.tfstate in the folder)').option('--no-color', 'no colours');
}

function withRegion(command: Command, folder = 'the folder of the Terraform files'): Command {
  return withVariables(command)
    .argument('[dir]', folder, '.')
    .addOption(new Option('--endpoint <url>', 'the region’s AWS endpoint').env('AWS_ENDPOINT_URL').default('http://127.0.0.1:4566'))
    .option('--state <file>', 'the state (default: plimsoll.tfstate in the folder)')
    .option('--target <address>', 'only this resource or module and what it needs; may be repeated', collect, [])
    .option('--replace <address>', 'make this resource anew; may be repeated', collect, [])
    .option('--refresh-only', 'only bring the state up to what there is')
    .option('--no-refresh', 'take the state for what there is')
    .option('--parallelism <n>', 'how many calls at a time', parseParallelism, 10)
    .option('--no-input', 'ask nobody, even at a terminal')
    .option('--no-lock', 'do not hold others off from the state meanwhile')
    .option('--lock-timeout <duration>', 'how long to wait for a lock that another one holds: 30s, 2m', parseDuration, 0)
    .option('--compact-warnings', 'warnings by their titles alone')
    .option('--json', 'one JSON object a line');
}

function parseDuration(text: string): number {
  const durationMs = parseDurationMs(text);
  if (durationMs === undefined) throw new InvalidArgumentError('a duration is a number with its unit: 500ms, 30s, 2m');
  return durationMs;
}

const collect = (value: string, before: string[]): string[] => [...before, value];

function parseParallelism(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 1000) throw new InvalidArgumentError('a parallelism is a number from 1 to 1000');
  return count;
}

/** The commands whose bad usage must not look like the 2 of `--detailed-exitcode`. */
export const terraformUsageCode = (command: string | undefined): number => (command === 'plan' ? ExitCode.failed : ExitCode.usage);
