import type { ElasticLoadBalancingV2, Rule as SdkRule } from '@aws-sdk/client-elastic-load-balancing-v2';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { completeActions } from './actions.ts';
import { checkConditions } from './conditions.ts';
import { dropTags, setTags } from './tags.ts';
import { type Listener, listeners, requireListener, requireRule, type Rule, rules } from './resources.ts';

/** Quotas of a rule and of a load balancer's rules (without the default ones). */
const rulesMax = 100;
const priorityMax = 50_000;

function ruleArn(at: Place, listener: Listener): string {
  return `${listener.ListenerArn.replace(':listener/', ':listener-rule/')}/${at.hex(16)}`;
}

export function createDefaultRule(at: Place, listener: Listener): void {
  at.table(rules).put({
    RuleArn: ruleArn(at, listener),
    listenerArn: listener.ListenerArn,
    Priority: 'default',
    IsDefault: true,
    Conditions: [],
    Actions: listener.DefaultActions,
    Transforms: [],
  });
}

function describe(rule: Rule): Plain<SdkRule> {
  return { ...rule, IsDefault: rule.IsDefault ?? false };
}

const order = (rule: Rule): number => (rule.Priority === 'default' ? Infinity : Number(rule.Priority));

export const ruleOperations: Operations<ElasticLoadBalancingV2> = {
  CreateRule({ ListenerArn, Priority = 0, Conditions = [], Actions = [], Tags, Transforms = [] }, at) {
    const listener = requireListener(at, ListenerArn);
    const siblings = at.table(rules).filter((rule) => rule.listenerArn === listener.ListenerArn);
    if (Priority < 1 || Priority > priorityMax) {
      throw new AwsError(
        'ValidationError',
        `1 validation error detected: Value '${Priority}' at 'priority' failed to satisfy constraint: Member must have value ${Priority < 1 ? 'greater than or equal to 1' : `less than or equal to ${priorityMax}`}`,
      );
    }
    if (siblings.some((rule) => rule.Priority === String(Priority)))
      throw new AwsError('PriorityInUse', 'The specified priority is in use.');
    const onBalancer = new Set(
      at
        .table(listeners)
        .filter((one) => one.LoadBalancerArn === listener.LoadBalancerArn)
        .map((one) => one.ListenerArn),
    );
    if (at.table(rules).filter((rule) => rule.IsDefault !== true && onBalancer.has(rule.listenerArn)).length >= rulesMax) {
      throw new AwsError('TooManyRules', 'You have reached the maximum number of rules on this load balancer');
    }
    const rule = at.table(rules).put({
      RuleArn: ruleArn(at, listener),
      listenerArn: listener.ListenerArn,
      Priority: String(Priority),
      IsDefault: false,
      Conditions: checkConditions(Conditions),
      Actions: completeActions(at, Actions),
      Transforms,
    });
    setTags(at, rule.RuleArn, Tags);
    return { Rules: [describe(rule)] };
  },

  DescribeRules({ ListenerArn, RuleArns, Marker, PageSize }, at) {
    if (ListenerArn === undefined && (RuleArns ?? []).length === 0)
      throw new AwsError('InvalidParameterValue', 'You must specify either listener rule ARNs or a listener ARN');
    if (ListenerArn !== undefined && (RuleArns ?? []).length > 0)
      throw new AwsError('InvalidParameterValue', 'You cannot specify both listener rule ARNs and a listener ARN');
    const asked = RuleArns?.length
      ? RuleArns.map((arn) => requireRule(at, arn))
      : at.table(rules).filter((rule) => rule.listenerArn === requireListener(at, ListenerArn).ListenerArn);
    const { items, next } = page(
      asked.toSorted((a, b) => order(a) - order(b)),
      { token: Marker, max: PageSize },
    );
    return { Rules: items.map(describe), NextMarker: next };
  },

  ModifyRule({ RuleArn, Conditions, Actions, Transforms }, at) {
    const rule = requireRule(at, RuleArn);
    if (rule.IsDefault === true) throw new AwsError('OperationNotPermitted', 'Default rule cannot be modified');
    const changed = at.table(rules).patch(rule, {
      Conditions: Conditions === undefined ? rule.Conditions : checkConditions(Conditions),
      Actions: Actions === undefined ? rule.Actions : completeActions(at, Actions),
      Transforms: Transforms ?? rule.Transforms,
    });
    return { Rules: [describe(changed)] };
  },

  DeleteRule({ RuleArn }, at) {
    const rule = requireRule(at, RuleArn);
    if (rule.IsDefault === true) throw new AwsError('OperationNotPermitted', `Default rule '${rule.RuleArn}' cannot be deleted`);
    at.table(rules).delete(rule.RuleArn);
    dropTags(at, rule.RuleArn);
    return {};
  },

  SetRulePriorities({ RulePriorities = [] }, at) {
    const wanted = RulePriorities.map(({ RuleArn, Priority }) => ({ rule: requireRule(at, RuleArn), priority: String(Priority) }));
    for (const { rule } of wanted)
      if (rule.IsDefault === true) throw new AwsError('OperationNotPermitted', `Default rule's priority cannot be set`);
    const moving = new Set(wanted.map(({ rule }) => rule.RuleArn));
    for (const { rule, priority } of wanted) {
      const clash = at
        .table(rules)
        .find((one) => one.listenerArn === rule.listenerArn && one.Priority === priority && !moving.has(one.RuleArn));
      if (clash !== undefined) throw new AwsError('PriorityInUse', `Priorities '${priority}' are already in use`);
    }
    if (new Set(wanted.map(({ rule, priority }) => `${rule.listenerArn} ${priority}`)).size < wanted.length)
      throw new AwsError('PriorityInUse', 'Priorities must be unique');
    return { Rules: wanted.map(({ rule, priority }) => describe(at.table(rules).patch(rule, { Priority: priority }))) };
  },
};
