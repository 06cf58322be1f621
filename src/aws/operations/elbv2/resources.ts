import type {
  Action as SdkAction,
  Certificate,
  Listener as SdkListener,
  LoadBalancer as SdkLoadBalancer,
  Rule as SdkRule,
  TargetGroup as SdkTargetGroup,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { index, table } from '../../state/table.ts';

/** What this service keeps, and what is asked of it by every other file of it: nothing here imports from those. */

/** What a listener or a rule does with a request. */
export type Action = Plain<SdkAction>;

export interface LoadBalancer extends Plain<SdkLoadBalancer> {
  readonly LoadBalancerArn: string;
  readonly LoadBalancerName: string;
  readonly Type: 'application' | 'network' | 'gateway';
  readonly attributes: Readonly<Record<string, string>>;
}

export const loadBalancers = table<LoadBalancer>('elbv2.load-balancer', (one) => one.LoadBalancerArn);

export function requireLoadBalancer(at: Place, arn: string | undefined): LoadBalancer {
  const found = at.table(loadBalancers).get(arn);
  if (found === undefined) throw new AwsError('LoadBalancerNotFound', `Load balancer '${arn ?? ''}' not found`);
  return found;
}

export interface Listener extends Plain<SdkListener> {
  readonly ListenerArn: string;
  readonly LoadBalancerArn: string;
  /** All certificates, the default one first. */
  readonly certificates: readonly Plain<Certificate>[];
  readonly attributes: Readonly<Record<string, string>>;
}

export const listeners = table<Listener>('elbv2.listener', (listener) => listener.ListenerArn);

export function requireListener(at: Place, arn: string | undefined): Listener {
  const found = at.table(listeners).get(arn);
  if (found === undefined) throw new AwsError('ListenerNotFound', `One or more listeners not found`);
  return found;
}

export interface Rule extends Plain<SdkRule> {
  readonly RuleArn: string;
  readonly listenerArn: string;
  readonly Priority: string;
}

export const rules = table<Rule>('elbv2.rule', (rule) => rule.RuleArn);

export function requireRule(at: Place, arn: string | undefined): Rule {
  const rule = at.table(rules).get(arn);
  if (rule === undefined) throw new AwsError('RuleNotFound', `One or more rules not found`);
  return rule;
}

export interface TargetGroup extends Plain<Omit<SdkTargetGroup, 'LoadBalancerArns'>> {
  readonly TargetGroupArn: string;
  readonly TargetGroupName: string;
  readonly TargetType: 'instance' | 'ip' | 'lambda' | 'alb';
  readonly attributes: Readonly<Record<string, string>>;
}

export const targetGroups = table<TargetGroup>('elbv2.target-group', (group) => group.TargetGroupArn);

export function requireTargetGroup(at: Place, arn: string | undefined): TargetGroup {
  const group = at.table(targetGroups).get(arn);
  if (group === undefined) throw new AwsError('TargetGroupNotFound', `Target group '${arn ?? ''}' not found`);
  return group;
}

export interface Target {
  readonly groupArn: string;
  readonly id: string;
  readonly port: number | undefined;
  readonly zone: string | undefined;
}

/** What identifies a target, in its table too. */
export const targetKey = (groupArn: string, id: string, port: number | undefined): string => `${groupArn} ${id} ${port ?? ''}`;

/** For `Table.by`: the targets of a group. */
export const targetsByGroup = index<Target>((target) => [target.groupArn]);

export const targets = table<Target>('elbv2.target', (target) => targetKey(target.groupArn, target.id, target.port));

/** Attributes as the API lists them. */
export function attributeList(attributes: Readonly<Record<string, string>>): { Key: string; Value: string }[] {
  return Object.entries(attributes).map(([Key, Value]) => ({ Key, Value }));
}
