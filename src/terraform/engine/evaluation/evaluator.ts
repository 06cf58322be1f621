import { markSensitive, record, unknown, type Scope, type Value } from '../../language/index.ts';
import { systemRandom } from '../../../base/index.ts';
import { InstanceAddress, type InstanceKey, type ModulePath } from '../address.ts';
import { pathFromRoot } from '../configuration/module.ts';
import type {
  Configuration,
  ModuleCall,
  ModuleConfiguration,
  OutputDeclaration,
  ResourceDeclaration,
  VariableDeclaration,
} from '../configuration/types.ts';
import { convertVariable } from '../configuration/variables.ts';
import { DiagnosticsError, diagnosticsOf } from '../diagnostics.ts';
import type { ResourceObject } from '../plan/types.ts';
import { lazyRecord } from './lazy.ts';
import { instancesOf, type Instance } from './repetition.ts';

/** Where the values of resources come from: the plan so far, or the state. */
export interface Objects {
  /** Sensitive parts are marked. Undefined when there is no such object, or not yet. */
  get(address: InstanceAddress): ResourceObject | undefined;
}

/**
 * What the names of a configuration stand for. Locals, variables, outputs and expansions are worked out when first
 * asked for and then kept: whoever asks has to see to it that the resources they depend on are there.
 */
export class Evaluator {
  readonly configuration: Configuration;
  readonly root: ModuleInstance;
  readonly #objects: Objects;
  readonly #planning: boolean;

  constructor(configuration: Configuration, objects: Objects, planning: boolean) {
    this.configuration = configuration;
    this.#objects = objects;
    this.#planning = planning;
    this.root = new ModuleInstance(this, configuration.root, undefined, [], undefined);
  }

  /** All instances of the module that these calls lead to. */
  modules(path: readonly string[]): readonly ModuleInstance[] {
    let found: readonly ModuleInstance[] = [this.root];
    for (const name of path) found = found.flatMap((module) => module.called(name));
    return found;
  }

  /** The instance of this path; undefined when the configuration has none such. */
  module(path: ModulePath): ModuleInstance | undefined {
    let found: ModuleInstance | undefined = this.root;
    for (const { name, key } of path)
      found = found?.configuration.calls.has(name) ? found.called(name).find((module) => module.repetition?.key === key) : undefined;
    return found;
  }

  /** What names mean in `module`; `instance` is that of the block, `self` the object that a postcondition is about. */
  scope(module: ModuleInstance, instance?: Instance, self?: Value): Scope {
    const { nowMs } = this.configuration;
    return {
      folder: this.configuration.root.folder,
      ...(this.#planning && { planning: true }),
      nowMs: () => nowMs,
      randomHex: (digits) => systemRandom.hex(digits),
      root(name) {
        if (name === 'count' && instance !== undefined && typeof instance.key === 'number') return record([['index', instance.key]]);
        if (name === 'each' && instance?.value !== undefined) return record([['key', instance.key ?? null], ['value', instance.value]]); // prettier-ignore
        return name === 'self' ? self : module.root(name);
      },
    };
  }

  /** The value of an instance; unknown while there is none. */
  objectAt(address: InstanceAddress): Value {
    return this.#objects.get(address) ?? unknown;
  }
}

/** A module as one of its calls' instances, with what its names stand for. */
export class ModuleInstance {
  readonly configuration: ModuleConfiguration;
  readonly path: ModulePath;
  readonly parent: ModuleInstance | undefined;
  /** Which instance of its call it is; undefined of the root module. */
  readonly repetition: Instance | undefined;
  readonly #evaluator: Evaluator;
  readonly #names: Readonly<Record<string, Value>>;
  readonly #types = new Map<string, Value>();
  readonly #expansions = new Map<ResourceDeclaration, readonly Instance[]>();
  readonly #called = new Map<string, readonly ModuleInstance[]>();

