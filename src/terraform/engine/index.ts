export { Arguments } from './arguments.ts';
export { dataSources, resourceTypes } from './aws/index.ts';
export { createClients, type Destination } from './clients.ts';
export type { Clients, DataSource, ResourceType } from './provider.ts';
export type { Argument, Attributes, NestedBlock, Schema, Traits } from './schema.ts';
export { Graph } from './graph.ts';
export {
  InstanceAddress,
  compareAddresses,
  keyText,
  moduleText,
  parseAddress,
  parseTarget,
  targets,
  type InstanceKey,
  type ModulePath,
  type Target,
} from './address.ts';
export type { ApplyHooks, ApplyOptions, ApplyResult, Step } from './apply/types.ts';
export type * from './configuration/types.ts';
export { Diagnostics, DiagnosticsError, diagnosticsOf, type Diagnostic } from './diagnostics.ts';
export type * from './plan/types.ts';
export { objectFromJson, objectToJson, typeFromJson, typeToJson, valueFromJson, valueToJson } from './state/json.ts';
export { State, type InstanceObject, type InstanceRecord, type Json, type JsonObject, type OutputState, type Path } from './state/state.ts';
export { stateFromText, stateToText, terraformVersion } from './state/format.ts';
export { forceUnlock, lockFileOf, lockState, readLock, type LockInfo, type StateLock } from './state/lock.ts';
export { replaceFile, StateFile } from './state/stateFile.ts';
export { loadConfiguration, type LoadOptions } from './configuration/load.ts';
export type { Connect, Credentials } from './evaluation/providers.ts';
export { planChanges } from './plan/plan.ts';
export { applyPlan } from './apply/apply.ts';
