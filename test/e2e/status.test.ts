import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { EC2 } from '@aws-sdk/client-ec2';
import { ECS } from '@aws-sdk/client-ecs';
import { systemClock } from '../../src/base/index.ts';
import type { Status } from '../../src/cli/status/collect.ts';
import { processTree, runCommand, survivors, type Command } from '../support/processes.ts';
import { config, makeService, program } from '../support/webService.ts';

async function startUp(...flags: string[]): Promise<{ command: Command; endpoint: string }> {
  const command = runCommand(['up', '--ephemeral', '--json', '--port', '0', ...flags]);
  await command.says(/"ready":true/);
  return { command, endpoint: (JSON.parse(command.stdout()) as { endpoint: string }).endpoint };
}

/** Ctrl-C; nothing of it may be left. */
async function end({ command }: { command: Command }): Promise<void> {
  const tree = processTree(command.pid);
  command.child.kill('SIGINT');
  await command.finished;
  assert.deepEqual(await survivors(tree, 5000), []);
}

async function statusOf(endpoint: string): Promise<Status> {
  const { code, stdout, stderr } = await runCommand(['status', '--json', '--endpoint', endpoint]).finished;
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as Status;
}

const noMachines = spawnSync('unshare', ['-Urmn', 'true']).status !== 0 && 'needs Linux namespaces';

