import type { Expression, Reference } from '../../language/index.ts';
import { configurationError } from '../diagnostics.ts';
import { Graph } from '../graph.ts';
import type { ModuleConfiguration, ResourceDeclaration } from './types.ts';

/**
 * What of a configuration depends on what, before anything is expanded. Nodes are named as Terraform names them:
 * `module.web.local.name`, `aws_lb.main`, `var.image`, `output.url`, `provider.aws`. Two stand for a module as a whole:
 * `module.web (expand)` for its count, for_each and depends_on, `module.web (close)` for all that is in it.
 */
export class ConfigurationGraph {
  readonly #graph: Graph;
  readonly #resources: ReadonlySet<string>;
  readonly #nearest = new Map<string, ReadonlySet<string>>();
  readonly #all = new Map<string, ReadonlySet<string>>();

  constructor(graph: Graph, resources: ReadonlySet<string>) {
    this.#graph = graph;
    this.#resources = resources;
  }

  /** @throws DiagnosticsError */
  refuseCycles(): void {
    const cycle = this.#graph.cycle();
    if (cycle !== undefined) throw configurationError(`Cycle: ${cycle.join(', ')}`, '');
  }

  /** The blocks of resources and data sources that a node depends on, directly or through values that are no resources. */
  nearest(node: string): ReadonlySet<string> {
    return this.#gather(node, this.#nearest, (dependency) => (this.#resources.has(dependency) ? undefined : this.nearest(dependency)));
  }

  /** All blocks of resources and data sources that a node depends on, at any distance. */
  all(node: string): ReadonlySet<string> {
    return this.#gather(node, this.#all, (dependency) => this.all(dependency));
  }

