/**
 * A full round of the calls that Terraform's AWS provider makes for four stacks: apply, a refresh that sees no drift, updates in
 * place, destroy in reverse; and nothing is left.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { start } from './support.ts';
import { attachment, listener, loadBalancer, targetGroup } from './terraform/balancing.ts';
import { instance, launchTemplate, securityGroup, tcp } from './terraform/network.ts';
import { dataSources, provider, type Managed, type Provider } from './terraform/provider.ts';
import {
  cluster,
  database,
  group,
  groupAttachment,
  metricAlarm,
  scalableTarget,
  service,
  simplePolicy,
  taskDefinition,
  trackingPolicy,
} from './terraform/scaling.ts';

const script = '#!/bin/bash\nyum -y install httpd\nsystemctl start httpd\n';

/** What a stack has made, in order. */
class State {
  readonly #made: Managed[] = [];

  async add<T extends Managed>(making: Promise<T>): Promise<T> {
    const made = await making;
    this.#made.push(made);
    return made;
  }

  async refresh(): Promise<void> {
    for (const made of this.#made) assert.deepEqual(await made.read(), await made.read(), `${made.name} drifts`);
  }

  async destroy(): Promise<void> {
    for (const made of this.#made.toReversed()) await made.destroy();
  }
}

/** An account of its own for each stack. */
async function inAccount(round: (own: Provider, state: State) => Promise<void>): Promise<void> {
  const { client } = await start();
  const own = provider(client());
  const state = new State();
  await round(own, state);
  await state.refresh();
  await state.destroy();
  await assertEmpty(own);
}

async function assertEmpty({ ec2, elb, scaling, applicationScaling, cloudwatch, ecs, rds }: Provider): Promise<void> {
  const { Reservations = [] } = await ec2.describeInstances({});
  const alive = Reservations.flatMap(({ Instances = [] }) => Instances).filter(({ State: state }) => state?.Name !== 'terminated');
  const { SecurityGroups = [] } = await ec2.describeSecurityGroups({});
  // AWS may go on telling of clusters that are gone, as INACTIVE.
  const { clusterArns = [] } = await ecs.listClusters({});
  const { clusters = [] } = clusterArns.length === 0 ? {} : await ecs.describeClusters({ clusters: clusterArns });
  assert.deepEqual(
    {
      alive,
      groups: SecurityGroups.map(({ GroupName }) => GroupName),
      interfaces: (await ec2.describeNetworkInterfaces({})).NetworkInterfaces,
      volumes: (await ec2.describeVolumes({})).Volumes,
      templates: (await ec2.describeLaunchTemplates({})).LaunchTemplates,
      balancers: (await elb.describeLoadBalancers({})).LoadBalancers,
      targetGroups: (await elb.describeTargetGroups({})).TargetGroups,
      scalingGroups: (await scaling.describeAutoScalingGroups({})).AutoScalingGroups,
      policies: (await scaling.describePolicies({})).ScalingPolicies,
      scalable: (await applicationScaling.describeScalableTargets({ ServiceNamespace: 'ecs' })).ScalableTargets,
      alarms: (await cloudwatch.describeAlarms({})).MetricAlarms,
      clusters: clusters.filter(({ status }) => status !== 'INACTIVE'),
      tasks: (await ecs.listTaskDefinitions({})).taskDefinitionArns,
      databases: (await rds.describeDBInstances({})).DBInstances,
    },
    {
      alive: [],
      groups: ['default'],
      interfaces: [],
      volumes: [],
      templates: [],
      balancers: [],
      targetGroups: [],
      scalingGroups: [],
      policies: [],
      scalable: [],
      alarms: [],
      clusters: [],
      tasks: [],
      databases: [],
    },
  );
}

test('one instance with user data behind a security group', () =>
  inAccount(async (own, state) => {
    const web = await state.add(securityGroup(own, 'hello-server', [tcp(80)]));
    const server = await state.add(instance(own, 'hello-server', web.name, script));
    assert.match(server.publicIp ?? '', /^\d+\.\d+\.\d+\.\d+$/);
    await state.refresh();
    await web.update([tcp(80)], [tcp(8080)]);
    await server.update(`${script}# changed\n`);
  }));

test('four instances attached to the target group of a load balancer', () =>
  inAccount(async (own, state) => {
    const { subnetIds } = await dataSources(own);
    const web = await state.add(securityGroup(own, 'hello-server', [tcp(80)]));
    const health = {
      HealthCheckPort: '80',
      HealthCheckProtocol: 'HTTP',
      HealthCheckTimeoutSeconds: 5,
      HealthCheckIntervalSeconds: 10,
    } as const;
    const target = await state.add(targetGroup(own, { Name: 'hello-target-group', Port: 80, VpcId: web.vpcId, ...health }));
    const balancer = await state.add(loadBalancer(own, 'hello-balancer', subnetIds, web.id));
    const front = await state.add(listener(own, balancer.id, target.id, {}));
    for (let count = 0; count < 4; count++) {
      const server = await state.add(instance(own, `hello-server-${count}`, web.name, script));
      await state.add(attachment(own, target.id, server.id, 80));
    }
    assert.match(balancer.dnsName, /^hello-balancer-/);
    await state.refresh();
    await target.update(20);
    await front.update(target.id, 8080);
    await balancer.update(120, subnetIds.slice(0, 2), web.id);
  }));

test('an Auto Scaling group from a launch template with a database, simple policies and alarms', () =>
  inAccount(async (own, state) => {
    const { subnetIds } = await dataSources(own);
    const databaseGroup = await state.add(securityGroup(own, 'taskoverflow_database', [tcp(5432)]));
    const todo = await state.add(securityGroup(own, 'todo', [tcp(6400), tcp(22)]));
    const front = await state.add(securityGroup(own, 'taskoverflow', [tcp(80)]));
    const store = await state.add(database(own, 'terraform-20260101000000000000000001', databaseGroup.id));
    const target = await state.add(targetGroup(own, { Name: 'todo', Port: 6400, VpcId: todo.vpcId }));
    const balancer = await state.add(loadBalancer(own, 'taskoverflow', subnetIds, front.id));
    await state.add(listener(own, balancer.id, target.id, { Course: 'CSSE6400' }));
    const template = await state.add(launchTemplate(own, 'todo-launch-template', todo.id));
    const todos = await state.add(group(own, 'todo', template.id));
    await state.add(groupAttachment(own, todos.name, target.id));
    const down = await state.add(simplePolicy(own, todos.name, 'todo_scale_down', -1));
    const up = await state.add(simplePolicy(own, todos.name, 'todo_scale_up', 1));
    await state.add(metricAlarm(own, 'todo_scale_down', todos.name, down.id));
    const high = await state.add(metricAlarm(own, 'todo_scale_up', todos.name, up.id));
    await state.refresh();
    await store.update(1);
    await template.update('t3.micro');
    await todos.update(6);
    await up.update(2);
    await high.update(30);
  }));

test('an ECS service with a database and target tracking', () =>
  inAccount(async (own, state) => {
    const { subnetIds, roleArn } = await dataSources(own);
    const databaseGroup = await state.add(securityGroup(own, 'taskoverflow_database', [tcp(5432)]));
    const tasks = await state.add(securityGroup(own, 'taskoverflow', [tcp(6400), tcp(22)]));
    const front = await state.add(securityGroup(own, 'taskoverflow_lb', [tcp(80)]));
    await state.add(database(own, 'terraform-20260101000000000000000002', databaseGroup.id));
    const health = { HealthCheckPath: '/api/v1/health', HealthCheckPort: '6400', HealthyThresholdCount: 2, UnhealthyThresholdCount: 2 };
    const target = await state.add(targetGroup(own, { Name: 'taskoverflow', Port: 6400, VpcId: tasks.vpcId, TargetType: 'ip', ...health }));
    const balancer = await state.add(loadBalancer(own, 'taskoverflow', subnetIds, front.id));
    await state.add(listener(own, balancer.id, target.id, { Course: 'CSSE6400' }));
    const home = await state.add(cluster(own, 'taskoverflow'));
    const definition = await state.add(taskDefinition(own, 'taskoverflow', roleArn));
    const parts = { cluster: home.id, taskDefinition: definition.id, subnetIds, groupId: tasks.id, targetGroupArn: target.id };
    const running = await state.add(service(own, 'taskoverflow', parts));
    const scalable = await state.add(scalableTarget(own, 'service/taskoverflow/taskoverflow'));
    const tracking = await state.add(trackingPolicy(own, 'taskoverflow-cpu', scalable.name));
    await state.refresh();
    const second = await state.add(taskDefinition(own, 'taskoverflow', roleArn));
    await running.update(second.id, 2);
    await running.update(definition.id, 1);
    await scalable.update(6);
    await tracking.update(40);
  }));
