import { isRecord, reveal, Unknown, type Value } from '../../language/index.ts';
import { moduleText } from '../address.ts';
import type { ProviderDeclaration } from '../configuration/types.ts';
import { configurationError } from '../diagnostics.ts';
import type { ResourceObject } from '../plan/types.ts';
import type { Clients } from '../provider.ts';
import type { Evaluator, ModuleInstance } from './evaluator.ts';

/** What a provider block says of where its calls go; the endpoint is whoever runs Terraform's to say. */
export interface Credentials {
  /** Undefined: the environment's, or the usual one. */
  readonly region?: string;
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
}

export type Connect = (credentials: Credentials) => Clients;

/** A provider as one of its blocks configures it. */
export interface Provider {
  /** As a state names it: `provider["registry.terraform.io/hashicorp/aws"].west`. */
  readonly name: string;
  /** The clients of the region that an object's `region` argument names (AWS provider version 6), else of the provider's. */
  clientsFor(object: ResourceObject): Clients;
  /** `default_tags`; a value may be unknown while planning. */
  readonly defaultTags: Readonly<Record<string, Value>>;
}

/** The configured providers of an evaluation, each made once. */
export class Providers {
  readonly #connect: Connect;
  readonly #evaluator: Evaluator;
  readonly #made = new Map<string, Provider>();

  constructor(evaluator: Evaluator, connect: Connect) {
    this.#evaluator = evaluator;
    this.#connect = connect;
  }

  /** What `aws` or `aws.west` means in a module: its own block, what its call passes, or the caller's of that name. */
  of(module: ModuleInstance, name: string): Provider {
    const { configuration, parent } = module;
    const declaration = configuration.providers.get(name);
    if (declaration === undefined && parent !== undefined) {
      const call = parent.configuration.calls.get(module.path.at(-1)?.name ?? '');
      return this.of(parent, call?.providers.get(name) ?? name);
    }
    const key = `${moduleText(module.path)} ${name}`;
    let made = this.#made.get(key);
    if (made === undefined) this.#made.set(key, (made = this.#make(module, name, declaration)));
    return made;
  }

  /** That of an object in the state whose configuration is gone: the one it was made with, while that is still there. */
  named(text: string): Provider {
    const { module, type, alias } = parseProviderName(text);
    const found = this.#evaluator.module(module.map((name) => ({ name, key: undefined }))) ?? this.#evaluator.root;
    const local = [...found.configuration.providerSources].find(([, source]) => source.endsWith(`/${type}`))?.[0] ?? type;
    return this.of(found, alias === undefined ? local : `${local}.${alias}`);
  }

  #make(module: ModuleInstance, name: string, declaration: ProviderDeclaration | undefined): Provider {
    const [local = name, alias] = name.split('.');
    const source = sourceOf(local, module.configuration.providerSources);
    const prefix = module.path.length === 0 ? '' : `${module.path.map((step) => `module.${step.name}`).join('.')}.`;
    const text = `${prefix}provider["${source}"]${alias === undefined ? '' : `.${alias}`}`;
    if (declaration === undefined && alias !== undefined)
      throw configurationError(
        'Provider configuration not present',
        `The provider configuration "${name}" is used, but there is no provider "${local}" block with alias = "${alias}".`,
      );
    if (declaration === undefined) return { name: text, clientsFor: this.#byRegion({}), defaultTags: {} };
    const scope = module.scope();
    const argument = (key: string): Value => reveal(declaration.body.attributes.get(key)?.evaluate(scope) ?? null);
    const textOf = (key: string): string | undefined => {
      const value = argument(key);
      return typeof value === 'string' && value !== '' ? value : undefined;
    };
    const [region, accessKeyId, secretAccessKey] = ['region', 'access_key', 'secret_key'].map(textOf);
    const credentials: Credentials = {
      ...(region !== undefined && { region }),
      ...(accessKeyId !== undefined && { accessKeyId }),
      ...(secretAccessKey !== undefined && { secretAccessKey }),
    };
    return { name: text, clientsFor: this.#byRegion(credentials), defaultTags: defaultTagsOf(declaration, module) };
  }

  #byRegion(credentials: Credentials): Provider['clientsFor'] {
    const made = new Map<string | undefined, Clients>();
    return ({ region: named }) => {
      const region = typeof named === 'string' && named !== '' ? named : credentials.region;
      let clients = made.get(region);
      if (clients === undefined) made.set(region, (clients = this.#connect({ ...credentials, ...(region !== undefined && { region }) })));
      return clients;
    };
  }
}

function defaultTagsOf({ body }: ProviderDeclaration, module: ModuleInstance): Record<string, Value> {
  const expression = body.blocks.find(({ type }) => type === 'default_tags')?.body.attributes.get('tags');
  if (expression === undefined) return {};
  const given = expression.evaluate(module.scope());
  const tags = reveal(given);
  if (tags === null || tags instanceof Unknown) return {};
  if (!isRecord(tags))
    throw configurationError(
      'Incorrect attribute value type',
      'Inappropriate value for attribute "tags": map of string required.',
      expression.range,
    );
  const entries = Object.entries(tags).filter(([, value]) => value !== null);
  return Object.fromEntries(
    entries.map(([key, value]) => [key, value instanceof Unknown || typeof value === 'string' ? value : JSON.stringify(value)]),
  );
}

/** `registry.terraform.io/hashicorp/aws`. */
export function sourceOf(local: string, sources: ReadonlyMap<string, string>): string {
  if (local === 'terraform') return 'terraform.io/builtin/terraform';
  const source = sources.get(local) ?? `hashicorp/${local}`;
  return source.split('/').length > 2 ? source : `registry.terraform.io/${source}`;
}

/** The parts of `module.a.provider["registry.terraform.io/hashicorp/aws"].west`. */
function parseProviderName(text: string): { module: string[]; type: string; alias: string | undefined } {
  const found = /^(?:(module\..*)\.)?provider\["([^"]*)"\](?:\.(.+))?$/.exec(text);
  const [, module = '', source = '', alias] = found ?? [];
  return {
    module: module === '' ? [] : module.split('.').filter((_, index) => index % 2 === 1),
    type: source.split('/').at(-1) ?? '',
    alias,
  };
}
