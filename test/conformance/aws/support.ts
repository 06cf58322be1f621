import { after } from 'node:test';
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