  /** The blocks that references of a module mean: a module stands for all that is in it. */
  meant(references: readonly Reference[], module: ModuleConfiguration): ReadonlySet<string> {
    const nodes = references.flatMap((reference) => nodesOf(reference, module));
    return new Set(nodes.flatMap((node) => (this.#resources.has(node) ? [node] : [...this.nearest(node)])));
  }

  #gather(
    node: string,
    memo: Map<string, ReadonlySet<string>>,
    further: (dependency: string) => ReadonlySet<string> | undefined,
  ): ReadonlySet<string> {
    const known = memo.get(node);
    if (known) return known;
    const out = new Set<string>();
    for (const dependency of this.#graph.dependenciesOf(node)) {
      if (this.#resources.has(dependency)) out.add(dependency);
      for (const one of further(dependency) ?? []) out.add(one);
    }
    memo.set(node, out);
    return out;
  }
}

export function configurationGraph(root: ModuleConfiguration): ConfigurationGraph {
  const graph = new Graph();
  const resources = new Set<string>();
  addModule(root, undefined, graph, resources);
  return new ConfigurationGraph(graph, resources);
}

/** `module.a.module.b.`, with the dot; empty for the root module. */
export function modulePrefix(path: readonly string[]): string {
  return path.map((name) => `module.${name}.`).join('');
}

export function blockOf(path: readonly string[], { mode, type, name }: Pick<ResourceDeclaration, 'mode' | 'type' | 'name'>): string {
  return `${modulePrefix(path)}${mode === 'data' ? 'data.' : ''}${type}.${name}`;
}

function addModule(module: ModuleConfiguration, expand: string | undefined, graph: Graph, resources: Set<string>): void {
  const prefix = modulePrefix(module.path);
  const close = prefix === '' ? undefined : `${prefix.slice(0, -1)} (close)`;
  const add = (node: string, ...references: readonly (readonly Reference[] | undefined)[]): void => {
    graph.add(node);
    if (expand !== undefined) graph.connect(node, expand);
    if (close !== undefined) graph.connect(close, node);
    for (const reference of references.flat())
      if (reference) for (const dependency of nodesOf(reference, module)) graph.connect(node, dependency);
  };
  for (const [name, expression] of module.locals) add(`${prefix}local.${name}`, expression.references());
  for (const { name, value, dependsOn, preconditions } of module.outputs.values())
    add(
      `${prefix}output.${name}`,
      value.references(),
      dependsOn,
      referencesOf(preconditions.flatMap(({ condition, message }) => [condition, message])),
    );
  for (const [name, provider] of module.providers) add(`${prefix}provider.${name}`, bodyReferences(provider.body));
  for (const resource of module.resources.values()) addResource(resource, module, graph, resources, add);
  for (const call of module.calls.values()) {
    const inner = `${prefix}module.${call.name}`;
    const [count, forEach] = [call.count, call.forEach];
    add(`${inner} (expand)`, referencesOf([count, forEach]), call.dependsOn);
    for (const variable of call.module.variables.keys()) {
      add(`${inner}.var.${variable}`, call.arguments.get(variable)?.references());
      graph.connect(`${inner}.var.${variable}`, `${inner} (expand)`);
    }
    for (const provider of call.providers.values())
      if (module.providers.has(provider)) graph.connect(`${inner} (expand)`, `${prefix}provider.${provider}`);
    graph.add(`${inner} (close)`);
    addModule(call.module, `${inner} (expand)`, graph, resources);
    if (close !== undefined) graph.connect(close, `${inner} (close)`);
  }
  if (prefix === '') for (const name of module.variables.keys()) graph.add(`var.${name}`);
}

function addResource(
  resource: ResourceDeclaration,
  module: ModuleConfiguration,
  graph: Graph,
  resources: Set<string>,
  add: (node: string, ...references: readonly (readonly Reference[] | undefined)[]) => void,
): void {
  const { lifecycle } = resource;
  const node = blockOf(module.path, resource);
  resources.add(node);
  const conditions = [...lifecycle.preconditions, ...lifecycle.postconditions].flatMap(({ condition, message }) => [condition, message]);
  const expressions = [resource.count, resource.forEach, ...lifecycle.replaceTriggeredBy, ...conditions];
  const provisioners = resource.provisioners.flatMap(({ body }) => bodyReferences(body));
  add(node, bodyReferences(resource.body), resource.dependsOn, referencesOf(expressions), provisioners);
  const provider = `${modulePrefix(module.path)}provider.${resource.provider}`;
  if (module.providers.has(resource.provider)) graph.connect(node, provider);
}

const referencesOf = (expressions: readonly (Expression | undefined)[]): Reference[] =>
  expressions.flatMap((expression) => expression?.references() ?? []);

/** All that a body refers to, at any depth, but for what `dynamic` blocks inside it bind. */
export function bodyReferences(body: ResourceDeclaration['body'], bound: ReadonlySet<string> = new Set()): Reference[] {
  const own = referencesOf([...body.attributes.values()]);
  const inner = body.blocks.flatMap((block) => {
    if (block.type !== 'dynamic') return bodyReferences(block.body, bound);
    const iterator = block.body.attributes.get('iterator')?.references()[0]?.path[0] ?? block.labels[0] ?? '';
    const { attributes, blocks } = block.body;
    const head = referencesOf([attributes.get('for_each')]);
    const labels = referencesOf([attributes.get('labels')]).filter(({ path }) => path[0] !== iterator);
    const content = blocks
      .filter(({ type }) => type === 'content')
      .flatMap((item) => bodyReferences(item.body, new Set([...bound, iterator])));
    return [...head, ...labels, ...content];
  });
  return [...own, ...inner].filter(({ path }) => !bound.has(path[0] ?? ''));
}

/** The nodes that a reference in a module means; none for what is no other block (`each`, `path`). */
export function nodesOf({ path }: Reference, module: ModuleConfiguration): string[] {
  const prefix = modulePrefix(module.path);
  const [root = '', first = '', second = ''] = path;
  if (root === 'var' || root === 'local') return [`${prefix}${root}.${first}`];
  if (root === 'data') return module.resources.has(`data.${first}.${second}`) ? [`${prefix}data.${first}.${second}`] : [];
  if (root !== 'module') return module.resources.has(`${root}.${first}`) ? [`${prefix}${root}.${first}`] : [];
  const called = module.calls.get(first);
  if (called === undefined) return [];
  const inner = `${prefix}module.${first}`;
  if (called.module.outputs.has(second)) return [`${inner}.output.${second}`];
  return [`${inner} (close)`];
}
