/** ECS beyond services on Fargate: placement on container instances, attributes, task sets, and what a running region refuses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EC2 } from '@aws-sdk/client-ec2';
import { ECS } from '@aws-sdk/client-ecs';
import { start } from './support.ts';

const { client } = await start();
const ecs = new ECS(client());
const ec2 = new EC2(client());

/** As the endpoint of a running region answers: the checks are AWS's, nothing is settled at once. */
const running = await start({ machinery: { live: true, transition: (_place, _resource, passing) => passing } });
const strict = new ECS(running.client());

async function clusterWithInstances(cluster: string, count: number): Promise<string[]> {
  await ecs.createCluster({ clusterName: cluster });
  const { Instances = [] } = await ec2.runInstances({ ImageId: 'ami-12345678', MinCount: count, MaxCount: count });
  const registered = Instances.map(({ InstanceId }) =>
    ecs.registerContainerInstance({ cluster, instanceIdentityDocument: JSON.stringify({ instanceId: InstanceId }) }),
  );
  return (await Promise.all(registered)).map(({ containerInstance }) => containerInstance!.containerInstanceArn!);
}

test('RunTask spreads tasks over the instances with room, and says of each what it lacks', async () => {
  const instances = await clusterWithInstances('placed', 2);
  await ecs.registerTaskDefinition({
    family: 'web',
    containerDefinitions: [{ name: 'web', image: 'web', cpu: 1024, memory: 512, portMappings: [{ containerPort: 80, hostPort: 80 }] }],
  });
  const { tasks = [], failures = [] } = await ecs.runTask({ cluster: 'placed', taskDefinition: 'web', count: 3 });
  assert.deepEqual(new Set(tasks.map((task) => task.containerInstanceArn)), new Set(instances));
  assert.deepEqual(
    failures.map(({ arn, reason }) => [arn, reason]),
    instances.map((arn) => [arn, 'RESOURCE:PORTS']),
  );
  await ecs.stopTask({ cluster: 'placed', task: tasks[0]!.taskArn });
  assert.equal((await ecs.runTask({ cluster: 'placed', taskDefinition: 'web' })).tasks!.length, 1, 'a stopped task frees its port');

  await ecs.registerTaskDefinition({ family: 'big', containerDefinitions: [{ name: 'big', image: 'big', cpu: 5000, memory: 128 }] });
  const big = await ecs.runTask({ cluster: 'placed', taskDefinition: 'big' });
  assert.deepEqual(big.tasks, []);
  assert.deepEqual([...new Set(big.failures!.map(({ reason }) => reason))], ['RESOURCE:CPU']);
});

test('what an agent says of its instance is kept', async () => {
  await ecs.createCluster({ clusterName: 'agents' });
  const { containerInstance } = await ecs.registerContainerInstance({
    cluster: 'agents',
    attributes: [{ name: 'rack', value: '7' }],
    versionInfo: { agentVersion: '1.90.0' },
    totalResources: [{ name: 'CPU', type: 'INTEGER', integerValue: 8192 }],
  });
  assert.equal(containerInstance!.versionInfo!.agentVersion, '1.90.0');
  assert.equal(containerInstance!.remainingResources![0]!.integerValue, 8192);
  const { attributes } = await ecs.listAttributes({ cluster: 'agents', targetType: 'container-instance', attributeName: 'rack' });
  assert.deepEqual(attributes, [{ name: 'rack', value: '7', targetId: containerInstance!.containerInstanceArn }]);
});

test('task sets share a service by their scale; the primary one gives it its definition', async () => {
  await ecs.createCluster({ clusterName: 'sets' });
  const where = { cluster: 'sets', service: 'web' };
  const definition = { family: 'set', cpu: '256', memory: '512', requiresCompatibilities: ['FARGATE' as const] };
  const containerDefinitions = [{ name: 'a', image: 'a' }];
  await ecs.registerTaskDefinition({ ...definition, containerDefinitions });
  await ecs.registerTaskDefinition({ ...definition, containerDefinitions });
  await ecs.createService({ cluster: 'sets', serviceName: 'web', desiredCount: 3, deploymentController: { type: 'EXTERNAL' } });
  const { Subnets = [] } = await ec2.describeSubnets({});
  const networkConfiguration = { awsvpcConfiguration: { subnets: [Subnets[0]!.SubnetId!] } };
  const set = (revision: number, value: number) =>
    ecs.createTaskSet({
      ...where,
      taskDefinition: `set:${revision}`,
      launchType: 'FARGATE',
      networkConfiguration,
      scale: { unit: 'PERCENT', value },
    });
  const blue = (await set(1, 100)).taskSet!;
  const green = (await set(2, 50)).taskSet!;
  assert.deepEqual([blue.computedDesiredCount, blue.runningCount, green.computedDesiredCount, green.runningCount], [3, 3, 2, 2]);

  await ecs.updateServicePrimaryTaskSet({ ...where, primaryTaskSet: green.taskSetArn });
  const shrunk = await ecs.updateTaskSet({ ...where, taskSet: blue.id, scale: { unit: 'PERCENT', value: 0 } });
  assert.equal(shrunk.taskSet!.runningCount, 0);
  const service = (await ecs.describeServices({ cluster: 'sets', services: ['web'] })).services![0]!;
  assert.match(service.taskDefinition!, /task-definition\/set:2$/);
  assert.deepEqual(
    service.taskSets!.map(({ status }) => status),
    ['ACTIVE', 'PRIMARY'],
  );
  await ecs.deleteTaskSet({ ...where, taskSet: blue.taskSetArn });
  await assert.rejects(ecs.deleteTaskSet({ ...where, taskSet: blue.taskSetArn }), { name: 'TaskSetNotFoundException' });
  const emptied = await ecs.deleteService({ ...where, force: true });
  assert.equal(emptied.service!.runningCount, 0);
});

test('a running region refuses what it would not run', async () => {
  await strict.createCluster({ clusterName: 'live' });
  await assert.rejects(
    strict.createService({ cluster: 'live', serviceName: 'a', desiredCount: 1, deploymentController: { type: 'EXTERNAL' } }),
    { name: 'UnsupportedFeatureException' },
  );
  await assert.rejects(
    strict.registerTaskDefinition({
      family: 'f',
      requiresCompatibilities: ['FARGATE'],
      containerDefinitions: [{ name: 'a', image: 'a', memory: 512 }],
    }),
    { name: 'ClientException', message: /'cpu' and 'memory'/ },
  );
  await assert.rejects(strict.putAttributes({ cluster: 'live', attributes: [{ name: 'rack', value: '7' }] }), {
    name: 'TargetNotFoundException',
  });
});
