import type { ResourceType } from '../provider.ts';
import { scalableTarget, scalingPolicy } from './appScaling.ts';
import { autoscalingAttachment, autoscalingGroup, autoscalingPolicy } from './autoscaling.ts';
import { database } from './database.ts';
import { cluster, service, taskDefinition } from './ecs.ts';
import { instance } from './instance.ts';
import { launchTemplate } from './launchTemplate.ts';
import { listener, listenerRule } from './listener.ts';
import { loadBalancer } from './loadBalancer.ts';
import { localFile } from './local.ts';
import { logGroup } from './logGroup.ts';
import { metricAlarm } from './metricAlarm.ts';
import { securityGroup, securityGroupRule } from './securityGroup.ts';
import { targetGroup, targetGroupAttachment } from './targetGroup.ts';

export { dataSources } from './dataSources.ts';

export const resourceTypes: Readonly<Record<string, ResourceType>> = {
  aws_alb: loadBalancer,
  aws_alb_listener: listener,
  aws_alb_listener_rule: listenerRule,
  aws_alb_target_group: targetGroup,
  aws_alb_target_group_attachment: targetGroupAttachment,
  aws_appautoscaling_policy: scalingPolicy,
  aws_appautoscaling_target: scalableTarget,
  aws_autoscaling_attachment: autoscalingAttachment,
  aws_autoscaling_group: autoscalingGroup,
  aws_autoscaling_policy: autoscalingPolicy,
  aws_cloudwatch_log_group: logGroup,
  aws_cloudwatch_metric_alarm: metricAlarm,
  aws_db_instance: database,
  aws_ecs_cluster: cluster,
  aws_ecs_service: service,
  aws_ecs_task_definition: taskDefinition,
  aws_instance: instance,
  aws_launch_template: launchTemplate,
  aws_lb: loadBalancer,
  aws_lb_listener: listener,
  aws_lb_listener_rule: listenerRule,
  aws_lb_target_group: targetGroup,
  aws_lb_target_group_attachment: targetGroupAttachment,
  aws_security_group: securityGroup,
  aws_security_group_rule: securityGroupRule,
  local_file: localFile,
};
