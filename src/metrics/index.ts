export * from './alarm/composite.ts';
export * from './alarm/evaluate.ts';
export * from './alarm/suppression.ts';
export * from './errors.ts';
export * from './math/metricData.ts';
export * from './store.ts';
export { retention } from './series.ts';
export { statisticReader } from './statistic.ts';
