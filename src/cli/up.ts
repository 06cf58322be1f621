import { join, resolve } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { awsErrors, Endpoint, type Credentials } from '../aws/index.ts';
import { createLogger, PlimsollError } from '../base/index.ts';
import { Store } from '../state/index.ts';
import { interruptible } from './signals.ts';

interface UpOptions {
  port: number;
  listen: string;
  data: string;
  ephemeral?: true;
  controlPlaneOnly?: true;
  requireCredentials?: true;
  json?: true;
}

export function registerUp(program: Command): void {
  program
    .command('up')
    .description('start the AWS endpoint in the foreground: one port for the AWS CLI, every SDK and Terraform’s provider')
    .option(
      '--control-plane-only',
      'run nothing behind the endpoint: states change at once, targets are healthy (the only mode of this version)',
    )
    .option('--port <n>', 'port of the endpoint', parsePort, 4566)
    .option('--listen <address>', 'address to listen on; others than loopback let other machines in', '127.0.0.1')
    .option('--data <dir>', 'folder for the state', '.plimsoll')
    .option('--ephemeral', 'keep the state in memory; nothing is left behind')
    .option('--require-credentials', 'accept only requests signed with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of the environment')
    .option('--json', 'one line when ready: {"ready":true,"endpoint":…,"console":null}')
    .addHelpText(
      'after',
      `
Examples:
  $ plimsoll up --control-plane-only
  $ export AWS_ENDPOINT_URL=http://127.0.0.1:4566 AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1 AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x
  $ aws ec2 describe-vpcs            any client, unchanged

POST /_plimsoll/reset empties all state. Supported operations: docs/aws-operations.md`,
    )
    .action(async (options: UpOptions) => {
      process.exitCode = await up(options);
    });
}

/** Runs until Ctrl-C or SIGTERM and gives the exit code. */
async function up(options: UpOptions): Promise<number> {
  if (options.controlPlaneOnly !== true) {
    throw new PlimsollError(awsErrors.PL_AWS_CONTROL_PLANE_ONLY, {
      what: 'this version’s `up` only runs the control plane, without instances, tasks or traffic',
      fix: 'add --control-plane-only, or see `plimsoll demo` for a region that really runs',
    });
  }
  const credentials = options.requireCredentials === true ? credentialsOf(process.env) : undefined;
  const logger = createLogger('up');
  const interruption = interruptible();
  const store = new Store(options.ephemeral === true ? undefined : resolve(join(options.data, 'aws')));
  const endpoint = new Endpoint({
    store,
    port: options.port,
    host: options.listen,
    onFault: (message, error) => logger.error({ err: error }, message),
    ...(credentials === undefined ? {} : { credentials }),
  });
  try {
    await endpoint.listen();
    process.stdout.write(
      options.json === true
        ? `${JSON.stringify({ ready: true, endpoint: endpoint.url, console: null })}\n`
        : welcome(endpoint.url, options),
    );
    await aborted(interruption.signal);
    return interruption.exitCode();
  } finally {
    await endpoint.close();
    store.close();
    interruption.dispose();
  }
}

function welcome(url: string, { ephemeral, data }: UpOptions): string {
  return [
    `AWS endpoint (control plane only): ${url}`,
    `State: ${ephemeral === true ? 'in memory' : resolve(data)}`,
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

function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new InvalidArgumentError('a port is a number from 0 to 65535');
  return port;
}