  constructor(
    evaluator: Evaluator,
    configuration: ModuleConfiguration,
    parent: ModuleInstance | undefined,
    path: ModulePath,
    repetition: Instance | undefined,
  ) {
    this.#evaluator = evaluator;
    this.configuration = configuration;
    this.parent = parent;
    this.path = path;
    this.repetition = repetition;
    const { variables, locals, calls, outputs } = configuration;
    const { configuration: whole } = evaluator;
    this.#names = {
      var: lazyRecord([...variables.values()].map((variable) => [variable.name, () => this.#variable(variable)])),
      local: lazyRecord([...locals].map(([name, expression]) => [name, () => this.#settled(() => expression.evaluate(this.scope()))])),
      module: lazyRecord([...calls.values()].map((call) => [call.name, () => this.#moduleValue(call)])),
      output: lazyRecord([...outputs.values()].map((output) => [output.name, () => this.#output(output)])),
      path: record([
        ['module', pathFromRoot(whole.root.folder, configuration.folder)],
        ['root', '.'],
        ['cwd', whole.currentFolder],
      ]),
      terraform: record([['workspace', whole.workspace]]),
      data: lazyRecord(this.#typesOf('data').map((type) => [type, () => this.#ofType('data', type)])),
    };
  }

  scope(instance?: Instance, self?: Value): Scope {
    return this.#evaluator.scope(this, instance, self);
  }

  /** The value of a root name: what is no name of Terraform's own is a type of resources. */
  root(name: string): Value | undefined {
    if (name !== 'output' && Object.hasOwn(this.#names, name)) return this.#names[name];
    if (['count', 'each', 'self', 'output'].includes(name)) return undefined;
    let value = this.#types.get(name);
    if (value === undefined) this.#types.set(name, (value = this.#ofType('managed', name)));
    return value;
  }

  output(name: string): Value {
    return (this.#names['output'] as { readonly [name: string]: Value })[name] ?? null;
  }

  /** The instances that a resource has in this module. */
  instances(resource: ResourceDeclaration): readonly Instance[] {
    let found = this.#expansions.get(resource);
    if (found === undefined) this.#expansions.set(resource, (found = instancesOf(resource, this.scope())));
    return found;
  }

  /** The instances of a module that is called here. */
  called(name: string): readonly ModuleInstance[] {
    let found = this.#called.get(name);
    const call = this.configuration.calls.get(name);
    if (found === undefined && call !== undefined) {
      found = instancesOf(call, this.scope()).map(
        (instance) => new ModuleInstance(this.#evaluator, call.module, this, [...this.path, { name, key: instance.key }], instance),
      );
      this.#called.set(name, found);
    }
    return found ?? [];
  }

  address({ mode, type, name }: ResourceDeclaration, key: InstanceKey): InstanceAddress {
    return new InstanceAddress(this.path, mode, type, name, key);
  }

  #typesOf(mode: ResourceDeclaration['mode']): string[] {
    return [...new Set([...this.configuration.resources.values()].filter((resource) => resource.mode === mode).map(({ type }) => type))];
  }

  /** All resources of a type, by name. */
  #ofType(mode: ResourceDeclaration['mode'], type: string): Value {
    const resources = [...this.configuration.resources.values()].filter((resource) => resource.mode === mode && resource.type === type);
    return lazyRecord(resources.map((resource) => [resource.name, () => this.#resourceValue(resource)]));
  }

  #resourceValue(resource: ResourceDeclaration): Value {
    const values = this.instances(resource).map(({ key }) => [key, this.#evaluator.objectAt(this.address(resource, key))] as const);
    return collected(resource, values);
  }

  #moduleValue(call: ModuleCall): Value {
    const values = this.called(call.name).map((module) => [module.repetition?.key, module.#names['output'] as Value] as const);
    return collected(call, values);
  }

  #variable(variable: VariableDeclaration): Value {
    const { parent } = this;
    if (parent === undefined) return this.#evaluator.configuration.variables.get(variable.name) ?? null;
    const { name, fallback, sensitive } = variable;
    const given = parent.configuration.calls.get(this.path.at(-1)?.name ?? '')?.arguments.get(name);
    if (given === undefined) return sensitive ? markSensitive(fallback ?? null) : (fallback ?? null);
    return this.#settled(() =>
      convertVariable(variable, given.evaluate(parent.scope(this.repetition)), given.range, { module: this.path }),
    );
  }

  #output({ value, sensitive }: OutputDeclaration): Value {
    return this.#settled(() => {
      const result = value.evaluate(this.scope());
      return sensitive ? markSensitive(result) : result;
    });
  }

  /** An error in a name's own definition is no error of the expression that uses it: `try` there does not help. */
  #settled(work: () => Value): Value {
    try {
      return work();
    } catch (error) {
      throw error instanceof DiagnosticsError ? error : new DiagnosticsError(diagnosticsOf(error), error);
    }
  }
}

/** One value alone, a list with `count`, an object with `for_each`. */
function collected({ count, forEach }: Pick<ModuleCall, 'count' | 'forEach'>, values: readonly (readonly [InstanceKey, Value])[]): Value {
  if (count !== undefined) return values.map(([, value]) => value);
  if (forEach !== undefined) return record(values.map(([key, value]) => [String(key), value]));
  return values[0]?.[1] ?? unknown;
}
