export { stateErrors } from './errors.ts';
export { Collection, Log, Store } from './store.ts';
