import { InvalidArgumentError, type Command } from 'commander';
import { usualConsolePort } from '../console/source.ts';

export interface DemoOptions {
  json?: string;
  timeScale: number;
  keep?: true;
  port?: number;
  data?: string;
  consolePort?: number;
}

/** What it shows is loaded when asked for. */
export function registerDemo(program: Command): void {
  program
    .command('demo')
    .description(
      'the whole story on this machine in about two minutes: TaskOverflow behind the load balancer, scaling 1 → 4 → 1 under a ramp of users',
    )
    .argument(
      '[stack]',
      'the stack to show: ecs (a service of tasks), ec2 (an Auto Scaling group of instances), or hello (two web servers; no load)',
      'ecs',
    )
    .option('--json <file>', 'also write the report as JSON')
    .option('--time-scale <n>', 'how much faster than the wall the region’s clock runs, 1 to 60', parseTimeScale, 20)
    .option('--port <n>', 'port of the load balancer on 127.0.0.1 (default: 8080, or a free one)', parsePort)
    .option('--console-port <n>', `port of the console (default: ${usualConsolePort}, or a free one)`, parsePort)
    .option('--data <dir>', 'folder for databases and logs (default: a temporary one that is removed)')
    .option('--keep', 'leave everything running after the report, until Ctrl-C')
    .addHelpText(
      'after',
      `
Examples:
  $ plimsoll demo                    watch it in the terminal
  $ plimsoll demo ec2                the same on instances of an Auto Scaling group
  $ plimsoll demo hello              two web servers out of user data; one is ended and replaced, in 20 seconds
  $ plimsoll demo --json demo.json   also write the figures
  $ plimsoll demo --keep             then use the service with curl or a browser

Exit code 0 only if it scaled out to 4, came back to 1 (hello: the ended instance was replaced), and no request failed; the others are in docs/errors.md.`,
    )
    .action(async (stack: string, options: DemoOptions) => {
      const { demo } = await import('./run.ts');
      process.exitCode = await demo(stack, options);
    });
}

function parseTimeScale(text: string): number {
  const scale = Number(text);
  if (!(scale >= 1 && scale <= 60)) throw new InvalidArgumentError('It is a number from 1 to 60.');
  return scale;
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new InvalidArgumentError('It is a port from 1 to 65535.');
  return port;
}
