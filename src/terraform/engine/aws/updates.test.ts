import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { Value } from '../../language/index.ts';
import { resourceTypes } from './index.ts';
import { aws, data, make, removeAll, type Made } from './testkit.ts';

/** Every kind of resource changed in place, argument by argument, against a control plane: what was asked for is read back. */

const tags = { tags_all: { Name: 'new', Kept: 'k' } };
const firstTags = { tags_all: { Name: 'old', Gone: 'g', Kept: 'k' } };
/** The types whose changes were tested; see the last test. */
const changed = new Set<string>();

async function changing(made: Made, ...patches: readonly Readonly<Record<string, Value>>[]): Promise<void> {
  changed.add(made.type);
  for (const patch of patches) await made.change(patch);
  if (resourceTypes[made.type]?.schema['tags_all'] === undefined) return;
  const { tags_all: found } = await made.change(tags);
  assert.deepEqual(found, tags.tags_all, `${made.type}: tags that were left out are gone`);
}

const rule = (port: number, cidr = '0.0.0.0/0'): Value => ({ from_port: port, to_port: port, protocol: 'tcp', cidr_blocks: [cidr] });
const vpcId = async (): Promise<string> => (await data('aws_vpc', { default: true }))['id'] as string;
const subnetIds = async (): Promise<string[]> => (await data('aws_subnets'))['ids'] as string[];

test('security groups and their rules', async () => {
  const group = await make('aws_security_group', { name: 'a', description: 'd', ingress: [rule(80), rule(22)], egress: [], ...firstTags });
  await changing(
    group,
    { ingress: [rule(443), rule(22)] },
    { ingress: [rule(22, '10.0.0.0/8')], egress: [rule(443)] },
    { ingress: [], egress: [] },
  );
  const other = await make('aws_security_group', { name: 'b', description: 'd', ingress: [], egress: [] });
  const peers = { cidr_ipv4: null, referenced_security_group_id: null };
  const ingress = await make('aws_vpc_security_group_ingress_rule', {
    security_group_id: group.id,
    ip_protocol: 'tcp',
    from_port: 80,
    to_port: 80,
    ...peers,
    cidr_ipv4: '10.0.0.0/8',
    description: 'a',
    ...firstTags,
  });
  assert.match(ingress.id, /^sgr-/);
  await changing(ingress, { from_port: 443, to_port: 444 }, { cidr_ipv4: '10.1.0.0/16', description: 'b' });
  const egress = await make('aws_vpc_security_group_egress_rule', {
    security_group_id: group.id,
    ip_protocol: '-1',
    ...peers,
    referenced_security_group_id: other.id,
    ...firstTags,
  });
  assert.deepEqual([egress.values['from_port'], egress.values['to_port']], [null, null]);
  await changing(egress, { ...peers, cidr_ipv4: '0.0.0.0/0' });
  await removeAll(egress, ingress, group, other);
});

test('instances', async () => {
  const group = await make('aws_security_group', { name: 'i', description: 'd', ingress: [], egress: [] });
  const instance = await make('aws_instance', { ami: 'ami-1234567890abcdef0', instance_type: 't2.micro', user_data: 'one', ...firstTags });
  await changing(
    instance,
    { vpc_security_group_ids: [group.id] },
    { source_dest_check: false },
    { monitoring: true },
    { monitoring: false },
    { disable_api_termination: true },
    { disable_api_termination: false },
    { instance_type: 't3.small' },
  );
  // The state has its digest.
  await instance.change({ user_data: 'two' }, { user_data: createHash('sha1').update('two').digest('hex') });
  const { UserData } = await (await aws.ec2()).describeInstanceAttribute({ InstanceId: instance.id, Attribute: 'userData' });
  assert.equal(Buffer.from(UserData?.Value ?? '', 'base64').toString(), 'two');
  await removeAll(instance, group);
});

