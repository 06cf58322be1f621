import { InvalidArgumentError, Option, type Command } from 'commander';
import type { ComputeKind } from '../../region/index.ts';
import { usualConsolePort } from '../console/source.ts';

export interface UpOptions {
  port: number;
  listen: string;
  data: string;
  timeScale: number;
  compute: ComputeKind;
  image: string[];
  quota: string[];
  portOffset?: number;
  ephemeral?: true;
  controlPlaneOnly?: true;
  requireCredentials?: true;
  consolePort?: number;
  console: boolean;
  json?: true;
}

/** Where low ports are closed or taken, a listener goes this much higher: 80 becomes 8080. */
export const usualOffset = 8000;

/** What it starts takes longer to load than the other commands take to run: it is loaded when asked for. */
export function registerUp(program: Command): void {
  program
    .command('up')
    .description('start the region in the foreground: the AWS endpoint, and behind it load balancers, tasks and databases that really run')
    .option('--port <n>', 'port of the endpoint', parsePort, 4566)
    .option('--console-port <n>', `port of the console (default: ${usualConsolePort}, and any free one where it is taken)`, parsePort)
    .option('--no-console', 'without the console')
    .option('--listen <address>', 'address of the endpoint; others than loopback let other machines in', '127.0.0.1')
    .option('--data <dir>', 'folder for the state', '.plimsoll')
    .option('--ephemeral', 'forget everything at the end: the state is in memory, databases in a temporary folder')
    .option('--time-scale <n>', 'how much faster than the wall the region’s clock runs, 1 to 60', parseTimeScale, 1)
    .option('--port-offset <n>', `listener 80 is at 80+N (default: 0, and ${usualOffset} where that port cannot be had)`, parseOffset)
    .addOption(
      new Option('--compute <driver>', 'what tasks are: processes of this computer, or containers of the Docker Engine')
        .choices(['process', 'docker'])
        .default('process'),
    )
    .option(
      '--image <name=what>',
      'a folder, a command, or docker://IMAGE to run in place of a container image; may be repeated',
      collect,
      [],
    )
    .option(
      '--quota <name=n>',
      'a lower quota than AWS’s usual one, to rehearse what then fails; may be repeated (docs/aws.md)',
      collect,
      [],
    )
    .option('--control-plane-only', 'run nothing behind the endpoint: states change at once, targets are healthy')
    .option('--require-credentials', 'accept only requests signed with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of the environment')
    .option('--json', 'one line when ready: {"ready":true,"endpoint":…,"console":…}')
    .addHelpText(
      'after',
      `
Examples:
  $ plimsoll up
  $ export AWS_ENDPOINT_URL=http://127.0.0.1:4566 AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1 AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x
  $ aws ec2 describe-vpcs                              any client, unchanged
  $ plimsoll up --image 'ghcr.io/me/todo=node main.js'  what a task of that image runs
  $ plimsoll up --time-scale 20                        alarms and cooldowns in a twentieth of their time

POST /_plimsoll/reset empties the state of a control plane. Supported operations: docs/aws-operations.md`,
    )
    .action(async (options: UpOptions) => {
      const { up } = await import('./serve.ts');
      process.exitCode = await up(options);
    });
}

const collect = (value: string, before: string[]): string[] => [...before, value];

function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new InvalidArgumentError('a port is a number from 0 to 65535');
  return port;
}

function parseOffset(text: string): number {
  const offset = Number(text);
  if (!Number.isInteger(offset) || offset < 0 || offset > 65_000) throw new InvalidArgumentError('an offset is a number from 0 to 65000');
  return offset;
}

function parseTimeScale(text: string): number {
  const scale = Number(text);
  if (!(scale >= 1 && scale <= 60)) throw new InvalidArgumentError('a time scale is a number from 1 to 60');
  return scale;
}
