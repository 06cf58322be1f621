import { PlimsollError } from '../../../base/index.ts';
import type { InstanceAddress } from '../address.ts';
import type { Configuration } from '../configuration/types.ts';
import { Diagnostics, problem, type Place } from '../diagnostics.ts';
import { Evaluator } from '../evaluation/evaluator.ts';
import { Providers, type Connect } from '../evaluation/providers.ts';
import { Limit } from '../limit.ts';
import type { ResourceType } from '../provider.ts';
import type { Schema } from '../schema.ts';
import { objectToJson } from '../state/json.ts';
import type { InstanceObject, State } from '../state/state.ts';
import { markObject } from './marks.ts';
import { moveObjects } from './moves.ts';
import { decodeObject, differs, idOf, readObject } from './refresh.ts';
import { declaredBlocks, Selection, type Declared } from './scope.ts';
import type { CheckResult, PlanOptions, ResourceChange, ResourceObject } from './types.ts';

/** More than changes at once: what is looked up at the same moment is asked for in one call. */
const readsAtOnce = 100;

/** What the parts of one planning share: what is known so far, and what came of it. */
export class Planner {
  readonly configuration: Configuration;
  readonly options: PlanOptions;
  readonly evaluator: Evaluator;
  readonly providers: Providers;
  /** The state with its objects where the configuration has them now. */
  readonly state: State;
  /** The same as refreshed so far. */
  readonly refreshed: State;
  readonly moved: ReadonlyMap<string, InstanceAddress>;
  readonly declared: ReadonlyMap<string, Declared>;
  readonly selection: Selection;
  readonly found = new Diagnostics();
  readonly changes = new Map<string, ResourceChange>();
  readonly drift: ResourceChange[] = [];
  readonly checks: CheckResult[] = [];
  /** The ids of objects that `import` blocks bring in, by address. */
  readonly imported = new Map<string, string>();
  /** Blocks that something with `create_before_destroy` depends on, or that have it: their replacements come first too. */
  readonly createFirst: ReadonlySet<string>;
  readonly #values = new Map<string, ResourceObject>();
  readonly #limit: Limit;

  constructor(configuration: Configuration, prior: State, connect: Connect, options: PlanOptions) {
    this.configuration = configuration;
    this.options = options;
    this.state = prior.copy();
    this.moved = moveObjects(this.state, configuration);
    this.refreshed = this.state.copy();
    this.declared = declaredBlocks(configuration.root);
    this.selection = new Selection(options.targets ?? [], configuration, this.declared, this.state, options.mode === 'destroy');
    this.evaluator = new Evaluator(configuration, { get: (address) => this.valueOf(address) }, true);
    this.providers = new Providers(this.evaluator, connect);
    this.#limit = new Limit(options.parallelism ?? readsAtOnce);
    this.createFirst = createFirst(this.declared, configuration, this.state);
  }

  /** A call to a provider, when its turn has come. */
  async call<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#limit.run(async () => {
      this.options.signal?.throwIfAborted();
      return work();
    });
  }

  /** What an instance is planned to be; what it is by the state while it is not planned, or not to be. */
  valueOf(address: InstanceAddress): ResourceObject | undefined {
    const key = address.toString();
    const planned = this.#values.get(key);
    if (planned !== undefined) return planned;
    const object = this.refreshed.get(address)?.current;
    const schema = this.schemaOf(address);
    if (object === undefined || schema === undefined) return undefined;
    const value = markObject(schema, decodeObject(address, schema, object), object.sensitive);
    this.#values.set(key, value);
    return value;
  }

  setValue(address: InstanceAddress, value: ResourceObject): void {
    this.#values.set(address.toString(), value);
  }

  schemaOf({ mode, type }: InstanceAddress): Schema | undefined {
    const types = mode === 'data' ? this.configuration.types.data : this.configuration.types.resources;
    return Object.hasOwn(types, type) ? types[type]?.schema : undefined;
  }

  /** @throws DiagnosticsError when the type of an object in the state is not known here. */
  typeOf(address: InstanceAddress): ResourceType {
    const { resources } = this.configuration.types;
    const type = Object.hasOwn(resources, address.type) ? resources[address.type] : undefined;
    if (type === undefined) {
      this.found.add({
        ...problem(
          'error',
          'Invalid resource type',
          `The state has ${address.toString()}, but Plimsoll does not support resource type "${address.type}".`,
        ),
        address: address.toString(),
      });
      this.found.throwIfFailed();
    }
    return type as ResourceType;
  }

  add(change: ResourceChange): void {
    this.changes.set(`${change.address.toString()} ${change.deposed ?? ''}`, change);
  }

  check(result: CheckResult): void {
    this.checks.push(result);
  }

  /** Reads what stands for an instance, tells of drift, and keeps it as refreshed. Undefined when there is nothing, or nothing any more. */
  async refresh(
    address: InstanceAddress,
    place: Place,
  ): Promise<{ readonly object: InstanceObject; readonly value: ResourceObject } | undefined> {
    const record = this.state.get(address);
    if (record?.current === undefined) return undefined;
    const { current, provider } = record;
    const type = this.typeOf(address);
    const known = decodeObject(address, type.schema, current);
    if (this.options.refresh === false) return { object: current, value: known };
    const id = idOf(known);
    const found = await this.call(async () => {
      this.options.hooks?.refreshing?.(address, id);
      return readObject(type, this.providers.named(provider), known, place);
    });
    if (found === undefined || differs(type.schema, known, found)) this.#tellDrift(address, provider, type.schema, current, known, found);
    const object = found && { ...current, attributes: objectToJson(type.schema, found) };
    this.refreshed.setCurrent(address, provider, object);
    return found && object && { object, value: found };
  }

  #tellDrift(
    address: InstanceAddress,
    provider: string,
    schema: Schema,
    { sensitive }: InstanceObject,
    before: ResourceObject,
    after: ResourceObject | undefined,
  ): void {
    this.drift.push({
      address,
      provider,
      schema,
      action: after === undefined ? 'delete' : 'update',
      createBeforeDestroy: false,
      before: markObject(schema, before, sensitive),
      after: after && markObject(schema, after, sensitive),
      replacePaths: [],
      movedFrom: this.moved.get(address.toString()),
    });
  }

  /** Keeps an error and goes on; Ctrl-C is no error of the configuration. */
  fail(error: unknown, place?: Place): void {
    if (this.options.signal?.aborted === true) throw error instanceof PlimsollError ? error : (this.options.signal.reason as Error);
    this.found.fail(error, place);
  }
}

/**
 * An old object that goes last keeps all that it refers to until then: their replacements have to come first too, be it that the
 * configuration says so now or that the state remembers.
 */
function createFirst(declared: ReadonlyMap<string, Declared>, { graph }: Configuration, state: State): ReadonlySet<string> {
  const found = new Set([...declared.values()].filter(({ resource }) => resource.lifecycle.createBeforeDestroy).map(({ block }) => block));
  if (found.size === 0) return found;
  const remembered = new Map<string, string[]>();
  for (const { address, current } of state.records)
    remembered.set(address.block, [...(remembered.get(address.block) ?? []), ...(current?.dependencies ?? [])]);
  for (const block of found) for (const dependency of [...graph.all(block), ...(remembered.get(block) ?? [])]) found.add(dependency);
  return found;
}
