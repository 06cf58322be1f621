import type { ElasticLoadBalancingV2, Rule as SdkRule, RuleCondition } from '@aws-sdk/client-elastic-load-balancing-v2';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { table } from '../../state/table.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { completeActions } from './actions.ts';
import { listeners, requireListener, type Listener } from './listeners.ts';
import { dropTags, setTags } from './tags.ts';

export interface Rule extends Plain<SdkRule> {
  readonly RuleArn: string;
  readonly listenerArn: string;
  readonly Priority: string;
}

export const rules = table<Rule>('elbv2.rule', (rule) => rule.RuleArn);

/** Quotas of a rule and of a load balancer's rules (without the default ones). */
const rulesMax = 100;
const valuesMax = 5;
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

function requireRule(at: Place, arn: string | undefined): Rule {
  const rule = at.table(rules).get(arn);
  if (rule === undefined) throw new AwsError('RuleNotFound', `One or more rules not found`);
  return rule;
}

const configs = {
  'host-header': 'HostHeaderConfig',
  'path-pattern': 'PathPatternConfig',
  'http-header': 'HttpHeaderConfig',
  'http-request-method': 'HttpRequestMethodConfig',
  'query-string': 'QueryStringConfig',
  'source-ip': 'SourceIpConfig',
} as const;

/** Checks conditions as AWS does and gives both of their forms, `Values` and the typed configuration. */
function completeConditions(conditions: readonly Plain<RuleCondition>[]): Plain<RuleCondition>[] {
  let count = 0;
  const done = conditions.map((condition) => {
    const field = condition.Field;
    if (field === undefined || field === '') throw new AwsError('ValidationError', 'A condition must specify a field');
    if (!(field in configs)) {
      throw new AwsError(
        'ValidationError',
        `Condition field '${field}' must be one of '[path-pattern, host-header, http-header, http-request-method, query-string, source-ip]'`,
      );
    }
    const key = configs[field as keyof typeof configs];
    const typed = condition[key] as { Values?: unknown[] | undefined; RegexValues?: string[] | undefined } | undefined;
    const values = typed?.Values ?? condition.Values ?? [];
    count += values.length + (typed?.RegexValues?.length ?? 0);
    if (values.length === 0 && (typed?.RegexValues ?? []).length === 0)
      throw new AwsError('ValidationError', 'A condition value must be specified');
    check(field, values as string[], condition);
    if (field !== 'host-header' && field !== 'path-pattern') return condition;
    return typed?.RegexValues === undefined
      ? { Field: field, Values: values as string[], [key]: { Values: values as string[] } }
      : condition;
  });
  if (count > valuesMax) throw new AwsError('TooManyConditionValues', `A rule can have at most ${valuesMax} condition values`);
  return done;
}

function check(field: string, values: readonly string[], condition: Plain<RuleCondition>): void {
  if (field === 'path-pattern' && values.some((value) => value.length > 128))
    throw new AwsError('ValidationError', "The 'PathPattern' value is too long; the limit is '128'");
  if (field === 'host-header' && values.some((value) => value.length > 128))
    throw new AwsError('ValidationError', "The 'host-header' value is too long; the limit is '128'");
  if (field === 'http-request-method' && values.some((value) => value.length > 40))
    throw new AwsError('ValidationError', "The 'HttpRequestMethod' value is too long; the limit is '40'");
  if (field === 'http-request-method' && values.some((value) => !/^[A-Z_-]+$/.test(value)))
    throw new AwsError(
      'ValidationError',
      "The 'HttpRequestMethod' value is invalid; the allowed characters are A-Z, hyphen and underscore",
    );
  if (field !== 'http-header') return;
  const { HttpHeaderName: name = '' } = condition.HttpHeaderConfig ?? {};
  if (name.length > 40) throw new AwsError('ValidationError', "The 'HttpHeaderName' value is too long; the limit is '40'");
  if (values.some((value) => value.length > 128))
    throw new AwsError('ValidationError', "The 'HttpHeaderConfig' value is too long; the limit is '128'");
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
      throw new AwsError('PriorityInUse', `Priority '${Priority}' is currently in use`);
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
      Conditions: completeConditions(Conditions),
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
      Conditions: Conditions === undefined ? rule.Conditions : completeConditions(Conditions),
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
