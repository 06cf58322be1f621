import { convertTo, reveal, Unknown, type Scope } from '../../language/index.ts';
import { targets, type InstanceAddress } from '../address.ts';
import { Arguments } from '../arguments.ts';
import { nodesOf } from '../configuration/dependencies.ts';
import type { ResourceDeclaration } from '../configuration/types.ts';
import { configurationError, type Place } from '../diagnostics.ts';
import { evaluateBody } from '../evaluation/body.ts';
import type { ModuleInstance } from '../evaluation/evaluator.ts';
import type { Provider } from '../evaluation/providers.ts';
import type { Instance } from '../evaluation/repetition.ts';
import type { ResourceType } from '../provider.ts';
import { objectToJson, typedObject } from '../state/json.ts';
import type { InstanceObject, Path } from '../state/state.ts';
import { checkConditions, tellCheck } from './conditions.ts';
import { withIgnored } from './ignore.ts';
import { planInstance, type InstancePlan } from './instance.ts';
import { markObject, revealObject, sensitivePaths } from './marks.ts';
import type { Planner } from './planner.ts';
import type { Action, Reason, ResourceChange, ResourceObject } from './types.ts';
import { isSame } from './values.ts';

/** What the configuration says of an instance. */
export interface Wanted {
  /** Open: sensitive parts are told in `sensitive`. */
  readonly config: ResourceObject;
  readonly sensitive: readonly Path[];
}

export function wantedOf(resource: ResourceDeclaration, scope: Scope): Wanted {
  const config = evaluateBody(resource.body, resource.schema, scope);
  return { config: revealObject(config), sensitive: sensitivePaths(config) };
}

/** Plans one instance of a managed resource: reads what is there, and compares it with what the configuration says. */
export async function planManaged(
  planner: Planner,
  module: ModuleInstance,
  resource: ResourceDeclaration,
  instance: Instance,
): Promise<void> {
  const address = module.address(resource, instance.key);
  const place: Place = { address: address.toString(), range: resource.body.range };
  const type = planner.typeOf(address);
  const provider = planner.providers.of(module, resource.provider);
  const there = (await planner.refresh(address, place)) ?? (await importObject(planner, address, type, provider, place));
  if (planner.options.mode === 'refresh-only') return;
  const scope = module.scope(instance);
  const before = checkConditions(planner, resource, 'preconditions', scope, address);
  const { config: whole, sensitive } = wantedOf(resource, scope);
  const config = withIgnored(whole, there?.value, resource.lifecycle.ignoreChanges);
  const update = planInstance(type, config, there?.value, provider.defaultTags);
  const decision = decide(planner, address, resource, instance, module, there?.object, update);
  const planned = decision.action === 'replace' ? planInstance(type, config, undefined, provider.defaultTags).planned : update.planned;
  const after = markObject(type.schema, planned, sensitive);
  planner.setValue(address, after);
  const importId = planner.imported.get(address.toString());
  const change: ResourceChange = {
    address,
    provider: provider.name,
    schema: type.schema,
    action: decision.action,
    createBeforeDestroy: planner.createFirst.has(address.block),
    before: there && markObject(type.schema, there.value, there.object.sensitive),
    after,
    replacePaths: decision.replacePaths,
    reason: decision.reason,
    movedFrom: planner.moved.get(address.toString()),
    ...(importId !== undefined && { importId }),
  };
  planner.add(change);
  if (decision.action === 'replace' && resource.lifecycle.preventDestroy) throw preventDestroy(address, resource);
  const now = checkConditions(planner, resource, 'postconditions', module.scope(instance, after), address);
  tellCheck(planner, address, [before, now]);
}

interface Decision {
  readonly action: Action;
  readonly reason?: Reason;
  readonly replacePaths: readonly Path[];
}

function decide(
  planner: Planner,
  address: InstanceAddress,
  resource: ResourceDeclaration,
  instance: Instance,
  module: ModuleInstance,
  object: InstanceObject | undefined,
  update: InstancePlan,
): Decision {
  if (object === undefined) return { action: 'create', replacePaths: [] };
  const replace = (reason: Reason): Decision => ({ action: 'replace', reason, replacePaths: update.replacePaths });
  if (object.status === 'tainted') return replace('replace_because_tainted');
  if (update.replacePaths.length > 0) return replace('replace_because_cannot_update');
  if (planner.options.replace?.some((asked) => asked.toString() === address.toString()) === true) return replace('replace_by_request');
  if (isTriggered(planner, resource, instance, module)) return replace('replace_by_triggers');
  return { action: update.changed.size > 0 ? 'update' : 'no-op', replacePaths: [] };
}

/** Whether what `replace_triggered_by` names is to be changed. */
function isTriggered(planner: Planner, resource: ResourceDeclaration, instance: Instance, module: ModuleInstance): boolean {
  return resource.lifecycle.replaceTriggeredBy.some((expression) => {
    const references = expression.references();
    const sameKey = references.some(({ path }) => path[0] === 'count' || path[0] === 'each');
    return references.some((reference) => {
      const [block] = nodesOf(reference, module.configuration);
      const attribute = reference.path[2];
      return [...planner.changes.values()].some(({ address, action, before, after, deposed }) => {
        if (address.block !== block || deposed !== undefined || (action !== 'update' && action !== 'replace')) return false;
        if (sameKey && address.key !== instance.key) return false;
        return attribute === undefined || !isSame(reveal(before?.[attribute] ?? null), reveal(after?.[attribute] ?? null));
      });
    });
  });
}

export function preventDestroy(address: InstanceAddress, { range }: ResourceDeclaration): Error {
  const detail = `Resource ${address.toString()} has lifecycle.prevent_destroy set, but the plan calls for this resource to be destroyed. To avoid this error and continue with the plan, either disable lifecycle.prevent_destroy or reduce the scope of the plan using the --target option.`;
  return configurationError('Instance cannot be destroyed', detail, range);
}

/** An object that an `import` block names, read for the first time. */
async function importObject(planner: Planner, address: InstanceAddress, type: ResourceType, provider: Provider, place: Place) {
  const block = planner.configuration.root.imports.find(
    ({ target }) =>
      target.resource !== undefined &&
      target.resource.key === address.key &&
      target.module.length === address.module.length &&
      targets(target, address),
  );
  if (block === undefined) return undefined;
  const id = reveal(convertTo(block.id.evaluate(planner.evaluator.root.scope()), 'string'));
  if (id instanceof Unknown || typeof id !== 'string' || id === '')
    throw configurationError(
      'Invalid import id argument',
      'The import block "id" argument must be a text that is known while planning.',
      block.id.range,
    );
  const found = await planner.call(() => type.read(provider.clientsFor({}), id, new Arguments({ id })));
  if (found === undefined)
    throw configurationError(
      'Cannot import non-existent remote object',
      `While attempting to import an existing object to "${address.toString()}", the provider detected that no object exists with the given id. Only pre-existing objects can be imported; check that the id is correct and that it is associated with the provider's configured region and endpoint, or use a create action to create a new remote object for this resource.`,
      block.range,
      place,
    );
  const value = typedObject(type.schema, { ...found, id });
  const object: InstanceObject = {
    attributes: objectToJson(type.schema, value),
    status: 'ready',
    sensitive: [],
    dependencies: [...planner.configuration.graph.all(address.block)],
    createBeforeDestroy: false,
  };
  planner.refreshed.setCurrent(address, provider.name, object);
  planner.imported.set(address.toString(), id);
  return { object, value };
}
