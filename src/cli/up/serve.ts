import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { awsErrors, Endpoint, type Credentials } from '../../aws/index.ts';
import { createLogger, PlimsollError, type Logger } from '../../base/index.ts';
import { openRegion } from '../../region/index.ts';
import { Store } from '../../state/index.ts';
import { ConsoleServer } from '../console/server.ts';
import { sourceOf, usualConsolePort, type ConsoleSource } from '../console/source.ts';
import { makeDataFolder, temporaryDataFolder } from '../dataFolder.ts';
import { interruptible } from '../signals.ts';
import { usualOffset, type UpOptions } from './command.ts';
import { readImages } from './images.ts';
import { readQuotas } from './quotas.ts';

const regionOfPage = 'us-east-1';

/** Something that answers at `url` until it is closed. */
interface Running {
  readonly url: string;
  readonly console: string | null;
  /** Called when what runs behind the endpoint has ended for good. */
  onLost?(handler: (error: PlimsollError) => void): void;
  close(): Promise<void>;
}

/** Runs until Ctrl-C or SIGTERM and gives the exit code. */
export async function up(options: UpOptions): Promise<number> {
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
  } catch (error) {
    // Ctrl-C in a terminal reaches what we have started, too: that a part did not come up then is no fault.
    if (!interruption.signal.aborted) throw error;
    return interruption.exitCode();
  } finally {
    interruption.dispose();
  }
}

async function startRegion(options: UpOptions, credentials: Credentials | undefined): Promise<Running> {
  const images = readImages(options.image, process.cwd());
  const quotas = readQuotas(options.quota, process.cwd());
  const dataDir = options.ephemeral === true ? await temporaryDataFolder('up') : resolve(options.data);
  const forget = (): void => {
    if (options.ephemeral === true) rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    makeDataFolder(dataDir);
    const log = createLogger('up', 'info', join(dataDir, 'plimsoll.log'));
    const region = await openRegion({
      dataDir,
      ephemeral: options.ephemeral === true,
      temporary: options.ephemeral === true,
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
  if (options.ephemeral !== true) makeDataFolder(resolve(options.data));
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
