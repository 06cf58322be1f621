export * from './alarm.ts';
export * from './database.ts';
export * from './loadBalancer.ts';
export * from './metric.ts';
export * from './routing.ts';
export * from './scaling.ts';
export * from './service.ts';
export * from './workload.ts';
