export * from './engine/index.ts';
export { terraformErrors } from './errors.ts';
export { renderValue } from './language/index.ts';
export * from './render/index.ts';
