import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { awsErrors, Endpoint, type Credentials } from '../../aws/index.ts';
import { createLogger, PlimsollError, type Logger } from '../../base/index.ts';
import { openRegion, type ComputeKind } from '../../region/index.ts';
import { Store } from '../../state/index.ts';
import { ConsoleServer } from '../console/server.ts';
import { sourceOf, usualConsolePort, type ConsoleSource } from '../console/source.ts';
import { interruptible } from '../signals.ts';
import { readImages } from './images.ts';
import { readQuotas } from './quotas.ts';

interface UpOptions {
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
const usualOffset = 8000;
const regionOfPage = 'us-east-1';

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
      process.exitCode = await up(options);
    });
}

/** Something that answers at `url` until it is closed. */
interface Running {
  readonly url: string;
  readonly console: string | null;
  /** Called when what runs behind the endpoint has ended for good. */
  onLost?(handler: (error: PlimsollError) => void): void;
  close(): Promise<void>;
}

/** Runs until Ctrl-C or SIGTERM and gives the exit code. */
async function up(options: UpOptions): Promise<number> {
  const credentials = options.requireCredentials === true ? credentialsOf(process.env) : undefined;
  const interruption = interruptible();
  try {
    const running = await (options.controlPlaneOnly === true ? startControlPlane : startRegion)(options, credentials);
    try {
      const ready = `${JSON.stringify({ ready: true, endpoint: running.url, console: running.console })}\n`;
      process.stdout.write(options.json === true ? ready : welcome(running, options));
      const lost = new Promise<never>((_, fail) => running.onLost?.(fail));
      await Promise.race([aborted(interruption.signal), lost]);
    } finally {
      await running.close();
    }
    return interruption.exitCode();
  } finally {
    interruption.dispose();
  }
}

async function startRegion(options: UpOptions, credentials: Credentials | undefined): Promise<Running> {
  const images = readImages(options.image, process.cwd());
  const quotas = readQuotas(options.quota, process.cwd());
  const dataDir = options.ephemeral === true ? mkdtempSync(join(tmpdir(), 'plimsoll-up-')) : resolve(options.data);
  const forget = (): void => {
    if (options.ephemeral === true) rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    mkdirSync(dataDir, { recursive: true });
    // Others may pass through, not look: a PostgreSQL that runs as another user, because we are root, needs that.
    chmodSync(dataDir, 0o711);
    const log = createLogger('up', 'info', join(dataDir, 'plimsoll.log'));
    const region = await openRegion({
      dataDir,
      ephemeral: options.ephemeral === true,
      timeScale: options.timeScale,
      compute: options.compute,
      port: options.port,
      host: options.listen,
      images,
      quotas,
      portsFor: (port) => (options.portOffset === undefined ? [port, port + usualOffset, 0] : [port + options.portOffset]),
      ...(credentials === undefined ? {} : { credentials }),
      log,
    });
    const page = await openConsole(options, sourceOf(region), dataDir, log).catch(async (error: unknown) => {
      await region.close();
      throw error;
    });
    const close = async (): Promise<void> => {
      await page?.close();
      await region.close();
      forget();
    };
    return { url: region.endpoint.url, console: page?.url ?? null, onLost: (handler) => region.onLost(handler), close };
  } catch (error) {
    forget();
    throw error;
  }
}

async function startControlPlane(options: UpOptions, credentials: Credentials | undefined): Promise<Running> {
  const logger = createLogger('up');
  const quotas = readQuotas(options.quota, process.cwd());
  const store = new Store(options.ephemeral === true ? undefined : resolve(join(options.data, 'aws')));
  const endpoint = new Endpoint({
    store,
    port: options.port,
    host: options.listen,
    quotas,
    onFault: (message, error) => logger.error({ err: error }, message),
    ...(credentials === undefined ? {} : { credentials }),
  });
  let page: ConsoleServer | undefined;
  const close = async (): Promise<void> => {
    await page?.close();
    await endpoint.close();
    store.close();
  };
  try {
    await endpoint.listen();
    page = await openConsole(options, { endpoint, timeScale: 1, region: regionOfPage }, resolve(options.data), logger);
  } catch (error) {
    await close();
    throw error;
  }
  return { url: endpoint.url, console: page?.url ?? null, close };
}

async function openConsole(options: UpOptions, source: ConsoleSource, dataDir: string, log: Logger): Promise<ConsoleServer | undefined> {
  if (!options.console) return undefined;
  const ports = options.consolePort === undefined ? [usualConsolePort, 0] : [options.consolePort];
  return ConsoleServer.open({ source, host: options.listen, ports, testsFolder: join(dataDir, 'tests'), log });
}

function welcome({ url, console }: Running, { controlPlaneOnly, ephemeral, data, timeScale }: UpOptions): string {
  return [
    `AWS endpoint${controlPlaneOnly === true ? ' (control plane only)' : ''}: ${url}`,
    ...(console === null ? [] : [`Console: ${console}`]),
    `State: ${ephemeral === true ? 'in memory' : resolve(data)}`,
    ...(timeScale === 1 ? [] : [`The region’s clock runs ${timeScale} × as fast as the wall’s`]),
    `Use it:  export AWS_ENDPOINT_URL=${url} AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1 AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x`,
    'Ctrl-C ends it.',
    '',
  ].join('\n');
}

function credentialsOf(env: NodeJS.ProcessEnv): Credentials {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env;
  if (accessKeyId !== undefined && secretAccessKey !== undefined && accessKeyId !== '' && secretAccessKey !== '')
    return { accessKeyId, secretAccessKey };
  throw new PlimsollError(awsErrors.PL_AWS_CREDENTIALS_MISSING, {
    what: '--require-credentials has no key pair to verify signatures with',
    where: 'environment',
    fix: 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done();
    else signal.addEventListener('abort', () => done(), { once: true });
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
