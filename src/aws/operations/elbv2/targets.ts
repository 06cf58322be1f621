import type { ElasticLoadBalancingV2, TargetDescription, TargetHealthDescription } from '@aws-sdk/client-elastic-load-balancing-v2';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { table } from '../../state/table.ts';
import type { TargetState } from '../../state/world.ts';
import { instances } from '../ec2/resources.ts';
import type { Operations } from '../operation.ts';
import { requireTargetGroup, usersOf, type TargetGroup } from './targetGroups.ts';

export interface Target {
  readonly groupArn: string;
  readonly id: string;
  readonly port: number | undefined;
  readonly zone: string | undefined;
}

const key = (groupArn: string, id: string, port: number | undefined): string => `${groupArn} ${id} ${port ?? ''}`;

export const targets = table<Target>('elbv2.target', (target) => key(target.groupArn, target.id, target.port));

/** Quota "Targets per target group". */
const targetsMax = 1000;

function portOf(group: TargetGroup, port: number | undefined): number | undefined {
  return group.TargetType === 'lambda' ? undefined : (port ?? group.Port);
}

export function registerTargets(at: Place, groupArn: string, given: readonly Plain<TargetDescription>[]): void {
  const group = requireTargetGroup(at, groupArn);
  for (const { Id = '', Port, AvailabilityZone } of given) {
    if (group.TargetType === 'instance') {
      const instance = at.table(instances).get(Id);
      if (instance === undefined)
        throw new AwsError('InvalidTarget', `The following targets are not in a running state and cannot be registered: '${Id}'`);
      if (instance.state !== 'running' && instance.state !== 'pending')
        throw new AwsError('InvalidTarget', `The following targets are not in a running state and cannot be registered: '${Id}'`);
    }
    at.table(targets).put({ groupArn, id: Id, port: portOf(group, Port), zone: AvailabilityZone });
  }
  if (at.table(targets).filter((target) => target.groupArn === groupArn).length > targetsMax) {
    throw new AwsError('TooManyTargets', `You have reached the maximum number of targets of target group '${groupArn}'`);
  }
}

export function deregisterTargets(at: Place, groupArn: string, given: readonly Plain<TargetDescription>[]): void {
  for (const { Id = '', Port } of given) {
    for (const target of at
      .table(targets)
      .filter((one) => one.groupArn === groupArn && one.id === Id && (Port === undefined || one.port === Port))) {
      at.table(targets).delete(key(groupArn, target.id, target.port));
    }
  }
}

/** In the control plane alone a target is healthy at once, unless its instance does not run or nothing uses its group. */
function describeHealth(at: Place, target: Target, used: boolean): Plain<TargetHealthDescription> {
  const described = { Id: target.id, Port: target.port, ...(target.zone === undefined ? {} : { AvailabilityZone: target.zone }) };
  const port = target.port === undefined ? {} : { HealthCheckPort: String(target.port) };
  const instance = target.id.startsWith('i-') ? at.table(instances).get(target.id) : undefined;
  if (instance !== undefined && instance.state !== 'running') {
    return {
      Target: described,
      ...port,
      TargetHealth: { State: 'unused', Reason: 'Target.InvalidState', Description: `Target is in the ${instance.state} state` },
    };
  }
  if (!used)
    return {
      Target: described,
      ...port,
      TargetHealth: {
        State: 'unused',
        Reason: 'Target.NotInUse',
        Description: 'Target group is not configured to receive traffic from the load balancer',
      },
    };
  return { Target: described, ...port, TargetHealth: { State: 'healthy' } };
}

/** What the data plane says, of the targets that were asked for or of all. */
function liveHealth(at: Place, group: TargetGroup, asked: readonly Plain<TargetDescription>[] = []): Plain<TargetHealthDescription>[] {
  const states = at.world.machinery.targetHealth?.(at, group.TargetGroupArn) ?? [];
  const described = ({ id, port, state, reason, description }: TargetState): Plain<TargetHealthDescription> => ({
    Target: { Id: id, Port: port },
    HealthCheckPort: group.HealthCheckPort === 'traffic-port' ? String(port ?? '') : group.HealthCheckPort,
    TargetHealth: { State: state, Reason: reason as 'Target.Timeout', Description: description },
  });
  if (asked.length === 0) return states.map(described);
  return asked.map(({ Id = '', Port }) => {
    const found = states.find(({ id, port }) => id === Id && (Port === undefined || port === Port));
    return described(found ?? { id: Id, port: portOf(group, Port), ...notRegistered });
  });
}

const notRegistered = {
  state: 'unused',
  reason: 'Target.NotRegistered',
  description: 'Target is not registered to the target group',
} as const;

export const targetOperations: Operations<ElasticLoadBalancingV2> = {
  RegisterTargets({ TargetGroupArn = '', Targets = [] }, at) {
    requireTargetGroup(at, TargetGroupArn);
    registerTargets(at, TargetGroupArn, Targets);
    return {};
  },

  DeregisterTargets({ TargetGroupArn = '', Targets = [] }, at) {
    requireTargetGroup(at, TargetGroupArn);
    deregisterTargets(at, TargetGroupArn, Targets);
    return {};
  },

  DescribeTargetHealth({ TargetGroupArn, Targets }, at) {
    const group = requireTargetGroup(at, TargetGroupArn);
    if (at.world.machinery.live) return { TargetHealthDescriptions: liveHealth(at, group, Targets) };
    const registered = at.table(targets).filter((target) => target.groupArn === group.TargetGroupArn);
    const used = (usersOf(at).get(group.TargetGroupArn)?.size ?? 0) > 0;
    if (Targets === undefined || Targets.length === 0)
      return { TargetHealthDescriptions: registered.map((target) => describeHealth(at, target, used)) };
    return {
      TargetHealthDescriptions: Targets.map(({ Id = '', Port }) => {
        const found = registered.find((target) => target.id === Id && (Port === undefined || target.port === Port));
        if (found !== undefined) return describeHealth(at, found, used);
        const port = portOf(group, Port);
        const gone = !Id.startsWith('i-') || at.table(instances).get(Id)?.state === 'running';
        return {
          Target: { Id, Port: port },
          HealthCheckPort: String(port ?? ''),
          TargetHealth: gone
            ? { State: 'unused', Reason: 'Target.NotRegistered', Description: 'Target is not registered to the target group' }
            : { State: 'unused', Reason: 'Target.InvalidState', Description: 'Target is in the stopped state' },
        };
      }),
    };
  },
};
