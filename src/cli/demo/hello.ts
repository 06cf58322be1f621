import { groupMembers } from '../../aws/index.ts';
import { countOf, formatCount, formatSpan, systemClock } from '../../base/index.ts';
import type { Region } from '../../region/index.ts';
import { createListener, defaultSubnets, readyWithinMs, region, urlOnceListening } from './stack.ts';

/** What `demo hello --json` writes; the fields are a contract. */
export interface HelloReport {
  ok: boolean;
  stack: 'hello';
  unit: 'instance';
  url: string;
  durationS: number;
  requests: number;
  failed: number;
  /** Answers by the page that came, which names its instance. */
  pages: Record<string, number>;
  /** The instance that was ended, and the one that took its place. */
  ended: string;
  replacement: string;
  problems: string[];
}

const name = 'hello';
const size = 2;
const clients = 4;
const betweenRequestsMs = 10;
/** How long it goes on once all is well again. */
const encoreMs = 1000;

/** A first server: the system's package manager, its service manager, a page that names the instance by its metadata. */
const userData = `#!/bin/bash
yum update -y
yum install -y httpd
systemctl start httpd
systemctl enable httpd
exec 3<>/dev/tcp/169.254.169.254/80
printf 'GET /latest/meta-data/instance-id HTTP/1.0\\r\\n\\r\\n' >&3
echo "<h1>Hello World from $(tail -n 1 <&3)</h1>" > /var/www/html/index.html
`;

interface Hello {
  readonly url: string;
  readonly targetGroupArn: string;
}

/**
 * The smallest story: two web servers that their user data makes, behind a load balancer; one is ended under traffic, and
 * the group puts another in its place.
 */
export async function tellHello(
  live: Region,
  { signal, onStep }: { signal: AbortSignal; onStep: (text: string) => void },
): Promise<Omit<HelloReport, 'durationS'>> {
  const hello = await createHello(live, signal);
  const { url } = hello;
  onStep(`load balancer ${name} listens on ${url}`);
  const healthy = (): string[] => healthyInstances(live, hello);
  await live.waitFor('both instances are healthy', readyWithinMs, () => healthy().length === size, signal);
  onStep(`${size} instances have run their user data and are healthy: ${healthy().join(', ')}`);
  const traffic = startTraffic(url);
  await live.waitFor('both instances answer', readyWithinMs, () => traffic.seen.pages.size === size, signal);
  const [ended = ''] = healthy();
  const others = new Set(healthy().filter((id) => id !== ended));
  onStep(`ending ${ended} under traffic`);
  await live.endpoint.call(
    'autoscaling',
    'TerminateInstanceInAutoScalingGroup',
    { InstanceId: ended, ShouldDecrementDesiredCapacity: false },
    region,
  );
  const whole = (): boolean => healthy().length === size && !healthy().includes(ended);
  await live.waitFor('another instance is in its place', readyWithinMs, whole, signal);
  const replacement = healthy().find((id) => !others.has(id)) ?? '';
  onStep(`${replacement} is in its place`);
  await systemClock.sleep(encoreMs, signal);
  const { requests, failures, pages } = await traffic.stop();
  const problems = [
    ...(failures.length > 0 ? [`${countOf(failures.length, 'request')} failed (${[...new Set(failures)].join(', ')})`] : []),
    ...(pages.size < size + 1 ? [`${countOf(pages.size, 'instance')} answered, not ${size + 1}`] : []),
  ];
  const result = { requests, failed: failures.length, pages: Object.fromEntries(pages), ended, replacement, problems };
  return { ok: problems.length === 0, stack: 'hello', unit: 'instance', url, ...result };
}

/** The closing report for people. */
export function renderHello({ requests, failed, pages, problems, durationS }: HelloReport): string {
  return [
    '',
    'REPORT',
    `  Requests   ${formatCount(requests)}, ${formatCount(failed)} failed`,
    ...Object.entries(pages).map(([page, count]) => `    ${formatCount(count).padStart(7)} × ${page}`),
    '',
    problems.length === 0
      ? `  An instance went, another came, and no request failed. ${formatSpan(durationS * 1000)} in all.`
      : `  Not as promised: ${problems.join('; ')}.`,
    '',
  ].join('\n');
}

