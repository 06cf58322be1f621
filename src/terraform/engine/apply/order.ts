import type { ConfigurationGraph } from '../configuration/dependencies.ts';
import { configurationError } from '../diagnostics.ts';
import { Graph } from '../graph.ts';
import type { ResourceChange } from '../plan/types.ts';
import type { State } from '../state/state.ts';

/** One thing to do: bring an object about (create, update, read, forget), or do away with one. */
export interface Job {
  readonly kind: 'apply' | 'destroy';
  readonly change: ResourceChange;
}

export interface Order {
  readonly graph: Graph;
  /** By the names of the graph's nodes; a node without one stands for all jobs of a block. */
  readonly jobs: ReadonlyMap<string, Job>;
}

/**
 * What comes after what, for resources A and B of which A refers to B:
 *
 *     create or change     B, then A
 *     delete               A, then B
 *     replace B            delete B, create B, then A
 *     … create first       create B, then A, then delete the old B
 *
 * Nodes `… (applied)` and `… (destroyed)` stand for all instances of a block, so that the graph grows with the number of
 * instances and not with its square.
 */
export function orderOf(changes: readonly ResourceChange[], configuration: ConfigurationGraph, state: State): Order {
  const graph = new Graph();
  const jobs = new Map<string, Job>();
  const work = changes.filter(({ action }) => action !== 'no-op');
  for (const change of work) {
    for (const kind of kindsOf(change)) {
      const node = nodeOf(kind, change);
      jobs.set(node, { kind, change });
      graph.add(node);
      graph.connect(wholeOf(kind, change.address.block), node);
    }
  }
  for (const change of work) {
    if (doesApply(change)) connectApply(change, configuration, graph);
    if (doesDestroy(change)) connectDestroy(change, state, graph);
  }
  connectCreateFirst(work, configuration, graph);
  connectFormer(work, state, graph);
  const cycle = graph.cycle();
  if (cycle !== undefined) throw configurationError(`Cycle: ${cycle.join(', ')}`, '');
  return { graph, jobs };
}

const doesApply = ({ action }: ResourceChange): boolean => action !== 'delete' && action !== 'no-op';
const doesDestroy = ({ action }: ResourceChange): boolean => action === 'delete' || action === 'replace';

function kindsOf(change: ResourceChange): Job['kind'][] {
  return [...(doesApply(change) ? (['apply'] as const) : []), ...(doesDestroy(change) ? (['destroy'] as const) : [])];
}

function nodeOf(kind: Job['kind'], { address, deposed }: ResourceChange): string {
  return `${address.toString()}${kind === 'destroy' ? ' (destroy)' : ''}${deposed === undefined ? '' : ` (deposed object ${deposed})`}`;
}

const wholeOf = (kind: Job['kind'], block: string): string => `${block} (${kind === 'apply' ? 'applied' : 'destroyed'})`;

/** After all that it depends on, and, where the old object is in the way, after that is gone. */
function connectApply(change: ResourceChange, configuration: ConfigurationGraph, graph: Graph): void {
  const node = nodeOf('apply', change);
  for (const block of configuration.all(change.address.block))
    if (graph.has(wholeOf('apply', block))) graph.connect(node, wholeOf('apply', block));
  if (change.action === 'replace' && !change.createBeforeDestroy) graph.connect(node, nodeOf('destroy', change));
}

/** Before all that it depended on when it was made. */
function connectDestroy(change: ResourceChange, state: State, graph: Graph): void {
  const record = state.get(change.address);
  const object = change.deposed === undefined ? record?.current : record?.deposed.get(change.deposed);
  for (const block of object?.dependencies ?? [])
    if (graph.has(wholeOf('destroy', block)))
      for (const dependency of graph.dependenciesOf(wholeOf('destroy', block)))
        graph.connect(dependency, wholeOf('destroy', change.address.block));
}

/** The old object goes once its replacement is there and all that refer to it do so. */
function connectCreateFirst(work: readonly ResourceChange[], configuration: ConfigurationGraph, graph: Graph): void {
  for (const change of work) {
    if (change.action !== 'replace' || !change.createBeforeDestroy) continue;
    const node = nodeOf('destroy', change);
    graph.connect(node, nodeOf('apply', change));
    for (const block of new Set(work.filter(doesApply).map(({ address }) => address.block)))
      if (configuration.all(block).has(change.address.block)) graph.connect(node, wholeOf('apply', block));
  }
}

/** What is deleted goes after those that stop to refer to it, where nothing else speaks against that. */
function connectFormer(work: readonly ResourceChange[], state: State, graph: Graph): void {
  const deleted = new Map(work.filter(({ action }) => action === 'delete').map((change) => [change.address.block, change]));
  for (const change of work) {
    if (change.action !== 'update') continue;
    for (const block of state.get(change.address)?.current?.dependencies ?? []) {
      const former = deleted.get(block);
      const [node, before] = [former && nodeOf('destroy', former), nodeOf('apply', change)];
      if (node !== undefined && !graph.follows(before, node)) graph.connect(node, before);
    }
  }
}
