import { InstanceAddress, targets, type ModulePath, type Target } from '../address.ts';
import type { Configuration, ModuleConfiguration } from '../configuration/types.ts';
import type { State } from '../state/state.ts';

/**
 * Gives objects of the state the addresses that the configuration has for them now: by its `moved` blocks, and between
 * `a.b` and `a.b[0]` when `count` came or went. Gives the old address of each that moved, by the new one.
 */
export function moveObjects(state: State, { root }: Configuration): ReadonlyMap<string, InstanceAddress> {
  const moved = new Map<string, InstanceAddress>();
  const move = (from: InstanceAddress, to: InstanceAddress): void => {
    const record = state.get(from);
    if (record === undefined || state.get(to) !== undefined) return;
    state.delete(from);
    state.set({ ...record, address: to });
    moved.set(to.toString(), moved.get(from.toString()) ?? from);
    moved.delete(from.toString());
  };
  for (const module of modulesUnder(root)) {
    for (const { from, to } of module.moved)
      for (const prefix of instancesIn(state, module.path)) moveAll(state, within(prefix, from), within(prefix, to), move);
    for (const prefix of instancesIn(state, module.path)) moveByCount(module, prefix, move);
  }
  return moved;
}

function modulesUnder(module: ModuleConfiguration): ModuleConfiguration[] {
  return [module, ...[...module.calls.values()].flatMap((call) => modulesUnder(call.module))];
}

/** The instances of a module that the state has objects of. */
function instancesIn(state: State, path: readonly string[]): ModulePath[] {
  if (path.length === 0) return [[]];
  const found = new Map<string, ModulePath>();
  for (const { address } of state.records) {
    const prefix = address.module.slice(0, path.length);
    if (prefix.length === path.length && prefix.every(({ name }, index) => name === path[index])) found.set(JSON.stringify(prefix), prefix);
  }
  return [...found.values()];
}

const within = (prefix: ModulePath, { module, resource }: Target): Target => ({
  module: [...prefix, ...module],
  ...(resource && { resource }),
});

function moveAll(state: State, from: Target, to: Target, move: (from: InstanceAddress, to: InstanceAddress) => void): void {
  for (const { address } of state.records) {
    if (!targets(from, address)) continue;
    const { resource } = to;
    if (from.resource === undefined || resource === undefined) {
      const steps = to.module.map((step, index) => ({
        name: step.name,
        key: step.key ?? (from.module[index]?.key === undefined ? address.module[index]?.key : undefined),
      }));
      const path = [...steps, ...address.module.slice(from.module.length)];
      move(address, new InstanceAddress(path, address.mode, address.type, address.name, address.key));
    } else {
      if (from.resource.key === undefined && resource.key !== undefined && address.key !== undefined) continue;
      const key = from.resource.key === undefined && resource.key === undefined ? address.key : resource.key;
      move(address, new InstanceAddress(to.module, resource.mode, resource.type, resource.name, key));
    }
  }
}

function moveByCount(module: ModuleConfiguration, prefix: ModulePath, move: (from: InstanceAddress, to: InstanceAddress) => void): void {
  for (const { mode, type, name, count, forEach } of module.resources.values()) {
    if (mode === 'data' || forEach !== undefined) continue;
    const [alone, first] = [new InstanceAddress(prefix, mode, type, name), new InstanceAddress(prefix, mode, type, name, 0)];
    if (count === undefined) move(first, alone);
    else move(alone, first);
  }
}
