export { Arguments } from './arguments.ts';
export { dataSources, resourceTypes } from './aws/index.ts';
export { createClients, type Destination } from './clients.ts';
export type { Clients, DataSource, ResourceType } from './provider.ts';
export type { Argument, Attributes, NestedBlock, Schema, Traits } from './schema.ts';
export { Graph } from './graph.ts';
