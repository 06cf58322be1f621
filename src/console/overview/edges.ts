import type { Picture } from '../contract.ts';

/** A connection between two nodes of the picture. */
export interface Edge {
  readonly from: string;
  readonly to: string;
  /** Requests per second, where they are counted; otherwise what is behind it is known by name only. */
  readonly rate: number;
  readonly kind: 'traffic' | 'data';
}

export const clientsNode = 'clients';

/** Who sends to whom: clients to load balancers, those to target groups, those to what is registered in them, that to its database. */
export function edgesOf(picture: Picture): Edge[] {
  const edges: Edge[] = [];
  const groups = new Map(picture.targetGroups.map((group) => [group.arn, group]));
  for (const balancer of picture.loadBalancers) {
    edges.push({ from: clientsNode, to: balancer.arn, rate: balancer.traffic.requestsPerSecond, kind: 'traffic' });
    const used = new Set(balancer.listeners.flatMap(({ rules }) => rules.flatMap(({ targetGroupArns }) => targetGroupArns)));
    for (const arn of used) {
      const group = groups.get(arn);
      if (group !== undefined) edges.push({ from: balancer.arn, to: arn, rate: group.traffic.requestsPerSecond, kind: 'traffic' });
    }
  }
  for (const { id, targetGroupArns, databases } of picture.capacities) {
    for (const arn of targetGroupArns) {
      const group = groups.get(arn);
      if (group !== undefined) edges.push({ from: arn, to: id, rate: group.traffic.requestsPerSecond, kind: 'traffic' });
    }
    for (const database of databases) edges.push({ from: id, to: `database ${database}`, rate: 0, kind: 'data' });
  }
  for (const { id } of picture.instances) {
    for (const { arn, targets } of picture.targetGroups) {
      const target = targets.find((one) => one.id === id);
      if (target !== undefined) edges.push({ from: arn, to: id, rate: target.requestsPerSecond, kind: 'traffic' });
    }
  }
  return edges;
}
