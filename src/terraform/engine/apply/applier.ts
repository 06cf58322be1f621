import { errorMessage } from '../../../base/index.ts';
import { record, reveal, type Scope } from '../../language/index.ts';
import type { InstanceAddress } from '../address.ts';
import { Arguments } from '../arguments.ts';
import { configurationError, diagnosticsOf, DiagnosticsError, problem, type Place } from '../diagnostics.ts';
import { evaluateConditions } from '../evaluation/conditions.ts';
import { Evaluator, type ModuleInstance } from '../evaluation/evaluator.ts';
import { Providers, type Connect, type Provider } from '../evaluation/providers.ts';
import type { Instance } from '../evaluation/repetition.ts';
import type { Provisioner, ResourceDeclaration } from '../configuration/types.ts';
import { dataObject, readData } from '../plan/data.ts';
import { withIgnored } from '../plan/ignore.ts';
import { planInstance } from '../plan/instance.ts';
import { wantedOf, type Wanted } from '../plan/managed.ts';
import { markObject, revealObject } from '../plan/marks.ts';
import { decodeObject, idOf, knownPart, readObject } from '../plan/refresh.ts';
import { declaredBlocks, type Declared } from '../plan/scope.ts';
import type { Plan, ResourceChange, ResourceObject } from '../plan/types.ts';
import { codeOf, type ResourceType } from '../provider.ts';
import { objectToJson } from '../state/json.ts';
import type { InstanceObject, State } from '../state/state.ts';
import { assertAsPlanned } from './consistency.ts';
import { runLocalExec } from './localExec.ts';
import type { Job } from './order.ts';
import type { ApplyOptions, Step } from './types.ts';

/** What a job needs besides itself. */
interface Site {
  readonly module: ModuleInstance;
  readonly instance: Instance;
  readonly resource: ResourceDeclaration;
  readonly provider: Provider;
  readonly place: Place;
}

/** Does one job after another to the world, and tells the state of each. */
export class Applier {
  readonly plan: Plan;
  readonly state: State;
  readonly evaluator: Evaluator;
  readonly counts = { imported: 0, added: 0, changed: 0, destroyed: 0 };
  readonly #options: ApplyOptions;
  readonly #save: () => Promise<void>;
  readonly #providers: Providers;
  readonly #declared: ReadonlyMap<string, Declared>;
  readonly #values = new Map<string, ResourceObject>();
  /** The keys of objects that made room for their replacements. */
  readonly #deposed = new Map<string, string>();

  constructor(plan: Plan, state: State, connect: Connect, options: ApplyOptions, save: () => Promise<void>) {
    this.plan = plan;
    this.state = state;
    this.#options = options;
    this.#save = save;
    this.evaluator = new Evaluator(plan.configuration, { get: (address) => this.#valueOf(address) }, false);
    this.#providers = new Providers(this.evaluator, connect);
    this.#declared = declaredBlocks(plan.configuration.root);
    for (const { action, address, after } of plan.changes) if (action === 'no-op' && after) this.#values.set(address.toString(), after);
  }

  /** @throws DiagnosticsError that names the address */
  async run({ kind, change }: Job): Promise<void> {
    const address = change.address.toString();
    const range = this.#declared.get(change.address.block)?.resource.body.range;
    try {
      if (kind === 'destroy') await this.#destroy(change);
      else if (change.action === 'read') await this.#read(change);
      else if (change.action === 'forget') await this.#forget(change);
      else if (change.action === 'update') await this.#update(change);
      else await this.#create(change);
    } catch (error) {
      throw new DiagnosticsError(diagnosticsOf(error, { address, ...(range && kind === 'apply' && { range }) }), error);
    }
  }

  #valueOf(address: InstanceAddress): ResourceObject | undefined {
    const known = this.#values.get(address.toString());
    const object = this.state.get(address)?.current;
    const { resources, data } = this.plan.configuration.types;
    const schema = (address.mode === 'data' ? data : resources)[address.type]?.schema;
    if (known !== undefined || object === undefined || schema === undefined) return known;
    return markObject(schema, decodeObject(address, schema, object), object.sensitive);
  }

  #site({ address }: ResourceChange): Site {
    const declared = this.#declared.get(address.block);
    const module = this.evaluator.module(address.module);
    const instance = declared && module?.instances(declared.resource).find(({ key }) => key === address.key);
    const place: Place = { address: address.toString(), range: declared?.resource.body.range };
    if (declared === undefined || module === undefined || instance === undefined)
      throw configurationError(
        'Instance no longer wanted',
        `${address.toString()} was planned, but with the values known now the configuration does not ask for it. Plan again.`,
        place.range,
        place,
      );
    return { module, instance, resource: declared.resource, provider: this.#providers.of(module, declared.resource.provider), place };
  }

  #typeOf({ address }: ResourceChange): ResourceType {
    return this.plan.configuration.types.resources[address.type] as ResourceType;
  }

