export { AwsError } from './codec/error.ts';
export { awsErrors } from './errors.ts';
export { Endpoint, type EndpointOptions } from './server/endpoint.ts';
export { checkQuotaSettings, quotaNames, type QuotaSettings } from './server/quotas.ts';
export type { Credentials } from './server/signature.ts';
export type { Place } from './state/place.ts';
export { immediate, type Machinery, type TargetState, type Whereabouts, type World } from './state/world.ts';
export { supportedOperations } from './operations/index.ts';
export * from './resources.ts';
