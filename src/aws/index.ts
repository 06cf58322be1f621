export { awsErrors } from './errors.ts';
export { Endpoint, type EndpointOptions } from './server/endpoint.ts';
export type { Credentials } from './server/signature.ts';
export { immediate, type Machinery } from './state/world.ts';
export { supportedOperations } from './operations/index.ts';