describe('plimsoll status and logs of a region that runs', { skip: process.platform !== 'linux' && 'reads /proc' }, () => {
  let up: { command: Command; endpoint: string };

  before(async () => {
    up = await startUp('--image', `web=${program}`, '--port-offset', '20000');
    await makeService(up.endpoint);
  });
  after(() => end(up));

  /** Tries until `holds`: what was asked for takes a moment to run. */
  async function eventually(holds: (status: Status) => boolean): Promise<Status> {
    for (let tries = 0; ; tries++) {
      const status = await statusOf(up.endpoint);
      if (holds(status)) return status;
      assert.ok(tries < 60, JSON.stringify(status));
      await systemClock.sleep(250);
    }
  }

  test('says what there is, with URLs that work as they stand', async () => {
    const status = await eventually(
      ({ targetGroups, services }) => targetGroups[0]?.targets[0]?.state === 'healthy' && services[0]?.running === 1,
    );
    const [balancer] = status.loadBalancers;
    assert.equal(balancer?.name, 'front');
    const [listener] = balancer.listeners;
    assert.deepEqual([listener?.port, listener?.protocol], [80, 'HTTP']);
    const answer = await fetch(listener!.url!);
    assert.equal(await answer.text(), 'from a task');
    const { cluster, desired, running } = status.services[0]!;
    assert.deepEqual([cluster, desired, running], ['home', 1, 1]);
    for (const list of ['instances', 'groups', 'databases', 'alarms', 'activities'] as const) assert.deepEqual(status[list], []);
  });

  test('tells people the same in tables', async () => {
    const { code, stdout } = await runCommand(['status', '--endpoint', up.endpoint]).finished;
    assert.equal(code, 0);
    assert.match(stdout, /^Load balancers\n {2}NAME +STATE +LISTENER +URL\n {2}front +active +HTTP 80 +http:\/\/127\.\S+\n/);
    assert.match(stdout, /Services\n.*\n {2}home\/web +1 +1\n/);
    assert.ok(!stdout.includes('\u001b'), 'no control codes without a terminal');
  });

  test('--watch says it again until Ctrl-C', async () => {
    const watching = runCommand(['status', '--json', '--watch', '--endpoint', up.endpoint]);
    await watching.says(/\n.*\n/s);
    watching.child.kill('SIGINT');
    const { code, stdout } = await watching.finished;
    assert.equal(code, 130);
    for (const line of stdout.trimEnd().split('\n')) assert.equal((JSON.parse(line) as Status).loadBalancers.length, 1);
  });

  test('logs gives the output of a service, and what is new with --follow', async () => {
    await eventually(({ services }) => services[0]?.running === 1);
    const following = runCommand(['logs', 'web', '--follow', '--endpoint', up.endpoint]);
    await following.says(/task is up\n/);
    await new ECS(config(up.endpoint)).updateService({ cluster: 'home', service: 'web', desiredCount: 2 });
    await following.says(/(.*task is up\n){2}/);
    following.child.kill('SIGINT');
    assert.equal((await following.finished).code, 130);
    const { code, stdout } = await runCommand(['logs', 'home/web', '--endpoint', up.endpoint]).finished;
    assert.equal(code, 0);
    // A task that could not answer in time on a busy machine is replaced, and has its line too.
    assert.match(stdout, /^([0-9a-f]{8} \| task is up\n){2,}$/);
  });

  test('an instance has a URL for each open port, and its console is its log', { skip: noMachines }, async () => {
    const ec2 = new EC2(config(up.endpoint));
    const { GroupId } = await ec2.createSecurityGroup({ GroupName: 'web', Description: 'web' });
    await ec2.authorizeSecurityGroupIngress({ GroupId, IpProtocol: 'tcp', FromPort: 80, ToPort: 80, CidrIp: '0.0.0.0/0' });
    const script =
      '#!/bin/bash\necho "hello from user data"\nyum -y install httpd\nsystemctl start httpd\necho page > /var/www/html/index.html\n';
    await ec2.runInstances({
      ImageId: 'ami-04902260ca3d33422',
      InstanceType: 't2.micro',
      MinCount: 1,
      MaxCount: 1,
      SecurityGroupIds: [GroupId!],
      UserData: Buffer.from(script).toString('base64'),
      TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'Name', Value: 'web' }] }],
    });
    const { instances } = await eventually((status) => status.instances[0]?.state === 'running');
    const [url = ''] = instances[0]!.urls;
    let page = '';
    for (let tries = 0; tries < 100 && page !== 'page\n'; tries++) {
      page = await fetch(url).then(
        (answer) => answer.text(),
        () => '',
      );
      await systemClock.sleep(100);
    }
    assert.equal(page, 'page\n');
    const output = async (name: string): Promise<string> => (await runCommand(['logs', name, '--endpoint', up.endpoint]).finished).stdout;
    assert.match(await output('web'), /^hello from user data$/m);
    await ec2.terminateInstances({ InstanceIds: [instances[0]!.id] });
    await eventually((status) => status.instances.length === 0);
    // It is listed for a while yet, but its name is again that of the service, which runs.
    assert.match(await output('web'), /task is up$/m);
    assert.match(await output(instances[0]!.id), /^hello from user data$/m);
  });

  test('logs says so where no output is kept, and of what is not there', async () => {
    const ecs = new ECS(config(up.endpoint));
    const fargate = { networkMode: 'awsvpc' as const, requiresCompatibilities: ['FARGATE' as const], cpu: '256', memory: '512' };
    await ecs.registerTaskDefinition({ family: 'quiet', ...fargate, containerDefinitions: [{ name: 'quiet', image: 'web' }] });
    const { Subnets = [] } = await new EC2(config(up.endpoint)).describeSubnets({});
    const networkConfiguration = { awsvpcConfiguration: { subnets: [Subnets[0]!.SubnetId!] } };
    const { tasks } = await ecs.runTask({ cluster: 'home', taskDefinition: 'quiet', launchType: 'FARGATE', networkConfiguration });
    const id = tasks![0]!.taskArn!.split('/').at(-1)!;
    const none = await runCommand(['logs', id, '--endpoint', up.endpoint]).finished;
    assert.equal(none.code, 3);
    assert.match(none.stderr, /^plimsoll: .*log driver awslogs.*\[PL_CLI_LOGS_NONE\]\n$/);
    const unknown = await runCommand(['logs', 'nobody', '--endpoint', up.endpoint]).finished;
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /PL_CLI_LOGS_UNKNOWN/);
  });
});

test('the control plane alone has listeners without a URL', async () => {
  const up = await startUp('--control-plane-only');
  try {
    await makeService(up.endpoint);
    const status = await statusOf(up.endpoint);
    assert.deepEqual(status.loadBalancers[0]?.listeners, [{ port: 80, protocol: 'HTTP' }]);
    const { InstanceId } = (await new EC2(config(up.endpoint)).runInstances({ ImageId: 'ami-1', MinCount: 1, MaxCount: 1 })).Instances![0]!;
    const [instance] = (await statusOf(up.endpoint)).instances;
    assert.deepEqual([instance?.id, instance?.state, instance?.urls], [InstanceId, 'running', []]);
  } finally {
    await end(up);
  }
});

test('without a region both commands say how to start one, and end with 3', async () => {
  for (const args of [['status'], ['logs', 'web']]) {
    const { code, stderr } = await runCommand([...args, '--endpoint', 'http://127.0.0.1:1']).finished;
    assert.equal(code, 3);
    assert.match(stderr, /^plimsoll: .*plimsoll up.*\[PL_CLI_NO_REGION\]\n$/);
  }
});