  /** What the configuration says now that all it depends on is there. */
  #wanted({ module, instance, resource }: Site): Wanted {
    const scope = module.scope(instance);
    const outcome = evaluateConditions(resource.lifecycle.preconditions, scope, 'Resource precondition failed');
    if (outcome.diagnostics.length > 0) throw new DiagnosticsError(outcome.diagnostics);
    return wantedOf(resource, scope);
  }

  async #create(change: ResourceChange): Promise<void> {
    const { address, after = {} } = change;
    const site = this.#site(change);
    const type = this.#typeOf(change);
    const { config, sensitive } = this.#wanted(site);
    const { planned } = planInstance(
      type,
      withIgnored(config, change.before && revealObject(change.before), site.resource.lifecycle.ignoreChanges),
      undefined,
      site.provider.defaultTags,
    );
    assertAsPlanned(address, after, planned, site.place);
    const deposed = change.action === 'replace' && change.createBeforeDestroy ? this.state.depose(address) : undefined;
    if (deposed !== undefined) this.#deposed.set(address.toString(), deposed);
    const clients = site.provider.clientsFor(planned);
    await this.#step(change, 'create', undefined, async () => {
      let id: string;
      try {
        id = await type.create(clients, new Arguments(planned));
      } catch (error) {
        if (deposed !== undefined) this.state.restore(address, deposed);
        throw error;
      }
      const made = record([...Object.entries(knownPart(planned)), ['id', id]]);
      this.#put(change, site, made, sensitive, 'tainted');
      await this.#save();
      await type.settle?.(clients, id, new Arguments(record([...Object.entries(planned), ['id', id]])));
      const value = await readObject(type, site.provider, record([...Object.entries(planned), ['id', id]]), site.place);
      if (value === undefined) throw absent(address, site.place);
      if (site.resource.provisioners.some(({ when }) => when === 'create')) {
        this.#put(change, site, value, sensitive, 'tainted');
        await this.#provision(change, site, 'create', site.module.scope(site.instance, this.#valueOf(address)));
      }
      this.#put(change, site, value, sensitive, 'ready');
      return id;
    });
    this.counts.added++;
    this.#checkAfter(site, address);
  }

  async #update(change: ResourceChange): Promise<void> {
    const { address, after = {} } = change;
    const site = this.#site(change);
    const type = this.#typeOf(change);
    const before = this.#current(address, type);
    const { config, sensitive } = this.#wanted(site);
    const { planned, changed } = planInstance(
      type,
      withIgnored(config, before, site.resource.lifecycle.ignoreChanges),
      before,
      site.provider.defaultTags,
    );
    assertAsPlanned(address, after, planned, site.place);
    await this.#step(change, 'update', idOf(before), async () => {
      await type.update?.(site.provider.clientsFor(before), idOf(before), new Arguments(planned), changed, new Arguments(before));
      const value = await readObject(type, site.provider, planned, site.place);
      if (value === undefined) throw absent(address, site.place);
      this.#put(change, site, value, sensitive, 'ready');
      return idOf(value);
    });
    this.counts.changed++;
    this.#checkAfter(site, address);
  }

  async #destroy(change: ResourceChange): Promise<void> {
    const { address } = change;
    const type = this.#typeOf(change);
    const record = this.state.get(address);
    const key = change.deposed ?? this.#deposed.get(address.toString());
    const object = key === undefined ? record?.current : record?.deposed.get(key);
    if (record === undefined || object === undefined) return;
    const known = decodeObject(address, type.schema, object);
    await this.#step(change, 'delete', idOf(known), async () => {
      if (key === undefined && object.status === 'ready')
        await this.#provisionLast(change, markObject(type.schema, known, object.sensitive));
      await type.delete(this.#providers.named(record.provider).clientsFor(known), idOf(known), new Arguments(known));
      if (key === undefined) this.state.setCurrent(address, record.provider, undefined);
      else this.state.removeDeposed(address, key);
      return idOf(known);
    });
    this.counts.destroyed++;
  }

  /** The provisioners of an object that is about to go: they see nothing but it, and its place among its like. */
  async #provisionLast(change: ResourceChange, self: ResourceObject): Promise<void> {
    const { address } = change;
    const resource = this.#declared.get(address.block)?.resource;
    const module = this.evaluator.module(address.module);
    if (resource === undefined || module === undefined) return;
    await this.#provision(change, { resource }, 'destroy', module.scope({ key: address.key, value: null }, self));
  }

  /** @throws DiagnosticsError of the first that fails without being let */
  async #provision(change: ResourceChange, { resource }: Pick<Site, 'resource'>, when: Provisioner['when'], scope: Scope): Promise<void> {
    const { hooks, signal } = this.#options;
    const { folder } = this.plan.configuration.root;
    const say = (line: string): void => hooks?.provisioned?.(change, line);
    for (const provisioner of resource.provisioners.filter((each) => each.when === when)) {
      hooks?.provisioning?.(change);
      try {
        await runLocalExec(provisioner, { scope, folder, address: change.address.toString(), signal, say });
      } catch (error) {
        if (provisioner.onFailure === 'fail') throw error;
        say(`${errorMessage(error)} (on_failure = continue)`);
      }
    }
  }

  async #read(change: ResourceChange): Promise<void> {
    const { address, schema } = change;
    const site = this.#site(change);
    const { config, sensitive } = this.#wanted(site);
    const source = this.plan.configuration.types.data[address.type];
    if (source === undefined) return;
    await this.#step(change, 'read', undefined, async () => {
      const value = await readData(source, site.provider, address, site.resource, config);
      this.state.setCurrent(address, site.provider.name, dataObject(schema, value, sensitive));
      this.#values.set(address.toString(), markObject(schema, value, sensitive));
      return idOf(value);
    });
    this.#checkAfter(site, address);
  }

  async #forget({ address }: ResourceChange): Promise<void> {
    this.state.delete(address);
    await this.#save();
  }

  #current(address: InstanceAddress, type: ResourceType): ResourceObject {
    const object = this.state.get(address)?.current;
    if (object === undefined)
      throw configurationError(
        'Object not in the state',
        `${address.toString()} was to be changed, but the state no longer has it. Plan again.`,
      );
    return decodeObject(address, type.schema, object);
  }

  /** Tells the hooks, and the state on the disk, of one thing done. */
  async #step(change: ResourceChange, step: Step, id: string | undefined, work: () => Promise<string>): Promise<void> {
    const { hooks } = this.#options;
    hooks?.started?.(change, step, id);
    try {
      const done = await work();
      await this.#save();
      hooks?.finished?.(change, step, done);
    } catch (error) {
      hooks?.failed?.(change, step, error);
      await this.#save();
      throw step === 'read' ? error : inWords(step, change.address, error);
    }
  }

  #put(
    { address, schema, createBeforeDestroy }: ResourceChange,
    { provider }: Site,
    value: ResourceObject,
    sensitive: InstanceObject['sensitive'],
    status: InstanceObject['status'],
  ): void {
    const { graph } = this.plan.configuration;
    this.state.setCurrent(address, provider.name, {
      attributes: objectToJson(schema, reveal(value) as ResourceObject),
      status,
      sensitive,
      dependencies: [...graph.all(address.block)].toSorted(),
      createBeforeDestroy,
    });
    this.#values.set(address.toString(), markObject(schema, value, sensitive));
  }

  #checkAfter({ module, instance, resource }: Site, address: InstanceAddress): void {
    const scope = module.scope(instance, this.#valueOf(address));
    const { diagnostics } = evaluateConditions(resource.lifecycle.postconditions, scope, 'Resource postcondition failed');
    if (diagnostics.length > 0) throw new DiagnosticsError(diagnostics);
  }
}

function absent(address: InstanceAddress, place: Place): Error {
  const detail = `When applying changes to ${address.toString()}, an unexpected new value was produced: it was present, but is now absent.`;
  return configurationError('Provider produced inconsistent result after apply', detail, place.range, place);
}

const verbs: Readonly<Record<Step, string>> = { create: 'creating', update: 'updating', delete: 'deleting', read: 'reading' };

/** `creating aws_lb.main: DuplicateLoadBalancerName: A load balancer …` */
function inWords(step: Step, address: InstanceAddress, error: unknown): Error {
  if (error instanceof DiagnosticsError) return error;
  const code = codeOf(error);
  const named = code === '' || code === 'Error' || code.endsWith('Error') || code.startsWith('PL_') ? '' : `${code}: `;
  return new DiagnosticsError([problem('error', `${verbs[step]} ${address.toString()}: ${named}${errorMessage(error)}`, '')], error);
}
