import { errorMessage } from '../../../base/index.ts';
import { isKnown, Mismatch, record, unknown, type Value } from '../../language/index.ts';
import type { InstanceAddress } from '../address.ts';
import { Arguments } from '../arguments.ts';
import type { ResourceDeclaration } from '../configuration/types.ts';
import { configurationError, diagnosticsOf, DiagnosticsError } from '../diagnostics.ts';
import type { ModuleInstance } from '../evaluation/evaluator.ts';
import type { Provider } from '../evaluation/providers.ts';
import type { Instance } from '../evaluation/repetition.ts';
import type { DataSource } from '../provider.ts';
import type { Schema } from '../schema.ts';
import { objectToJson, typedObject } from '../state/json.ts';
import type { InstanceObject, Path } from '../state/state.ts';
import { checkConditions, tellCheck } from './conditions.ts';
import { wantedOf } from './managed.ts';
import { markObject } from './marks.ts';
import type { Planner } from './planner.ts';
import { idOf } from './refresh.ts';
import type { Reason, ResourceObject } from './types.ts';

/** Reads a data source, or plans to read it during apply when what it is asked for is not known before, or not there yet. */
export async function planData(planner: Planner, module: ModuleInstance, resource: ResourceDeclaration, instance: Instance): Promise<void> {
  const address = module.address(resource, instance.key);
  const provider = planner.providers.of(module, resource.provider);
  const scope = module.scope(instance);
  const before = checkConditions(planner, resource, 'preconditions', scope, address);
  const { config, sensitive } = wantedOf(resource, scope);
  const reason = waitsFor(planner, module, resource, config);
  if (reason !== undefined) {
    const after = markObject(resource.schema, planned(resource.schema, config), sensitive);
    planner.setValue(address, after);
    planner.add({
      address,
      provider: provider.name,
      schema: resource.schema,
      action: 'read',
      createBeforeDestroy: false,
      before: undefined,
      after,
      replacePaths: [],
      reason,
    });
    return;
  }
  const value = await planner.call(async () => {
    planner.options.hooks?.reading?.(address);
    return readData(dataSourceOf(planner, resource), provider, address, resource, config);
  });
  planner.options.hooks?.read?.(address, idOf(value));
  planner.refreshed.setCurrent(address, provider.name, dataObject(resource.schema, value, sensitive));
  planner.setValue(address, markObject(resource.schema, value, sensitive));
  const now = checkConditions(planner, resource, 'postconditions', module.scope(instance, planner.valueOf(address)), address);
  tellCheck(planner, address, [before, now]);
}

export function dataSourceOf({ configuration }: Pick<Planner, 'configuration'>, { type }: ResourceDeclaration): DataSource {
  return configuration.types.data[type] as DataSource;
}

/** @throws DiagnosticsError with the address and place of the data source */
export async function readData(
  source: DataSource,
  provider: Provider,
  address: InstanceAddress,
  resource: ResourceDeclaration,
  config: ResourceObject,
): Promise<ResourceObject> {
  const place = { address: address.toString(), range: resource.body.range };
  const given = withFallbacks(resource.schema, config);
  try {
    const found = await source.read(provider.clientsFor(given), new Arguments(given));
    return typedObject(resource.schema, { ...given, ...found });
  } catch (error) {
    if (error instanceof Mismatch)
      throw configurationError('Provider produced invalid object', errorMessage(error), resource.body.range, place);
    throw new DiagnosticsError(diagnosticsOf(error, place), error);
  }
}

export function dataObject(schema: Schema, value: ResourceObject, sensitive: readonly Path[]): InstanceObject {
  return { attributes: objectToJson(schema, value), status: 'ready', sensitive, dependencies: [], createBeforeDestroy: false };
}

function withFallbacks(schema: Schema, config: ResourceObject): ResourceObject {
  return record(Object.entries(schema).map(([name, item]): [string, Value] => [name, config[name] ?? item.fallback ?? null]));
}

function planned(schema: Schema, config: ResourceObject): ResourceObject {
  return record(
    Object.entries(schema).map(([name, item]): [string, Value] => [
      name,
      config[name] ?? item.fallback ?? (item.computed === true ? unknown : null),
    ]),
  );
}

/** Why it cannot be read yet: Terraform waits for what `depends_on` names, but not for what it merely refers to. */
function waitsFor(
  planner: Planner,
  module: ModuleInstance,
  { dependsOn }: ResourceDeclaration,
  config: ResourceObject,
): Reason | undefined {
  if (!isKnown(config)) return 'read_because_config_unknown';
  const { graph } = planner.configuration;
  const blocks = new Set<string>();
  for (const block of graph.meant(dependsOn, module.configuration)) blocks.add(block);
  for (let at: ModuleInstance | undefined = module; at?.parent !== undefined; at = at.parent) {
    const call = at.parent.configuration.calls.get(at.path.at(-1)?.name ?? '');
    if (call) for (const block of graph.meant(call.dependsOn, at.parent.configuration)) blocks.add(block);
  }
  if (blocks.size === 0) return undefined;
  const pending = [...planner.changes.values()].some(({ address, action }) => blocks.has(address.block) && action !== 'no-op');
  return pending ? 'read_because_dependency_pending' : undefined;
}