async function createHello(live: Region, signal: AbortSignal): Promise<Hello> {
  const { endpoint } = live;
  const { vpcId, subnets } = await defaultSubnets(live);
  const group = async (GroupName: string): Promise<string> =>
    (await endpoint.call('ec2', 'CreateSecurityGroup', { GroupName, Description: GroupName, VpcId: vpcId }, region)).GroupId ?? '';
  const port80 = { IpProtocol: 'tcp', FromPort: 80, ToPort: 80 };
  const [ofBalancer, ofInstances] = [await group('hello-balancer'), await group('hello-instances')];
  const admit = (GroupId: string, rule: object): Promise<unknown> =>
    endpoint.call('ec2', 'AuthorizeSecurityGroupIngress', { GroupId, IpPermissions: [{ ...port80, ...rule }] }, region);
  await admit(ofBalancer, { IpRanges: [{ CidrIp: '0.0.0.0/0' }] });
  await admit(ofInstances, { UserIdGroupPairs: [{ GroupId: ofBalancer }] });
  const { TargetGroups = [] } = await endpoint.call(
    'elbv2',
    'CreateTargetGroup',
    { Name: name, Port: 80, Protocol: 'HTTP', VpcId: vpcId, HealthCheckIntervalSeconds: 10, HealthyThresholdCount: 2 },
    region,
  );
  const targetGroupArn = TargetGroups[0]?.TargetGroupArn ?? '';
  const delay = { Key: 'deregistration_delay.timeout_seconds', Value: '30' };
  await endpoint.call('elbv2', 'ModifyTargetGroupAttributes', { TargetGroupArn: targetGroupArn, Attributes: [delay] }, region);
  const listener = await createListener(live, { name, subnets, targetGroupArn, securityGroups: [ofBalancer] });
  await launchGroup(live, ofInstances, targetGroupArn);
  return { url: await urlOnceListening(live, listener, signal), targetGroupArn };
}

async function launchGroup({ endpoint }: Region, securityGroup: string, targetGroupArn: string): Promise<void> {
  const data = { ImageId: 'ami-005f9685cb30f234b', InstanceType: 't3.micro' as const, SecurityGroupIds: [securityGroup] };
  const LaunchTemplateData = { ...data, UserData: Buffer.from(userData).toString('base64') };
  await endpoint.call('ec2', 'CreateLaunchTemplate', { LaunchTemplateName: name, LaunchTemplateData }, region);
  await endpoint.call(
    'autoscaling',
    'CreateAutoScalingGroup',
    {
      AutoScalingGroupName: name,
      MinSize: size,
      MaxSize: size + 1,
      AvailabilityZones: ['us-east-1a'],
      LaunchTemplate: { LaunchTemplateName: name, Version: '$Latest' },
      TargetGroupARNs: [targetGroupArn],
      HealthCheckType: 'ELB',
      HealthCheckGracePeriod: 300,
    },
    region,
  );
}

function healthyInstances(live: Region, { targetGroupArn }: Hello): string[] {
  const at = live.place(region);
  const members = at.table(groupMembers).filter(({ group, lifecycleState }) => group === name && lifecycleState === 'InService');
  const known = new Map(live.loadBalancing.targetHealth(at, targetGroupArn).map(({ id, state }) => [id, state]));
  return members.map(({ instanceId }) => instanceId).filter((id) => known.get(id) === 'healthy');
}

interface Seen {
  requests: number;
  readonly failures: string[];
  readonly pages: Map<string, number>;
}

/** A few clients that ask for the page, each over a connection that it keeps. */
function startTraffic(url: string): { readonly seen: Seen; stop(): Promise<Seen> } {
  const seen: Seen = { requests: 0, failures: [], pages: new Map() };
  const running = { on: true };
  const ask = async (): Promise<void> => {
    seen.requests++;
    try {
      const answer = await fetch(url);
      const page = (await answer.text()).trim();
      if (answer.status === 200) seen.pages.set(page, (seen.pages.get(page) ?? 0) + 1);
      else seen.failures.push(`status ${answer.status}`);
    } catch (error) {
      seen.failures.push(String((error as Error).cause ?? error));
    }
  };
  const client = async (): Promise<void> => {
    while (running.on) {
      await ask();
      await systemClock.sleep(betweenRequestsMs);
    }
  };
  const all = Array.from({ length: clients }, client);
  return {
    seen,
    async stop() {
      running.on = false;
      await Promise.all(all);
      return seen;
    },
  };
}
