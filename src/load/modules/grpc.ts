import { status } from '@grpc/grpc-js';
import { codeName, pascalCase } from '../grpc/codes.ts';
import { GrpcClient } from '../grpc/client.ts';
import { healthStatus } from '../grpc/health.ts';
import { GrpcStream } from '../grpc/stream.ts';
import type { Vu } from '../vu/vu.ts';
import { moduleOf } from './bound.ts';

const constants: Record<string, number> = {};
for (const code of Object.values(status)) if (typeof code === 'number') constants[`Status${codeName(code)}`] = code;
for (const [name, value] of Object.entries(healthStatus)) constants[`HealthCheck${pascalCase(name)}`] = value;
// k6's spelling.
constants['HealthCheckServiceUnkown'] = healthStatus['SERVICE_UNKNOWN'] as number;

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
