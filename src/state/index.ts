export { stateErrors } from './errors.ts';
export { Store, type Row } from './store.ts';
