import type { GroupInstance } from '../../model/index.ts';
import { instanceCauses } from './activities.ts';
import { suspended, type GroupObservation } from './observe.ts';

/** An instance that a decision ends, and why. */
export interface Ending {
  readonly instance: GroupInstance;
  readonly cause: string;
}

/**
 * The instances to be replaced. A machine that is gone counts at once; the balancer's word only where the group
 * listens to it and after the grace period, which starts when the instance comes into service; SetInstanceHealth
 * always, for it has been asked whether to respect the grace before it was set.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-health-checks.html
 */
export function unhealthyInstances({ group, counted, nowMs }: GroupObservation): Ending[] {
  if (suspended(group, 'HealthCheck') || suspended(group, 'ReplaceUnhealthy') || suspended(group, 'Terminate')) return [];
  return counted.flatMap((instance) => {
    const cause = ailment(group.healthCheckType, instance, nowMs, group.healthCheckGracePeriodMs);
    return cause === undefined ? [] : [{ instance, cause }];
  });
}

function ailment(type: 'EC2' | 'ELB', instance: GroupInstance, nowMs: number, graceMs: number): string | undefined {
  if (instance.machine === 'gone' || (instance.machine === 'stopped' && instance.state === 'InService'))
    return instanceCauses.machineGone(nowMs);
  if (instance.setHealth === 'Unhealthy') return instanceCauses.userFailed(nowMs);
  if (type === 'ELB' && instance.targetHealth === 'UNHEALTHY' && inServiceForMs(instance, nowMs) >= graceMs)
    return instanceCauses.elbFailed(nowMs);
  return undefined;
}

/** When the first bad word of the balancer that is still forgiven stops being so. */
export function groupGraceEndMs({ group, inService, nowMs }: GroupObservation): number | undefined {
  if (group.healthCheckType !== 'ELB') return undefined;
  const waits = inService
    .filter(({ targetHealth }) => targetHealth === 'UNHEALTHY')
    .map((instance) => group.healthCheckGracePeriodMs - inServiceForMs(instance, nowMs))
    .filter((wait) => wait > 0);
  return waits.length === 0 ? undefined : Math.min(...waits);
}

function inServiceForMs({ inServiceAtMs }: GroupInstance, nowMs: number): number {
  return inServiceAtMs === undefined ? 0 : nowMs - inServiceAtMs;
}
