/**
 * Terraform's engine: from a folder of files to a region that is as they say.
 *
 *     configuration/  loadConfiguration: files → declarations, checked against schemas and against one another,
 *                     and the graph of what depends on what
 *     evaluation/     what the names in expressions stand for: variables, locals, modules, count and for_each, providers
 *     plan/           planChanges: refresh, compare, and say what is to be done; planInstance holds the rules of one object
 *     apply/          applyPlan: the order of the steps, the steps, and the state after each
 *     state/          what is known of the world, in memory and in Terraform's file
 *     aws/, builtin/  the types of resources and data sources: schemas (schema.ts) and calls (provider.ts)
 *
 * Values that are known only after apply (`unknown`) and values not to be shown (`Sensitive`) go through all of it as the
 * language has them.
 */
export { InstanceAddress, compareAddresses, keyText, moduleText, parseAddress, parseTarget, targets } from './address.ts';
export type { InstanceKey, ModulePath, Target } from './address.ts';
export { applyPlan } from './apply/apply.ts';
export type { ApplyHooks, ApplyOptions, ApplyResult, Step } from './apply/types.ts';
export { Arguments } from './arguments.ts';
export { dataSources, resourceTypes } from './aws/index.ts';
export { createClients, type Destination } from './clients.ts';
export { loadConfiguration, type LoadOptions } from './configuration/load.ts';
export type * from './configuration/types.ts';
export { Diagnostics, DiagnosticsError, diagnosticsOf, type Diagnostic } from './diagnostics.ts';
export type { Connect, Credentials } from './evaluation/providers.ts';
export { Graph } from './graph.ts';
export { planChanges } from './plan/plan.ts';
export type * from './plan/types.ts';
export { UnfinishedPlanError } from './plan/types.ts';
export type { Clients, DataSource, ResourceType } from './provider.ts';
export type { Argument, Attributes, NestedBlock, Schema, Traits } from './schema.ts';
export { stateFromText, stateToText, terraformVersion } from './state/format.ts';
export { objectFromJson, objectToJson, typeFromJson, typeToJson, valueFromJson, valueToJson } from './state/json.ts';
export { forceUnlock, lockFileOf, lockState, readLock, type LockInfo, type StateLock } from './state/lock.ts';
export { State, type InstanceObject, type InstanceRecord, type Json, type JsonObject, type OutputState, type Path } from './state/state.ts';
export { replaceFile, StateFile } from './state/stateFile.ts';
