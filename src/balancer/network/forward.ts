import type { Listener } from '../../model/index.ts';
import { FlowHash, flowHash, sourceHash, type Ends } from './flow-hash.ts';
import type { NetworkGroup } from './network-group.ts';

/** The target group of a new flow; undefined when all weights are 0. */
export type Forward = (protocol: 'tcp' | 'udp', ends: Ends) => NetworkGroup | undefined;

/** Compiles the action of a listener. Throws when it is none of a network listener, or names a group that is not there. */
export function compileForward({ defaultAction: action, id }: Listener, groups: ReadonlyMap<string, NetworkGroup>): Forward {
  const groupOf = (groupId: string): NetworkGroup => {
    const group = groups.get(groupId);
    if (group === undefined) throw new Error(`no network target group ${groupId}`);
    return group;
  };
  if (action.type === 'forward') {
    const group = groupOf(action.targetGroupId);
    return () => group;
  }
  if (action.type !== 'forward-weighted') throw new Error(`the network listener ${id} can only forward`);
  const known = action.groups.map(({ targetGroupId, weight }) => ({ id: targetGroupId, weight, group: groupOf(targetGroupId) }));
  const spread = new FlowHash(known.filter(({ weight }) => weight > 0));
  const sticky = action.stickinessMs !== undefined;
  return (protocol, ends) => spread.pick(sticky ? sourceHash(ends.remoteAddress) : flowHash(protocol, ends))?.group;
}
