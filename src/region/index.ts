export { regionErrors } from './errors.ts';
export { addedLatencyOf, databaseLatencyOf } from './addedLatency.ts';
export type { RunnableImage } from './images.ts';
export { removeDataFolder } from './plane/start.ts';
export type { ComputeKind } from './plane/protocol.ts';
export { openRegion, type Region, type RegionOptions, type RegionUsage } from './region.ts';
export type { RunningTask } from './ecs/task.ts';