test('launch templates: a change is a new version', async () => {
  const template = await make('aws_launch_template', { name: 't', image_id: 'ami-1', instance_type: 't2.micro', ...firstTags });
  await changing(template, { instance_type: 't3.micro', description: 'second' }, { user_data: Buffer.from('x').toString('base64') });
  assert.deepEqual([template.values['latest_version'], template.values['default_version']], [3, 1]);
  await template.change({ default_version: 2 });
  await template.change({ update_default_version: true, key_name: 'k' });
  assert.deepEqual([template.values['latest_version'], template.values['default_version']], [4, 4]);
  await template.remove();
});

test('target groups, load balancers, listeners and rules', async () => {
  const [vpc_id, ids] = [await vpcId(), await subnetIds()];
  const targets = await make('aws_lb_target_group', {
    name: 'a',
    port: 80,
    protocol: 'HTTP',
    vpc_id,
    target_type: 'instance',
    ...firstTags,
  });
  const sticky: Value = [{ type: 'lb_cookie', enabled: true, cookie_duration: 60 }];
  await changing(
    targets,
    {
      health_check: [
        { path: '/up', interval: 10, timeout: 5, healthy_threshold: 2, unhealthy_threshold: 4, matcher: '200-299', port: '8080' },
      ],
    },
    { deregistration_delay: 5, slow_start: 30 },
    { slow_start: 0, load_balancing_algorithm_type: 'least_outstanding_requests' },
    { stickiness: sticky },
    { stickiness: [{ type: 'app_cookie', enabled: true, cookie_duration: 61, cookie_name: 'c' }] },
    { stickiness: [{ type: 'lb_cookie', enabled: false, cookie_duration: 61 }] },
  );
  const second = await make('aws_lb_target_group', { name: 'b', port: 80, protocol: 'HTTP', vpc_id, target_type: 'instance' });
  const groups = [
    await make('aws_security_group', { name: 'x', description: 'd', ingress: [], egress: [] }),
    await make('aws_security_group', { name: 'y', description: 'd', ingress: [], egress: [] }),
  ] as const;
  const balancer = await make('aws_lb', {
    name: 'a',
    internal: false,
    load_balancer_type: 'application',
    subnets: ids.slice(0, 2),
    security_groups: [groups[0].id],
    ...firstTags,
  });
  await changing(
    balancer,
    { security_groups: [groups[1].id] },
    { subnets: ids.slice(1, 4) },
    { idle_timeout: 30, enable_http2: false, drop_invalid_header_fields: true, preserve_host_header: true, client_keep_alive: 600 },
    { enable_deletion_protection: true },
    { enable_deletion_protection: false },
  );
  const forward = (arn: string): Value => [{ type: 'forward', target_group_arn: arn }];
  const listener = await make('aws_lb_listener', {
    load_balancer_arn: balancer.id,
    port: 80,
    protocol: 'HTTP',
    default_action: forward(targets.id),
    ...firstTags,
  });
  const weighted: Value = [
    {
      type: 'forward',
      forward: [
        {
          target_group: [
            { arn: targets.id, weight: 1 },
            { arn: second.id, weight: 3 },
          ],
          stickiness: [],
        },
      ],
    },
  ];
  await changing(
    listener,
    { default_action: forward(second.id) },
    { port: 81 },
    {
      default_action: [
        { type: 'fixed-response', fixed_response: [{ content_type: 'text/plain', message_body: 'no', status_code: '404' }] },
      ],
    },
    { default_action: [{ type: 'redirect', redirect: [{ status_code: 'HTTP_301', port: '443', protocol: 'HTTPS' }] }] },
    { default_action: weighted },
  );
  const condition = (path: string): Value => [{ path_pattern: [{ values: [path] }] }];
  const match = await make('aws_lb_listener_rule', {
    listener_arn: listener.id,
    action: forward(targets.id),
    condition: condition('/a'),
    ...firstTags,
  });
  await changing(
    match,
    { priority: 7 },
    { action: forward(second.id) },
    { condition: condition('/b') },
    {
      condition: [
        { host_header: [{ values: ['a.example'] }] },
        { query_string: [{ key: 'a', value: 'b' }] },
        { http_header: [{ http_header_name: 'X', values: ['y'] }] },
      ],
    },
    { condition: [{ http_request_method: [{ values: ['GET'] }] }, { source_ip: [{ values: ['10.0.0.0/8'] }] }] },
  );
  await removeAll(match, listener, balancer, ...groups, second, targets);
});

