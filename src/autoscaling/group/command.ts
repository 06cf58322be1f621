import type { AutoScalingGroup, GroupInstance } from '../../model/index.ts';
import type { StartFailures } from '../service/command.ts';

/**
 * What `decideGroup` sees. As with services, the region must show the effects of all earlier commands.
 */
export interface GroupSnapshot {
  readonly group: AutoScalingGroup;
  /** All instances of the group and its warm pool, terminated ones excepted. */
  readonly instances: readonly GroupInstance[];
  /** Launches in a row that failed (no address, quota, the machine did not come up). */
  readonly failures: StartFailures;
  /**
   * Why the desired capacity is what it is: the sentences of `groupCauses` for each change since the group last had
   * its desired capacity. They open the causes of the activities that follow.
   */
  readonly capacityCauses: readonly string[];
}

/**
 * What the region is to do, in this order. It answers by the instances' states (`nextInstanceState`) and facts.
 *
 * | command | the region | and then tells the instance |
 * | --- | --- | --- |
 * | launch | makes an instance in Pending (or Warmed:Pending), opens an activity `groupActivities.launching(id)` with `cause`, starts the machine | sets `machine` |
 * | take | starts the machine of a warm instance, opens a launch activity | `taken`, sets `machine` |
 * | startHook | sets `hook`, tells EventBridge | `hookStarted` |
 * | endHook | moves `hook` to `hooksDone`; `last` where no other hook of the phase follows | `hooksDone` if `last` |
 * | register | registers with the target groups unless AddToLoadBalancer is suspended, closes the launch activity | `registered`, sets `inServiceAtMs` and, where it did register, `registration` |
 * | warm | stops the machine if the pool is of stopped ones, closes the activity | `warmedStopped` or `warmedRunning` |
 * | deregister | starts draining | sets `registration` to draining, to none when the balancer says that it is done |
 * | terminate | opens an activity `groupActivities.terminating(id, draining)` with `cause`; clears `hook`, `hooksDone` | `terminate` |
 * | leave | the instance has left the target groups on its way to Standby or Detached | `drained` |
 * | destroy | terminates the machine, closes the activity, forgets the instance | `gone` |
 */
export type GroupCommand =
  | { readonly type: 'launch'; readonly zone: string; readonly templateVersion: string; readonly cause: string; readonly warm: boolean }
  | { readonly type: 'take'; readonly instanceId: string; readonly cause: string }
  | { readonly type: 'startHook'; readonly instanceId: string; readonly hook: string }
  | { readonly type: 'endHook'; readonly instanceId: string; readonly hook: string; readonly last: boolean }
  | { readonly type: 'register' | 'warm' | 'deregister' | 'leave' | 'destroy'; readonly instanceId: string }
  | { readonly type: 'terminate'; readonly instanceId: string; readonly cause: string };

export interface GroupDecision {
  readonly commands: readonly GroupCommand[];
  /** All wanted instances are in service and nothing is under way; `capacityCauses` are spent. */
  readonly steady: boolean;
  /** Set while a refresh runs; it is over at 100 with nothing left to replace. */
  readonly refreshPercent?: number;
  readonly requeueAfterMs?: number;
}
