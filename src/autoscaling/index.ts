export * from './activity.ts';
export { backoffMs, countFailure, noFailures } from './service/backoff.ts';
export * from './service/command.ts';
export * from './service/decide.ts';
export { serviceEvents, stoppedReasons } from './service/events.ts';
export * from './tracking/alarms.ts';
export * from './tracking/decide.ts';
export * from './tracking/history.ts';