test('auto scaling groups with all that hangs on them', async () => {
  const template = await make('aws_launch_template', { name: 'g', image_id: 'ami-1', instance_type: 't2.micro' });
  const configuration = await make('aws_launch_configuration', { name_prefix: 'lc-', image_id: 'ami-1', instance_type: 't2.micro' });
  assert.match(configuration.id, /^lc-\d{18}[0-9a-f]{8}$/);
  const [targets, others] = [
    await make('aws_lb_target_group', { name: 'g', port: 80, protocol: 'HTTP', vpc_id: await vpcId() }),
    await make('aws_lb_target_group', { name: 'h', port: 80, protocol: 'HTTP', vpc_id: await vpcId() }),
  ];
  const tag = (key: string, value: string): Value => ({ key, value, propagate_at_launch: true });
  const group = await make('aws_autoscaling_group', {
    name: 'g',
    vpc_zone_identifier: (await subnetIds()).slice(0, 1),
    min_size: 0,
    max_size: 3,
    desired_capacity: 1,
    launch_template: [{ id: template.id, version: '$Latest' }],
    target_group_arns: [targets.id],
    enabled_metrics: ['GroupMinSize', 'GroupMaxSize'],
    suspended_processes: ['AZRebalance'],
    tag: [tag('a', '1'), tag('b', '2')],
  });
  await changing(
    group,
    { min_size: 1, max_size: 4, desired_capacity: 2 },
    { default_cooldown: 60, health_check_type: 'ELB', health_check_grace_period: 30, default_instance_warmup: 20 },
    { target_group_arns: [others.id] },
    { target_group_arns: [] },
    { tag: [tag('b', '3'), tag('c', '4')] },
    { enabled_metrics: ['GroupMaxSize', 'GroupTotalInstances'] },
    { enabled_metrics: [] },
    { suspended_processes: ['Terminate'] },
    { suspended_processes: [] },
    { termination_policies: ['OldestInstance'] },
    { protect_from_scale_in: true },
    { protect_from_scale_in: false },
    { vpc_zone_identifier: (await subnetIds()).slice(0, 3) },
    { launch_template: [{ id: template.id, version: '1' }] },
    { launch_template: [], launch_configuration: configuration.id },
  );
  const policy = await make('aws_autoscaling_policy', {
    name: 'p',
    autoscaling_group_name: group.id,
    adjustment_type: 'ChangeInCapacity',
    scaling_adjustment: 1,
    cooldown: 60,
    policy_type: 'SimpleScaling',
  });
  await changing(
    policy,
    { scaling_adjustment: -1 },
    { adjustment_type: 'PercentChangeInCapacity', scaling_adjustment: 50, cooldown: 30 },
    {
      policy_type: 'StepScaling',
      scaling_adjustment: null,
      cooldown: null,
      metric_aggregation_type: 'Maximum',
      step_adjustment: [{ scaling_adjustment: 10, metric_interval_lower_bound: '0', metric_interval_upper_bound: null }],
    },
    {
      policy_type: 'TargetTrackingScaling',
      adjustment_type: null,
      metric_aggregation_type: null,
      step_adjustment: [],
      target_tracking_configuration: [
        { target_value: 50, predefined_metric_specification: [{ predefined_metric_type: 'ASGAverageCPUUtilization' }] },
      ],
    },
  );
  const schedule = await make('aws_autoscaling_schedule', {
    scheduled_action_name: 's',
    autoscaling_group_name: group.id,
    recurrence: '0 8 * * *',
    min_size: 1,
    max_size: 2,
    desired_capacity: 1,
  });
  await changing(schedule, { recurrence: '0 9 * * *', desired_capacity: 2 }, { start_time: '2999-01-01T00:00:00Z' });
  const hook = await make('aws_autoscaling_lifecycle_hook', {
    name: 'h',
    autoscaling_group_name: group.id,
    lifecycle_transition: 'autoscaling:EC2_INSTANCE_TERMINATING',
    heartbeat_timeout: 60,
  });
  await changing(hook, { heartbeat_timeout: 90, default_result: 'CONTINUE', notification_metadata: 'm' });
  await removeAll(hook, schedule, policy, group, configuration, template, targets, others);
});

