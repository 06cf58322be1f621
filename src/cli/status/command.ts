import { Option, type Command } from 'commander';
import { ExitCode, systemClock } from '../../base/index.ts';
import { Screen } from '../demo/screen.ts';
import { interruptible } from '../signals.ts';

interface TargetFlags {
  endpoint: string;
  region: string;
}

interface StatusFlags extends TargetFlags {
  watch?: true;
  json?: true;
}

interface LogsFlags extends TargetFlags {
  follow?: true;
}

const watchPeriodMs = 2000;

/** The clients of eight services take longer to load than the other commands take to run: they are loaded when asked for. */
export function registerStatus(program: Command): void {
  withTarget(program.command('status'))
    .description('what a region holds: load balancers with their URLs, targets and health, groups, services, databases, alarms, activities')
    .option('-w, --watch', `again every ${watchPeriodMs / 1000} s until Ctrl-C`)
    .option('--json', 'one line of JSON; with --watch one line each time')
    .addHelpText(
      'after',
      `
Examples:
  $ plimsoll status
  $ plimsoll status --watch
  $ curl "$(plimsoll status --json | jq -r '.loadBalancers[0].listeners[0].url')"

Exit codes: 0, 2 bad usage, 3 no region answers, 130 ended by Ctrl-C.`,
    )
    .action(async (flags: StatusFlags) => {
      process.exitCode = await status(flags);
    });
  withTarget(program.command('logs').argument('<name>', 'an instance’s id or Name tag, a task’s id, or a service: NAME or CLUSTER/NAME'))
    .description('the output of an instance, a task or a service')
    .option('-f, --follow', 'wait for more until Ctrl-C')
    .addHelpText(
      'after',
      `
Examples:
  $ plimsoll logs i-0123456789abcdef0            the console of an instance: user data and what it started
  $ plimsoll logs taskoverflow --follow          all tasks of a service, as they write

The output of tasks is in CloudWatch Logs, where their task definition has the awslogs log driver.`,
    )
    .action(async (name: string, flags: LogsFlags) => {
      process.exitCode = await logs(name, flags);
    });
}

function withTarget(command: Command): Command {
  return command
    .addOption(new Option('--endpoint <url>', 'the region’s AWS endpoint').env('AWS_ENDPOINT_URL').default('http://127.0.0.1:4566'))
    .addOption(new Option('--region <name>', 'the AWS region to look at').env('AWS_REGION').default('us-east-1'));
}

async function status(flags: StatusFlags): Promise<number> {
  const [{ connect }, { collect }, { statusText }] = await Promise.all([
    import('./clients.ts'),
    import('./collect.ts'),
    import('./table.ts'),
  ]);
  const clients = connect(flags);
  const interruption = interruptible();
  const screen = new Screen();
  const show = async (): Promise<void> => {
    const found = await collect(clients);
    if (flags.json === true) process.stdout.write(`${JSON.stringify(found)}\n`);
    else if (flags.watch === true && screen.live) screen.draw(statusText(found).split('\n'));
    else process.stdout.write(statusText(found));
  };
  try {
    await show();
    if (flags.watch !== true) return ExitCode.ok;
    for (;;) {
      await systemClock.sleep(watchPeriodMs, interruption.signal).catch(() => undefined);
      if (interruption.signal.aborted) return interruption.exitCode();
      await show();
    }
  } finally {
    screen.close();
    interruption.dispose();
    clients.close();
  }
}

async function logs(name: string, flags: LogsFlags): Promise<number> {
  const [{ connect }, { outputOf }] = await Promise.all([import('./clients.ts'), import('./logs.ts')]);
  const clients = connect(flags);
  const interruption = interruptible();
  try {
    const output = await outputOf(clients, name);
    for (;;) {
      process.stdout.write(await output.more());
      if (flags.follow !== true) return ExitCode.ok;
      await systemClock.sleep(output.periodMs, interruption.signal).catch(() => undefined);
      if (interruption.signal.aborted) return interruption.exitCode();
    }
  } finally {
    interruption.dispose();
    clients.close();
  }
}
