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
export { closeActivity, launchMember, lifeOf, logActivity, tellMember, templateVersionOf } from './operations/autoscaling/capacity.ts';
export { removeGroup } from './operations/autoscaling/groups.ts';
export {
  activities as groupActivityRecords,
  groups as autoScalingGroups,
  hooks as lifecycleHooks,
  members as groupMembers,
  policies as groupPolicies,
  refreshes as instanceRefreshes,
  scheduledActions as groupSchedules,
  type Group as AutoScalingGroupResource,
  type Member as GroupMemberResource,
  type Policy as GroupPolicyResource,
  type ScheduledAction as GroupScheduleResource,
} from './operations/autoscaling/resources.ts';
export { remember as rememberAlarm, setState as setAlarmState } from './operations/cloudwatch/alarms.ts';
export { alarms, type Alarm as AlarmResource } from './operations/cloudwatch/resources.ts';
export { dimensionsOf, modelQueries } from './operations/cloudwatch/live.ts';
export { data as metricData, modelDatum } from './operations/cloudwatch/series.ts';
export { terminate as terminateInstance } from './operations/ec2/instances.ts';
export { tagSets as instanceTags, tagsOf as instanceTagsOf } from './operations/ec2/tagSets.ts';
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
export { tagSets as loadBalancingTags, tagsOf as loadBalancingTagsOf } from './operations/elbv2/tags.ts';
export { deregisterTargets, registerTargets } from './operations/elbv2/targets.ts';
export { tellEvent as tellDatabaseEvent } from './operations/rds/events.ts';
export { tagSets as databaseTags, tagsOf as databaseTagsOf } from './operations/rds/tags.ts';
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
