import type { ResourceType } from '../provider.ts';
import { scalableTarget, scalingPolicy, scheduledAction } from './appScaling.ts';
import { autoscalingAttachment, autoscalingGroup, autoscalingPolicy } from './autoscaling.ts';
import { autoscalingSchedule, launchConfiguration, lifecycleHook } from './autoscalingParts.ts';
import { database } from './database.ts';
import { databaseParameterGroup, databaseSubnetGroup } from './databaseGroups.ts';
import { dockerImage, dockerRegistryImage } from './docker.ts';
import { cluster, service, taskDefinition } from './ecs.ts';
import { instanceProfile, role, rolePolicy, rolePolicyAttachment } from './iam.ts';
import { instance } from './instance.ts';
import { launchTemplate } from './launchTemplate.ts';
import { listener, listenerRule } from './listener.ts';
import { loadBalancer } from './loadBalancer.ts';
import { localFile } from './local.ts';
import { logGroup } from './logGroup.ts';
import { metricAlarm } from './metricAlarm.ts';
import { compositeAlarm, dashboard, logStream } from './monitoring.ts';
import { securityGroup, securityGroupRule } from './securityGroup.ts';
import { egressRule, ingressRule } from './securityGroupRules.ts';
import { targetGroup, targetGroupAttachment } from './targetGroup.ts';

export { dataSources } from './dataSources.ts';

export const resourceTypes: Readonly<Record<string, ResourceType>> = {
  aws_alb: loadBalancer,
  aws_alb_listener: listener,
  aws_alb_listener_rule: listenerRule,
  aws_alb_target_group: targetGroup,
  aws_alb_target_group_attachment: targetGroupAttachment,
  aws_appautoscaling_policy: scalingPolicy,
  aws_appautoscaling_scheduled_action: scheduledAction,
  aws_appautoscaling_target: scalableTarget,
  aws_autoscaling_attachment: autoscalingAttachment,
  aws_autoscaling_group: autoscalingGroup,
  aws_autoscaling_lifecycle_hook: lifecycleHook,
  aws_autoscaling_policy: autoscalingPolicy,
  aws_autoscaling_schedule: autoscalingSchedule,
  aws_cloudwatch_composite_alarm: compositeAlarm,
  aws_cloudwatch_dashboard: dashboard,
  aws_cloudwatch_log_group: logGroup,
  aws_cloudwatch_log_stream: logStream,
  aws_cloudwatch_metric_alarm: metricAlarm,
  aws_db_instance: database,
  aws_db_parameter_group: databaseParameterGroup,
  aws_db_subnet_group: databaseSubnetGroup,
  aws_ecs_cluster: cluster,
  aws_ecs_service: service,
  aws_ecs_task_definition: taskDefinition,
  aws_iam_instance_profile: instanceProfile,
  aws_iam_role: role,
  aws_iam_role_policy: rolePolicy,
  aws_iam_role_policy_attachment: rolePolicyAttachment,
  aws_instance: instance,
  aws_launch_configuration: launchConfiguration,
  aws_launch_template: launchTemplate,
  aws_lb: loadBalancer,
  aws_lb_listener: listener,
  aws_lb_listener_rule: listenerRule,
  aws_lb_target_group: targetGroup,
  aws_lb_target_group_attachment: targetGroupAttachment,
  aws_security_group: securityGroup,
  aws_security_group_rule: securityGroupRule,
  aws_vpc_security_group_egress_rule: egressRule,
  aws_vpc_security_group_ingress_rule: ingressRule,
  docker_image: dockerImage,
  docker_registry_image: dockerRegistryImage,
  local_file: localFile,
  local_sensitive_file: localFile,
};

/** Types that people's files have and we do not, and what to do instead. */
export const notSupported: Readonly<Record<string, string>> = {
  aws_ecr_repository:
    'The region has no image registry. Say what runs in place of the image with `plimsoll up --image NAME=COMMAND`, and use its name.',
  aws_ecr_lifecycle_policy: 'The region has no image registry.',
  aws_ecr_authorization_token: 'The region has no image registry.',
  aws_sqs_queue: 'The region has no queues (SQS).',
  aws_sqs_queue_policy: 'The region has no queues (SQS).',
  aws_sns_topic: 'The region has no topics (SNS).',
  aws_s3_bucket: 'The region has no object store (S3).',
  aws_lambda_function: 'The region has no functions (Lambda).',
  aws_dynamodb_table: 'The region has no DynamoDB.',
  aws_elasticache_cluster: 'The region has no ElastiCache.',
  aws_cloudfront_distribution: 'The region has no CloudFront.',
  aws_route53_record: 'The region has no DNS zones (Route 53); use the DNS name of the load balancer.',
  aws_eks_cluster: 'The region has no EKS; aws_ecs_cluster and aws_autoscaling_group are there.',
};
