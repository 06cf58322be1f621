import { status } from '@grpc/grpc-js';
import { GrpcClient } from '../grpc/client.ts';
import { healthStatus } from '../grpc/health.ts';
import { GrpcStream } from '../grpc/stream.ts';
import type { Vu } from '../vu/vu.ts';
import { moduleOf } from './bound.ts';

/** `DEADLINE_EXCEEDED` → `DeadlineExceeded`. */
function pascalCase(name: string): string {
  return name.toLowerCase().replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

const constants: Record<string, number> = {};
for (const [name, code] of Object.entries(status))
  if (typeof code === 'number') constants[`Status${name === 'OK' ? 'OK' : pascalCase(name)}`] = code;
// Go's spelling.
constants['StatusCanceled'] = status.CANCELLED;
for (const [name, value] of Object.entries(healthStatus)) constants[`HealthCheck${pascalCase(name)}`] = value;

function clientClass(vu: Vu): unknown {
  return class Client extends GrpcClient {
    constructor() {
      super(vu);
    }
  };
}

function streamClass(vu: Vu): unknown {
  return class Stream extends GrpcStream {
    constructor(client: GrpcClient, path: string, params?: unknown) {
      if (!(client instanceof GrpcClient)) throw new TypeError('the first argument of a Stream must be a grpc.Client');
      super(vu, client, path, params);
    }
  };
}

/** https://grafana.com/docs/k6/latest/javascript-api/k6-net-grpc/ */
export const GrpcModule = moduleOf(
  {},
  { Client: clientClass, Stream: streamClass, ...Object.fromEntries(Object.entries(constants).map(([name, code]) => [name, () => code])) },
);
