import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Value } from '../../language/index.ts';
import { data, make } from './testkit.ts';

/** Every kind of resource through its whole life, against a control plane: made, read back, deleted, gone. */

const everyone: Value = [{ from_port: 80, to_port: 80, protocol: 'tcp', cidr_blocks: ['0.0.0.0/0'] }];
const all: Value = [{ from_port: 0, to_port: 0, protocol: '-1', cidr_blocks: ['0.0.0.0/0'] }];

test('a load-balanced instance', async () => {
  const group = await make('aws_security_group', {
    name: 'web',
    description: 'web',
    ingress: everyone,
    egress: all,
    tags_all: { Name: 'web' },
  });
  assert.deepEqual(group.values['tags_all'], { Name: 'web' });
  const vpc = await data('aws_vpc', { default: true });
  assert.equal(group.values['vpc_id'], vpc['id']);
  const subnets = await data('aws_subnets', { filter: [{ name: 'vpc-id', values: [vpc['id'] as string] }] });
  const machine = await make('aws_instance', { ami: 'ami-04902260ca3d33422', instance_type: 't2.micro', security_groups: ['web'] });
  assert.deepEqual(machine.values['security_groups'], ['web']);
  const targets = await make('aws_lb_target_group', {
    name: 'web',
    port: 80,
    protocol: 'HTTP',
    vpc_id: vpc['id'] as string,
    target_type: 'instance',
  });
  const attachment = await make('aws_lb_target_group_attachment', { target_group_arn: targets.id, target_id: machine.id, port: 80 });
  const balancer = await make('aws_lb', {
    name: 'web',
    internal: false,
    load_balancer_type: 'application',
    subnets: subnets['ids'] ?? [],
    security_groups: [group.id],
  });
  const forward: Value = [{ type: 'forward', target_group_arn: targets.id }];
  const listener = await make('aws_lb_listener', { load_balancer_arn: balancer.id, port: 80, protocol: 'HTTP', default_action: forward });
  const rule = await make('aws_lb_listener_rule', {
    listener_arn: listener.id,
    action: forward,
    condition: [{ path_pattern: [{ values: ['/a*'] }] }],
  });
  for (const made of [rule, listener, balancer, attachment, targets, machine, group]) await made.remove();
});

test('an auto scaling group with policy and alarm', async () => {
  const template = await make('aws_launch_template', { name: 'todo', image_id: 'ami-005f9685cb30f234b', instance_type: 't2.micro' });
  const group = await make('aws_autoscaling_group', {
    name: 'todo',
    availability_zones: ['us-east-1a'],
    min_size: 1,
    max_size: 4,
    desired_capacity: 1,
    launch_template: [{ id: template.id, version: '$Latest' }],
  });
  const targets = await make('aws_lb_target_group', {
    name: 'todo',
    port: 6400,
    protocol: 'HTTP',
    vpc_id: (await data('aws_vpc', { default: true }))['id'] ?? '',
  });
  const old = await make('aws_autoscaling_attachment', { autoscaling_group_name: group.id, alb_target_group_arn: targets.id });
  const policy = await make('aws_autoscaling_policy', {
    name: 'up',
    autoscaling_group_name: group.id,
    policy_type: 'SimpleScaling',
    adjustment_type: 'ChangeInCapacity',
    scaling_adjustment: 1,
    cooldown: 120,
  });
  const alarm = await make('aws_cloudwatch_metric_alarm', {
    alarm_name: 'up',
    alarm_actions: [policy.values['arn'] ?? ''],
    comparison_operator: 'GreaterThanThreshold',
    namespace: 'AWS/EC2',
    metric_name: 'CPUUtilization',
    threshold: 20,
    evaluation_periods: 2,
    period: 120,
    statistic: 'Average',
    dimensions: { AutoScalingGroupName: group.id },
  });
  for (const made of [alarm, policy, old, targets, group, template]) await made.remove();
});

test('a scaled service with its database and logs', async () => {
  const ids = (await data('aws_subnets'))['ids'] ?? [];
  const role = await data('aws_iam_role', { name: 'LabRole' });
  const logs = await make('aws_cloudwatch_log_group', { name: '/todo', retention_in_days: 7, tags_all: {} });
  const database = await make('aws_db_instance', {
    identifier: 'todo',
    allocated_storage: 20,
    engine: 'postgres',
    engine_version: '14',
    instance_class: 'db.t4g.micro',
    username: 'administrator',
    password: 'VerySecurePassword123XYZ',
    skip_final_snapshot: true,
  });
  const cluster = await make('aws_ecs_cluster', { name: 'todo' });
  const asked = JSON.stringify([
    { name: 'todo', image: 'todo', environment: [{ name: 'PORT', value: 6400 }], portMappings: [{ containerPort: 6400 }] },
  ]);
  const definition = await make('aws_ecs_task_definition', {
    family: 'todo',
    network_mode: 'awsvpc',
    requires_compatibilities: ['FARGATE'],
    cpu: '1024',
    memory: '2048',
    execution_role_arn: role['arn'] ?? '',
    container_definitions: asked,
  });
  assert.equal(definition.values['container_definitions'], asked);
  const service = await make('aws_ecs_service', {
    name: 'todo',
    cluster: cluster.id,
    task_definition: definition.id,
    desired_count: 1,
    launch_type: 'FARGATE',
    network_configuration: [{ subnets: ids, assign_public_ip: true }],
  });
  const place = { resource_id: 'service/todo/todo', scalable_dimension: 'ecs:service:DesiredCount', service_namespace: 'ecs' };
  const target = await make('aws_appautoscaling_target', { ...place, min_capacity: 1, max_capacity: 4 });
  const metric: Value = [{ predefined_metric_type: 'ECSServiceAverageCPUUtilization' }];
  const policy = await make('aws_appautoscaling_policy', {
    ...place,
    name: 'cpu',
    policy_type: 'TargetTrackingScaling',
    target_tracking_scaling_policy_configuration: [{ target_value: 20, predefined_metric_specification: metric }],
  });
  for (const made of [policy, target, service, definition, cluster, database, logs]) await made.remove();
});

test('data sources that say what stands', async () => {
  assert.equal((await data('aws_caller_identity'))['account_id'], '123456789012');
  assert.equal((await data('aws_region'))['name'], 'us-east-1');
  assert.deepEqual((await data('aws_availability_zones'))['names'], [
    'us-east-1a',
    'us-east-1b',
    'us-east-1c',
    'us-east-1d',
    'us-east-1e',
    'us-east-1f',
  ]);
  await assert.rejects(data('aws_iam_role', { name: 'nobody' }), /reading IAM Role \(nobody\): couldn't find resource/);
});