test('alarms, dashboards and logs', async () => {
  const alarm = await make('aws_cloudwatch_metric_alarm', {
    alarm_name: 'a',
    comparison_operator: 'GreaterThanThreshold',
    namespace: 'N',
    metric_name: 'M',
    threshold: 1,
    evaluation_periods: 1,
    period: 60,
    statistic: 'Average',
    ...firstTags,
  });
  await changing(
    alarm,
    { threshold: 2.5, evaluation_periods: 3, datapoints_to_alarm: 2 },
    { dimensions: { A: 'b' }, period: 120, statistic: 'Maximum', treat_missing_data: 'breaching' },
    { alarm_actions: ['arn:aws:sns:us-east-1:123456789012:t'], actions_enabled: false, alarm_description: 'd' },
    { statistic: null, extended_statistic: 'p90' },
  );
  const composite = await make('aws_cloudwatch_composite_alarm', { alarm_name: 'c', alarm_rule: 'ALARM("a")', ...firstTags });
  await changing(composite, { alarm_rule: 'OK("a")', alarm_description: 'd' });
  const body = (title: string): string =>
    JSON.stringify({ widgets: [{ type: 'text', x: 0, y: 0, width: 3, height: 3, properties: { markdown: title } }] });
  const dashboard = await make('aws_cloudwatch_dashboard', { dashboard_name: 'd', dashboard_body: body('a') });
  await changing(dashboard, { dashboard_body: body('b') });
  const logs = await make('aws_cloudwatch_log_group', { name: '/a', retention_in_days: 7, ...firstTags });
  await changing(logs, { retention_in_days: 30 }, { retention_in_days: 0 });
  await removeAll(await make('aws_cloudwatch_log_stream', { name: 's', log_group_name: logs.id }), logs, dashboard, composite, alarm);
});

test('databases and their groups', async () => {
  const ids = await subnetIds();
  const subnets = await make('aws_db_subnet_group', { name: 'a', description: 'd', subnet_ids: ids.slice(0, 2), ...firstTags });
  await changing(subnets, { subnet_ids: ids.slice(1, 4) }, { description: 'e' });
  const parameters = await make('aws_db_parameter_group', {
    name: 'p',
    family: 'postgres14',
    description: 'd',
    parameter: [],
    ...firstTags,
  });
  await changing(parameters, { parameter: [{ name: 'log_connections', value: '1' }] }, { parameter: [] });
  const group = await make('aws_security_group', { name: 'db', description: 'd', ingress: [], egress: [] });
  const database = await make('aws_db_instance', {
    identifier: 'a',
    allocated_storage: 20,
    engine: 'postgres',
    engine_version: '14',
    instance_class: 'db.t4g.micro',
    username: 'administrator',
    password: 'VerySecurePassword123XYZ',
    skip_final_snapshot: true,
    ...firstTags,
  });
  await changing(
    database,
    { instance_class: 'db.t4g.small', allocated_storage: 30 },
    { password: 'AnotherPassword456' },
    { backup_retention_period: 3, backup_window: '03:00-03:30', maintenance_window: 'mon:05:00-mon:05:30' },
    { publicly_accessible: true, multi_az: true, copy_tags_to_snapshot: true, auto_minor_version_upgrade: false },
    { vpc_security_group_ids: [group.id] },
    { parameter_group_name: parameters.id },
    { deletion_protection: true },
    { deletion_protection: false },
    { max_allocated_storage: 100 },
    { skip_final_snapshot: false, final_snapshot_identifier: 'last' },
    { skip_final_snapshot: true },
  );
  await removeAll(database, group, parameters, subnets);
});

