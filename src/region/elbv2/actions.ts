import type { ActionResource, RuleResource } from '../../aws/index.ts';
import type { Action, Condition, RedirectAction } from '../../model/index.ts';

/** What ends a list of actions; those before it (authentication) are not of the data plane. Undefined: there is none. */
export function routingAction(actions: readonly ActionResource[] | undefined): Action | undefined {
  const action = actions?.at(-1);
  switch (action?.Type) {
    case 'forward':
      return forward(action);
    case 'fixed-response': {
      const { StatusCode = '503', ContentType, MessageBody } = action.FixedResponseConfig ?? {};
      return {
        type: 'fixed-response',
        statusCode: Number(StatusCode),
        ...(ContentType === undefined ? {} : { contentType: ContentType }),
        ...(MessageBody === undefined ? {} : { body: MessageBody }),
      };
    }
    case 'redirect':
      return redirect(action);
    default:
      return undefined;
  }
}

function forward({ TargetGroupArn, ForwardConfig }: ActionResource): Action | undefined {
  const groups = ForwardConfig?.TargetGroups ?? [];
  const only = groups.length === 1 ? groups[0]?.TargetGroupArn : undefined;
  if (groups.length <= 1) {
    const targetGroupId = only ?? TargetGroupArn;
    return targetGroupId === undefined ? undefined : { type: 'forward', targetGroupId };
  }
  const { Enabled = false, DurationSeconds } = ForwardConfig?.TargetGroupStickinessConfig ?? {};
  return {
    type: 'forward-weighted',
    groups: groups.map(({ TargetGroupArn: targetGroupId = '', Weight: weight = 1 }) => ({ targetGroupId, weight })),
    ...(Enabled && DurationSeconds !== undefined ? { stickinessMs: DurationSeconds * 1000 } : {}),
  };
}

function redirect({ RedirectConfig: config }: ActionResource): RedirectAction {
  const part = (name: string, value: string | undefined, kept: string): Record<string, string> =>
    value === undefined || value === kept ? {} : { [name]: value };
  return {
    type: 'redirect',
    statusCode: config?.StatusCode === 'HTTP_301' ? 301 : 302,
    ...part('protocol', config?.Protocol, '#{protocol}'),
    ...part('host', config?.Host, '#{host}'),
    ...part('port', config?.Port, '#{port}'),
    ...part('path', config?.Path, '/#{path}'),
    ...part('query', config?.Query, '#{query}'),
  };
}

/** Undefined for a condition that the data plane cannot judge, such as a regular expression: its rule must not match by mistake. */
export function routingConditions(rule: RuleResource): Condition[] | undefined {
  const found = (rule.Conditions ?? []).map(routingCondition);
  return found.every((condition) => condition !== undefined) ? found : undefined;
}

type ConditionResource = NonNullable<RuleResource['Conditions']>[number];

function routingCondition(condition: ConditionResource): Condition | undefined {
  const { Field: field, Values = [], HostHeaderConfig, PathPatternConfig, HttpHeaderConfig } = condition;
  switch (field) {
    case 'host-header':
      return HostHeaderConfig?.RegexValues?.length ? undefined : { field, values: HostHeaderConfig?.Values ?? Values };
    case 'path-pattern':
      return PathPatternConfig?.RegexValues?.length ? undefined : { field, values: PathPatternConfig?.Values ?? Values };
    case 'http-header':
      return HttpHeaderConfig?.RegexValues?.length
        ? undefined
        : { field, name: HttpHeaderConfig?.HttpHeaderName ?? '', values: HttpHeaderConfig?.Values ?? [] };
    case 'http-request-method':
      return { field, values: condition.HttpRequestMethodConfig?.Values ?? [] };
    case 'query-string': {
      const pairs = condition.QueryStringConfig?.Values ?? [];
      return { field, values: pairs.map(({ Key, Value: value = '' }) => (Key === undefined ? { value } : { key: Key, value })) };
    }
    case 'source-ip':
      return { field, values: condition.SourceIpConfig?.Values ?? [] };
    default:
      return undefined;
  }
}

/** The target groups that an action forwards to. */
export function groupsOf(action: Action | undefined): string[] {
  if (action?.type === 'forward') return [action.targetGroupId];
  return action?.type === 'forward-weighted' ? action.groups.map(({ targetGroupId }) => targetGroupId) : [];
}
