import type {
  ElasticLoadBalancingV2,
  TargetDescription,
  TargetHealth,
  TargetHealthDescription,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import type { TargetState } from '../../state/world.ts';
import { instances } from '../ec2/resources.ts';
import type { Operations } from '../operation.ts';
import { requireTargetGroup, type Target, type TargetGroup, targetKey, targets, targetsByGroup } from './resources.ts';

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
  if (at.table(targets).by(targetsByGroup, groupArn).length > targetsMax) {
    throw new AwsError('TooManyTargets', `You have reached the maximum number of targets of target group '${groupArn}'`);
  }
}

export function deregisterTargets(at: Place, groupArn: string, given: readonly Plain<TargetDescription>[]): void {
  for (const { Id = '', Port } of given) {
    for (const target of at
      .table(targets)
      .by(targetsByGroup, groupArn)
      .filter((one) => one.id === Id && (Port === undefined || one.port === Port))) {
      at.table(targets).delete(targetKey(groupArn, target.id, target.port));
    }
  }
}

/** An instance that was terminated is deregistered by itself. */
const isGone = (at: Place, { id }: Target): boolean => at.table(instances).get(id)?.state === 'terminated';

/** In the control plane alone a target is healthy at once, unless its instance does not run. */
function describeHealth(at: Place, group: TargetGroup, target: Target): Plain<TargetHealthDescription> {
  const state = at.table(instances).get(target.id)?.state ?? 'running';
  return {
    Target: { Id: target.id, Port: target.port, ...(target.zone === undefined ? {} : { AvailabilityZone: target.zone }) },
    ...(target.port === undefined ? {} : { HealthCheckPort: group.HealthCheckPort }),
    TargetHealth: state === 'running' ? { State: 'healthy' } : invalidState(state),
  };
}

const invalidState = (state: string): TargetHealth => ({
  State: 'unused',
  Reason: 'Target.InvalidState',
  Description: `Target is in the ${state} state`,
});

/** Of a target that was asked for and is not registered: one that was terminated drains until it is forgotten. */
function describeUnregistered(at: Place, group: TargetGroup, id: string, port: number | undefined): Plain<TargetHealthDescription> {
  const state = at.table(instances).get(id)?.state ?? 'running';
  return {
    Target: { Id: id, Port: port },
    HealthCheckPort: group.HealthCheckPort === 'traffic-port' ? String(port ?? '') : group.HealthCheckPort,
    TargetHealth:
      state === 'terminated'
        ? { State: 'draining', Reason: 'Target.DeregistrationInProgress', Description: 'Target deregistration is in progress' }
        : state === 'running'
          ? { State: notRegistered.state, Reason: notRegistered.reason, Description: notRegistered.description }
          : invalidState(state),
  };
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
    const registered = at
      .table(targets)
      .by(targetsByGroup, group.TargetGroupArn)
      .filter((target) => !isGone(at, target));
    if (Targets === undefined || Targets.length === 0)
      return { TargetHealthDescriptions: registered.map((target) => describeHealth(at, group, target)) };
    return {
      TargetHealthDescriptions: Targets.map(({ Id = '', Port }) => {
        const found = registered.find((target) => target.id === Id && (Port === undefined || target.port === Port));
        return found === undefined ? describeUnregistered(at, group, Id, portOf(group, Port)) : describeHealth(at, group, found);
      }),
    };
  },
};