test('services and what scales them', async () => {
  const ids = await subnetIds();
  const cluster = await make('aws_ecs_cluster', { name: 'c', setting: [{ name: 'containerInsights', value: 'disabled' }], ...firstTags });
  await changing(cluster, { setting: [{ name: 'containerInsights', value: 'enabled' }] });
  const container = (image: string): string => JSON.stringify([{ name: 'a', image, portMappings: [{ containerPort: 80 }] }]);
  const task = (image: string) => ({
    family: 'f',
    network_mode: 'awsvpc',
    requires_compatibilities: ['FARGATE'],
    cpu: '256',
    memory: '512',
    container_definitions: container(image),
    ...firstTags,
  });
  const definition = await make('aws_ecs_task_definition', task('a'));
  await changing(definition);
  const next = await make('aws_ecs_task_definition', task('b'));
  const service = await make('aws_ecs_service', {
    name: 's',
    cluster: cluster.id,
    task_definition: definition.id,
    desired_count: 1,
    launch_type: 'FARGATE',
    network_configuration: [{ subnets: ids.slice(0, 1), security_groups: [], assign_public_ip: true }],
    ...firstTags,
  });
  await changing(
    service,
    { desired_count: 2 },
    { task_definition: next.id },
    { network_configuration: [{ subnets: ids.slice(0, 2), security_groups: [], assign_public_ip: false }] },
    { deployment_maximum_percent: 150, deployment_minimum_healthy_percent: 50 },
    { deployment_circuit_breaker: [{ enable: true, rollback: true }] },
    { enable_execute_command: true },
  );
  const place = { resource_id: 'service/c/s', scalable_dimension: 'ecs:service:DesiredCount', service_namespace: 'ecs' };
  const target = await make('aws_appautoscaling_target', { ...place, min_capacity: 1, max_capacity: 4 });
  await changing(target, { min_capacity: 2, max_capacity: 8 });
  const tracking = (value: number): Value => [
    { target_value: value, predefined_metric_specification: [{ predefined_metric_type: 'ECSServiceAverageCPUUtilization' }] },
  ];
  const policy = await make('aws_appautoscaling_policy', {
    ...place,
    name: 'p',
    policy_type: 'TargetTrackingScaling',
    target_tracking_scaling_policy_configuration: tracking(20),
  });
  await changing(policy, { target_tracking_scaling_policy_configuration: tracking(40) });
  const action = await make('aws_appautoscaling_scheduled_action', {
    ...place,
    name: 'a',
    schedule: 'cron(0 8 * * ? *)',
    scalable_target_action: [{ min_capacity: 1, max_capacity: 2 }],
  });
  await changing(action, { schedule: 'cron(0 9 * * ? *)' }, { scalable_target_action: [{ min_capacity: 3, max_capacity: 4 }] });
  await removeAll(action, policy, target, service, next, definition, cluster);
});

