export { regionErrors } from './errors.ts';
export { arn, defaultIdentity, hexId, type RegionIdentity } from './identity.ts';
export { Collection, Log, Store } from './state/store.ts';
