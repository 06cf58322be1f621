import { InvalidArgumentError, type Command } from 'commander';

export interface BalanceOptions {
  check?: true;
  workers?: number;
}

/** The load balancer is loaded when asked for. */
export function registerBalance(program: Command): void {
  program
    .command('balance')
    .description('the load balancer alone, from a YAML file')
    .argument('<config>', 'the configuration; schemas/balance.schema.json describes it')
    .option('--check', 'only say whether the configuration is right')
    .option('--workers <n>', 'processes that share the ports (default: what the file says, else 1)', parseWorkers)
    .addHelpText(
      'after',
      `
Examples:
  $ plimsoll balance lb.yaml --check
  $ plimsoll balance lb.yaml --workers 2

The file is read again when it changes and on SIGHUP; a wrong one is told and the running one goes on. SIGTERM and
Ctrl-C stop listening and let requests in flight finish (drainTimeout); a second Ctrl-C ends at once.`,
    )
    .action(async (file: string, options: BalanceOptions) => {
      const { balance, check } = await import('./serve.ts');
      process.exitCode = options.check ? check(file) : await balance(file, options);
    });
}

function parseWorkers(text: string): number {
  const workers = Number(text);
  if (!Number.isInteger(workers) || workers < 1 || workers > 64) throw new InvalidArgumentError('It is a whole number from 1 to 64.');
  return workers;
}
