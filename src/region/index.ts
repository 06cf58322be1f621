export { regionErrors } from './errors.ts';
export { serviceKey, type ServiceEvent } from './ecs.ts';
export { arn, defaultIdentity, hexId, type RegionIdentity } from './identity.ts';
export { openRegion, type Region, type RegionOptions, type RegionUsage } from './region.ts';