test('roles and instance profiles', async () => {
  const trust = (service: string): string =>
    JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }] });
  const managed = (name: string): string => `arn:aws:iam::aws:policy/${name}`;
  const role = await make('aws_iam_role', { name: 'r', assume_role_policy: trust('ec2.amazonaws.com'), ...firstTags });
  await changing(
    role,
    { description: 'd', max_session_duration: 7200 },
    { assume_role_policy: trust('ecs-tasks.amazonaws.com') },
    { managed_policy_arns: [managed('AmazonS3ReadOnlyAccess'), managed('ReadOnlyAccess')] },
    { managed_policy_arns: [] },
  );
  const attachment = await make('aws_iam_role_policy_attachment', { role: role.id, policy_arn: managed('ReadOnlyAccess') });
  const policy = (action: string): string =>
    JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: action, Resource: '*' }] });
  const inline = await make('aws_iam_role_policy', { name: 'p', role: role.id, policy: policy('s3:GetObject') });
  await changing(inline, { policy: policy('s3:PutObject') });
  const other = await make('aws_iam_role', { name: 'o', assume_role_policy: trust('ec2.amazonaws.com') });
  const profile = await make('aws_iam_instance_profile', { name: 'p', role: role.id, ...firstTags });
  await changing(profile, { role: other.id });
  await removeAll(profile, other, inline, attachment, role);
});

test('data sources of policies, parameters and the partition', async () => {
  const principals: Value = [{ type: 'Service', identifiers: ['ec2.amazonaws.com'] }];
  const condition: Value = [{ test: 'StringEquals', variable: 'aws:RequestedRegion', values: ['us-east-1', 'us-east-2'] }];
  const { json } = await data('aws_iam_policy_document', { statement: [{ actions: ['sts:AssumeRole'], principals, condition }] });
  assert.deepEqual(JSON.parse(json as string), {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: 'sts:AssumeRole',
        Principal: { Service: 'ec2.amazonaws.com' },
        Condition: { StringEquals: { 'aws:RequestedRegion': ['us-east-2', 'us-east-1'] } },
      },
    ],
  });
  const image = await data('aws_ssm_parameter', { name: '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64' });
  assert.match(image['value'] as string, /^ami-/);
  await assert.rejects(data('aws_ssm_parameter', { name: '/nothing' }), /couldn't find resource/);
  assert.equal((await data('aws_partition'))['partition'], 'aws');
});

test('what has no name gets one that is its own', async () => {
  const made = [
    await make('aws_security_group', { description: 'd', ingress: [], egress: [] }),
    await make('aws_security_group', { name_prefix: 'web-', description: 'd', ingress: [], egress: [] }),
    await make('aws_launch_template', { image_id: 'ami-1' }),
    await make('aws_lb_target_group', { port: 80, protocol: 'HTTP', vpc_id: await vpcId() }),
    await make('aws_lb', { subnets: (await subnetIds()).slice(0, 2), load_balancer_type: 'application' }),
    await make('aws_cloudwatch_log_group', { name_prefix: 'logs-' }),
  ];
  const names = made.map(({ values }) => values['name'] as string);
  assert.match(names.join(' '), /^terraform-\d{18}[0-9a-f]{8} web-\S+ terraform-\S+ tf-\S+ tf-lb-\S+ logs-\S+$/);
  assert.equal(new Set(names).size, names.length);
  await removeAll(...made.toReversed());
});

test('docker says what is missing where it is', async () => {
  const type = resourceTypes['docker_image'];
  assert.ok(type);
  const path = process.env['PATH'];
  process.env['PATH'] = '/nonexistent';
  try {
    await assert.rejects(
      make('docker_image', { name: 'web', build: [{ context: '.' }] }),
      /docker build: there is no docker on this computer; .*--image NAME=COMMAND/,
    );
  } finally {
    process.env['PATH'] = path;
  }
});

test('every type that can be changed was', () => {
  // Their changes touch no AWS: files are made anew, and Docker is not everywhere.
  const others = new Set(['docker_image', 'docker_registry_image']);
  const oldNames = new Map(Object.entries(resourceTypes).map(([name, type]) => [type, name.replace('aws_alb', 'aws_lb')]));
  const missing = [...oldNames]
    .filter(([type, name]) => 'update' in type && !changed.has(name) && !others.has(name))
    .map(([, name]) => name);
  assert.deepEqual(missing, []);
});
