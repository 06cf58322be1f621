import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Endpoint, type EndpointOptions } from '../../../src/aws/index.ts';
import { Store } from '../../../src/state/index.ts';

export interface Client {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly maxAttempts: number;
}

export interface Started {
  readonly endpoint: Endpoint;
  readonly url: string;
  /** What a client of the SDK needs to talk to it. */
  readonly client: (region?: string) => Client;
}

/** An endpoint in memory on a free port, gone after the file's tests. Faults of ours fail the test that causes them by their answer. */
export async function start(options: Partial<EndpointOptions> = {}): Promise<Started> {
  const store = options.store ?? new Store();
  const endpoint = new Endpoint({ port: 0, ...options, store });
  await endpoint.listen();
  after(async () => {
    await endpoint.close();
    if (options.store === undefined) store.close();
  });
  const { url } = endpoint;
  return {
    endpoint,
    url,
    client: (region = 'us-east-1') => ({
      endpoint: url,
      region,
      credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' },
      maxAttempts: 1,
    }),
  };
}

export interface SpawnedEndpoint {
  readonly pid: number;
  /** Rejected when the process ends before it listens. */
  readonly url: Promise<string>;
  /** SIGKILL; resolves when the process is gone, also when it already was. */
  kill(): Promise<void>;
}

/**
 * An endpoint in a process of its own, on a data folder or in memory. A test must kill it also when it fails: the pipe
 * to a living child keeps the test's own process from ending.
 */
export function spawnEndpoint(folder?: string): SpawnedEndpoint {
  const script = fileURLToPath(new URL('./durable-endpoint.ts', import.meta.url));
  const child = spawn(process.execPath, [script, ...(folder === undefined ? [] : [folder])], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit').then(() => undefined);
  const line = once(child.stdout, 'data').then(([data]) => String(data).trim());
  const url = Promise.race([
    line,
    exited.then((): never => {
      throw new Error('the endpoint ended before it listened');
    }),
  ]);
  url.catch(() => undefined);
  return {
    pid: child.pid!,
    url,
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
