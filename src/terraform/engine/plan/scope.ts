import { targets, type InstanceAddress, type Target } from '../address.ts';
import { blockOf } from '../configuration/dependencies.ts';
import type { Configuration, ModuleConfiguration, ResourceDeclaration } from '../configuration/types.ts';
import type { State } from '../state/state.ts';

/** A resource's or data source's block, with the module that it stands in. */
export interface Declared {
  readonly block: string;
  readonly module: ModuleConfiguration;
  readonly resource: ResourceDeclaration;
}

/** All blocks of resources and data sources, by `InstanceAddress.block`. */
export function declaredBlocks(root: ModuleConfiguration): Map<string, Declared> {
  const found = new Map<string, Declared>();
  const visit = (module: ModuleConfiguration): void => {
    for (const resource of module.resources.values()) {
      const block = blockOf(module.path, resource);
      found.set(block, { block, module, resource });
    }
    for (const call of module.calls.values()) visit(call.module);
  };
  visit(root);
  return found;
}

/** Which instances a plan is about: all, or with `--target` those named and what they need. */
export class Selection {
  readonly #targets: readonly Target[];
  /** Blocks that are taken whole: something targeted depends on them, or, when destroying, they depend on it. */
  readonly #whole = new Set<string>();

  constructor(
    chosen: readonly Target[],
    { graph }: Configuration,
    declared: ReadonlyMap<string, Declared>,
    state: State,
    destroy: boolean,
  ) {
    this.#targets = chosen;
    if (chosen.length === 0) return;
    const named = (block: string): boolean =>
      chosen.some(
        (target) => block === blockOfTarget(target) || (target.resource === undefined && block.startsWith(`${blockOfTarget(target)}.`)),
      );
    const needs = new Map([...declared.keys()].map((block) => [block, new Set(graph.all(block))]));
    for (const { address, current } of state.records) {
      const known = needs.get(address.block) ?? new Set<string>();
      for (const dependency of current?.dependencies ?? []) known.add(dependency);
      needs.set(address.block, known);
    }
    for (const [block, dependencies] of needs) {
      if (destroy && [...dependencies].some(named)) this.#whole.add(block);
      if (!destroy && named(block)) for (const dependency of dependencies) this.#whole.add(dependency);
    }
  }

  get isAll(): boolean {
    return this.#targets.length === 0;
  }

  has(address: InstanceAddress): boolean {
    return this.isAll || this.#whole.has(address.block) || this.#targets.some((target) => targets(target, address));
  }

  /** Whether any instance of the block may be in it. */
  hasBlock(block: string): boolean {
    return (
      this.isAll ||
      this.#whole.has(block) ||
      this.#targets.some(
        (target) => blockOfTarget(target) === block || (target.resource === undefined && block.startsWith(`${blockOfTarget(target)}.`)),
      )
    );
  }
}

function blockOfTarget({ module, resource }: Target): string {
  const names = module.map(({ name }) => `module.${name}`);
  if (resource) names.push(`${resource.mode === 'data' ? 'data.' : ''}${resource.type}.${resource.name}`);
  return names.join('.');
}
