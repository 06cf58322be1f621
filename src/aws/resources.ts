/**
 * The kinds of resources that a running region brings to life: their tables and records, and the few steps that
 * operations and controllers share. All else of the operations is theirs alone.
 */
export {
  activities as scalingActivities,
  policies as scalingPolicies,
  putActivity as putScalingActivity,
  scheduledActions as scalingSchedules,
  targets as scalableTargets,
  type Policy as ScalingPolicyResource,
  type ScheduledAction as ScalingScheduleResource,
  type Target as ScalableTargetResource,
} from './operations/application-autoscaling/index.ts';
export {
  activities as groupActivityRecords,
  closeActivity,
  launchMember,
  lifeOf,
  logActivity,
  members as groupMembers,
  tellMember,
  templateVersionOf,
  type Member as GroupMemberResource,
} from './operations/autoscaling/capacity.ts';
export { groups as autoScalingGroups, removeGroup, type Group as AutoScalingGroupResource } from './operations/autoscaling/groups.ts';
export { hooks as lifecycleHooks } from './operations/autoscaling/lifecycleHooks.ts';
export { policies as groupPolicies, type Policy as GroupPolicyResource } from './operations/autoscaling/policies.ts';
export { refreshes as instanceRefreshes } from './operations/autoscaling/refreshes.ts';
export {
  scheduledActions as groupSchedules,
  type ScheduledAction as GroupScheduleResource,
} from './operations/autoscaling/scheduledActions.ts';
export { remember as rememberAlarm, setState as setAlarmState } from './operations/cloudwatch/alarms.ts';
export { alarms, type Alarm as AlarmResource } from './operations/cloudwatch/resources.ts';
export { dimensionsOf, modelQueries } from './operations/cloudwatch/live.ts';
export { data as metricData, modelDatum } from './operations/cloudwatch/series.ts';
export { terminate as terminateInstance } from './operations/ec2/instances.ts';
export { instanceTypeFacts } from './operations/ec2/instanceTypes.ts';
export { instances, securityGroupRules, securityGroups, type Instance as InstanceResource } from './operations/ec2/resources.ts';
export { networkInterfaces, type NetworkInterface as NetworkInterfaceResource } from './operations/ec2/resources.ts';
export {
  clusters,
  containerInstances,
  services,
  taskDefinitions,
  tasks,
  type Cluster as ClusterResource,
  type Service as ServiceResource,
  type Task as TaskResource,
  type TaskDefinition as TaskDefinitionResource,
} from './operations/ecs/resources.ts';
export { event as serviceEvent } from './operations/ecs/serviceTasks.ts';
export { endTask, startTask } from './operations/ecs/taskLifecycle.ts';
export {
  listeners,
  loadBalancers,
  rules,
  targetGroups,
  targets,
  type Action as ActionResource,
  type Listener as ListenerResource,
  type LoadBalancer as LoadBalancerResource,
  type Rule as RuleResource,
  type Target as TargetResource,
  type TargetGroup as TargetGroupResource,
} from './operations/elbv2/resources.ts';
export { deregisterTargets, registerTargets } from './operations/elbv2/targets.ts';
export { tellEvent as tellDatabaseEvent } from './operations/rds/events.ts';
export { removeDBInstance } from './operations/rds/instanceRecords.ts';
export {
  dbInstances,
  parameterGroups,
  snapshots as dbSnapshots,
  type DBInstance as DBInstanceResource,
  type Snapshot as DBSnapshotResource,
} from './operations/rds/resources.ts';
export { putLogEvents } from './operations/logs/events.ts';
export { logGroups, logStreams } from './operations/logs/resources.ts';
export { parameterValue } from './operations/ssm/index.ts';
