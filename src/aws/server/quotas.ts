import { PlimsollError } from '../../base/index.ts';
import { AwsError } from '../codec/error.ts';
import { awsErrors } from '../errors.ts';
import {
  autoScalingGroups,
  dbInstances,
  instances,
  instanceTypeFacts,
  listeners,
  loadBalancers,
  rules,
  securityGroupRules,
  targetGroups,
  targets,
} from '../resources.ts';
import type { Place } from '../state/place.ts';

/** How many of a kind an account may have in a region, and what happens to the call that makes one more. */
interface Quota {
  /** AWS's name in Service Quotas. */
  readonly title: string;
  /** `service Operation` of the calls that can exceed it. */
  readonly calls: readonly string[];
  /** How many there are, of the fullest where each of several has its own. */
  used(at: Place): number;
  readonly code: string;
  message(max: number): string;
}

/** The largest number of values that share a key. */
function fullest<T>(values: readonly T[], keyOf: (value: T) => string | undefined): number {
  return Math.max(0, ...[...Map.groupBy(values, keyOf).values()].map((group) => group.length));
}

const balancersOf = (type: string) => (at: Place) => at.table(loadBalancers).filter(({ Type }) => Type === type).length;
/** `…:listener/app/name/0123456789abcdef/…`: what stands before the listener's own part is the same for a load balancer. */
const balancerOf = (listenerArn: string): string => listenerArn.split('/').slice(0, 4).join('/');
const running: ReadonlySet<string> = new Set(['pending', 'running']);

/** https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html, the names of Service Quotas in kebab case. */
const quotas: Readonly<Record<string, Quota>> = {
  'application-load-balancers': {
    title: 'Application Load Balancers per Region',
    calls: ['elbv2 CreateLoadBalancer'],
    used: balancersOf('application'),
    code: 'TooManyLoadBalancers',
    message: () => 'You have reached the maximum number of load balancers',
  },
  'network-load-balancers': {
    title: 'Network Load Balancers per Region',
    calls: ['elbv2 CreateLoadBalancer'],
    used: balancersOf('network'),
    code: 'TooManyLoadBalancers',
    message: () => 'You have reached the maximum number of load balancers',
  },
  'listeners-per-application-load-balancer': {
    title: 'Listeners per Application Load Balancer',
    calls: ['elbv2 CreateListener'],
    used: (at) => fullest(at.table(listeners).values(), ({ LoadBalancerArn }) => LoadBalancerArn),
    code: 'TooManyListeners',
    message: () => 'You have reached the maximum number of listeners on this load balancer',
  },
  'rules-per-application-load-balancer': {
    title: 'Rules per Application Load Balancer, default rules not counted',
    calls: ['elbv2 CreateRule'],
    used: (at) => {
      const own = at.table(rules).filter(({ IsDefault }) => IsDefault !== true);
      return fullest(own, ({ listenerArn }) => balancerOf(listenerArn));
    },
    code: 'TooManyRules',
    message: () => 'You have reached the maximum number of rules on this load balancer',
  },
  'target-groups': {
    title: 'Target Groups per Region',
    calls: ['elbv2 CreateTargetGroup'],
    used: (at) => at.table(targetGroups).size,
    code: 'TooManyTargetGroups',
    message: () => 'You have reached the maximum number of target groups',
  },
  'targets-per-target-group': {
    title: 'Targets per Target Group per Region',
    calls: ['elbv2 RegisterTargets'],
    used: (at) => fullest(at.table(targets).values(), ({ groupArn }) => groupArn),
    code: 'TooManyTargets',
    message: () => 'You have reached the maximum number of targets for this target group',
  },
  'auto-scaling-groups': {
    title: 'Auto Scaling groups per region',
    calls: ['autoscaling CreateAutoScalingGroup'],
    used: (at) => at.table(autoScalingGroups).size,
    code: 'LimitExceeded',
    message: (max) => `The maximum number of Auto Scaling groups (${max}) has been reached for this account`,
  },
  'vcpus-on-demand': {
    title: 'Running On-Demand instances, in vCPUs',
    calls: ['ec2 RunInstances', 'ec2 StartInstances'],
    used: (at) =>
      at
        .table(instances)
        .filter(({ state }) => running.has(state))
        .reduce((sum, { InstanceType }) => sum + (instanceTypeFacts(InstanceType ?? '')?.vcpus ?? 1), 0),
    code: 'VcpuLimitExceeded',
    message: (max) =>
      `You have requested more vCPU capacity than your current vCPU limit of ${max} allows for the instance bucket that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.`,
  },
  'rules-per-security-group': {
    title: 'Inbound or outbound rules per security group',
    calls: ['ec2 AuthorizeSecurityGroupIngress', 'ec2 AuthorizeSecurityGroupEgress'],
    used: (at) => fullest(at.table(securityGroupRules).values(), ({ GroupId, IsEgress }) => `${GroupId} ${IsEgress}`),
    code: 'RulesPerSecurityGroupLimitExceeded',
    message: () => 'The maximum number of rules per security group has been reached.',
  },
  'db-instances': {
    title: 'DB instances',
    calls: ['rds CreateDBInstance'],
    used: (at) => at.table(dbInstances).size,
    code: 'InstanceQuotaExceeded',
    message: () => 'Cannot create more DB instances: the quota of this account is reached.',
  },
};

/** Quotas that can be set, with AWS's titles. */
export const quotaNames: ReadonlyMap<string, string> = new Map(Object.entries(quotas).map(([name, { title }]) => [name, title]));

/** Quotas below AWS's usual ones, so that quota trouble can be rehearsed: by name, in a region of an account. */
export type QuotaSettings = ReadonlyMap<string, number>;

/** @throws PL_AWS_QUOTA when there is no such quota, or it is no whole number. */
export function checkQuotaSettings(settings: QuotaSettings): void {
  for (const [name, max] of settings) {
    const known = quotaNames.has(name);
    if (known && Number.isInteger(max) && max >= 0) continue;
    throw new PlimsollError(awsErrors.PL_AWS_QUOTA, {
      what: known ? `${name} is a whole number from 0 on, not ${max}` : `no quota is called ${JSON.stringify(name)}`,
      fix: known ? 'give it as NAME=N' : `choose from ${[...quotaNames.keys()].join(', ')}`,
    });
  }
}

/** Called after an operation and within its transaction: one that goes beyond a quota is undone. */
export function enforceQuotas(settings: QuotaSettings, service: string, operation: string, at: Place): void {
  for (const [name, max] of settings) {
    const quota = quotas[name];
    if (quota?.calls.includes(`${service} ${operation}`) === true && quota.used(at) > max)
      throw new AwsError(quota.code, quota.message(max));
  }
}
