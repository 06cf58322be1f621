export { stateErrors } from './errors.ts';
export { Collection, Store, type Write } from './store.ts';
