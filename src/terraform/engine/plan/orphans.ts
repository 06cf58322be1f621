import { targets, type InstanceAddress, type ModulePath } from '../address.ts';
import { diagnosticsOf, DiagnosticsError } from '../diagnostics.ts';
import type { ModuleConfiguration, Removed } from '../configuration/types.ts';
import type { InstanceRecord } from '../state/state.ts';
import { preventDestroy } from './managed.ts';
import { markObject } from './marks.ts';
import type { Planner } from './planner.ts';
import type { Reason, ResourceObject } from './types.ts';
import { decodeObject } from './refresh.ts';

/** Plans to delete what the state has and the configuration has not (any more), and all objects that were replaced but not deleted. */
export async function planOrphans(planner: Planner, wanted: ReadonlySet<string>): Promise<void> {
  const gone = planner.state.records.filter(({ address }) => planner.selection.has(address));
  await Promise.all(
    gone.map(async (record) => {
      const { address, deposed } = record;
      const whole = planner.options.mode === 'destroy' || !wanted.has(address.toString());
      try {
        if (address.mode === 'data') {
          if (whole) planner.refreshed.delete(address);
          return;
        }
        if (whole && record.current !== undefined) await planDelete(planner, address);
        if (planner.options.mode !== 'refresh-only') for (const key of deposed.keys()) planDeposed(planner, record, key);
      } catch (error) {
        planner.fail(new DiagnosticsError(diagnosticsOf(error, { address: address.toString() }), error));
      }
    }),
  );
}

async function planDelete(planner: Planner, address: InstanceAddress): Promise<void> {
  const type = planner.typeOf(address);
  const there = await planner.refresh(address, { address: address.toString() });
  if (there === undefined || planner.options.mode === 'refresh-only') return;
  const record = planner.refreshed.get(address);
  const declared = planner.declared.get(address.block);
  const removed = declared === undefined ? removedBlock(planner, address) : undefined;
  const forget = planner.options.mode !== 'destroy' && removed?.destroy === false;
  if (!forget && declared?.resource.lifecycle.preventDestroy === true) throw preventDestroy(address, declared.resource);
  planner.add({
    address,
    provider: record?.provider ?? '',
    schema: type.schema,
    action: forget ? 'forget' : 'delete',
    createBeforeDestroy: there.object.createBeforeDestroy,
    before: markObject(type.schema, there.value, there.object.sensitive),
    after: undefined,
    replacePaths: [],
    ...(planner.options.mode !== 'destroy' && { reason: reasonOf(planner, address) }),
    movedFrom: planner.moved.get(address.toString()),
  });
}

function planDeposed(planner: Planner, { address, provider, deposed }: InstanceRecord, key: string): void {
  const type = planner.typeOf(address);
  const object = deposed.get(key);
  const before: ResourceObject | undefined =
    object && markObject(type.schema, decodeObject(address, type.schema, object), object.sensitive);
  planner.add({
    address,
    provider,
    schema: type.schema,
    action: 'delete',
    createBeforeDestroy: false,
    before,
    after: undefined,
    replacePaths: [],
    deposed: key,
  });
}

/** The `removed` block that an object without configuration falls under. */
function removedBlock(planner: Planner, address: InstanceAddress): Removed | undefined {
  const under = (module: ModuleConfiguration): Removed | undefined => {
    const own = module.removed.find(({ from }) => targets({ ...from, module: [...anywhere(module.path), ...from.module] }, address));
    if (own) return own;
    for (const { module: called } of module.calls.values()) {
      const found = under(called);
      if (found) return found;
    }
    return undefined;
  };
  return under(planner.configuration.root);
}

/** Any instance of the module of these names. */
const anywhere = (path: readonly string[]): ModulePath => path.map((name) => ({ name, key: undefined }));

function reasonOf(planner: Planner, address: InstanceAddress): Reason {
  let module: ModuleConfiguration | undefined = planner.configuration.root;
  for (const { name } of address.module) module = module?.calls.get(name)?.module;
  const declared = planner.declared.get(address.block)?.resource;
  if (module !== undefined && declared === undefined) return 'delete_because_no_resource_config';
  if (declared === undefined || planner.evaluator.module(address.module) === undefined) return 'delete_because_no_module';
  if (address.key === undefined || (typeof address.key === 'number') !== (declared.count !== undefined))
    return 'delete_because_wrong_repetition';
  return typeof address.key === 'number' ? 'delete_because_count_index' : 'delete_because_each_key';
}
