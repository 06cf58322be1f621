import {
  listeners,
  loadBalancers,
  rules,
  targetGroups,
  type ActionResource,
  type Endpoint,
  type ListenerResource,
  type Place,
  type RuleResource,
} from '../../aws/index.ts';
import type { ListenerPicture, LoadBalancerPicture, RulePicture, TargetGroupPicture } from '../../console/index.ts';
import { addedLatencyOf } from '../../region/index.ts';
import { urlOf } from '../status/collect.ts';
import type { Taken } from './rates.ts';

/** Target groups with the health of their targets, as DescribeTargetHealth tells it. */
export async function targetGroupsOf(endpoint: Endpoint, region: string, rates: Taken): Promise<TargetGroupPicture[]> {
  const groups = endpoint.place(region).table(targetGroups).values();
  return Promise.all(
    groups.map(async ({ TargetGroupArn: arn, TargetGroupName: name, Protocol: protocol = '', Port }): Promise<TargetGroupPicture> => {
      const { TargetHealthDescriptions = [] } = await endpoint.call('elbv2', 'DescribeTargetHealth', { TargetGroupArn: arn }, region);
      const addedLatency = addedLatencyOf(endpoint.place(region), arn);
      const targets = TargetHealthDescriptions.map(({ Target, TargetHealth }) => ({
        id: Target?.Id ?? '',
        ...(Target?.Port === undefined ? {} : { port: Target.Port }),
        state: TargetHealth?.State ?? '',
        ...(TargetHealth?.Reason === undefined ? {} : { reason: TargetHealth.Reason }),
        ...(TargetHealth?.Description === undefined ? {} : { description: TargetHealth.Description }),
        ...latency(addedLatency(Target?.Id ?? '')),
        ...rates.ofTarget(arn, `${Target?.Id ?? ''}:${Target?.Port ?? ''}`),
      }));
      return {
        arn,
        name,
        protocol,
        ...(Port === undefined ? {} : { port: Port }),
        targets,
        ...latency(addedLatency('')),
        traffic: rates.ofGroup(arn),
      };
    }),
  );
}

const latency = (addedLatencyMs: number): { addedLatencyMs?: number } => (addedLatencyMs > 0 ? { addedLatencyMs } : {});

export function loadBalancersOf(at: Place, groups: readonly TargetGroupPicture[], rates: Taken): LoadBalancerPicture[] {
  const where = at.world.machinery.whereabouts?.().listeners ?? {};
  const groupNames = new Map(groups.map(({ arn, name }) => [arn, name]));
  const byBalancer = Map.groupBy(at.table(listeners).values(), ({ LoadBalancerArn }) => LoadBalancerArn);
  const byListener = Map.groupBy(at.table(rules).values(), ({ listenerArn }) => listenerArn);
  return at
    .table(loadBalancers)
    .values()
    .map((balancer): LoadBalancerPicture => {
      const own = (byBalancer.get(balancer.LoadBalancerArn) ?? []).map((listener) =>
        listenerPicture(listener, byListener.get(listener.ListenerArn) ?? [], where[listener.ListenerArn], groupNames),
      );
      const used = new Set(own.flatMap((listener) => listener.rules.flatMap(({ targetGroupArns }) => targetGroupArns)));
      return {
        arn: balancer.LoadBalancerArn,
        name: balancer.LoadBalancerName,
        type: balancer.Type,
        state: balancer.State?.Code ?? '',
        dnsName: balancer.DNSName ?? '',
        listeners: own,
        ...rates.ofBalancer(balancer.LoadBalancerArn, [...used]),
      };
    });
}

function listenerPicture(
  listener: ListenerResource,
  own: readonly RuleResource[],
  bound: { readonly host: string; readonly port: number } | undefined,
  groupNames: ReadonlyMap<string, string>,
): ListenerPicture {
  const { ListenerArn: arn, Port: port = 0, Protocol: protocol = 'HTTP' } = listener;
  const sorted = own.filter(({ IsDefault }) => IsDefault !== true).toSorted((a, b) => Number(a.Priority) - Number(b.Priority));
  const last: RulePicture = { priority: 'default', conditions: [], ...actionOf(listener.DefaultActions, groupNames) };
  return {
    arn,
    port,
    protocol,
    ...(bound === undefined ? {} : { url: urlOf(protocol, bound.host, bound.port) }),
    rules: [
      ...sorted.map((rule): RulePicture => ({
        priority: rule.Priority,
        conditions: conditionsOf(rule),
        ...actionOf(rule.Actions, groupNames),
      })),
      last,
    ],
  };
}

/** In AWS's words for its conditions: `path-pattern is /a/* or /b/*`. */
function conditionsOf({ Conditions = [] }: RuleResource): string[] {
  return Conditions.map((condition) => {
    const { Field = '', HttpHeaderConfig, QueryStringConfig } = condition;
    const values =
      condition.Values ??
      condition.PathPatternConfig?.Values ??
      condition.HostHeaderConfig?.Values ??
      condition.HttpRequestMethodConfig?.Values ??
      condition.SourceIpConfig?.Values ??
      HttpHeaderConfig?.Values ??
      QueryStringConfig?.Values?.map(({ Key, Value }) => (Key === undefined ? (Value ?? '') : `${Key}=${Value ?? ''}`)) ??
      [];
    const subject = Field === 'http-header' ? `${Field} ${HttpHeaderConfig?.HttpHeaderName ?? ''}` : Field;
    return `${subject} is ${values.join(' or ')}`;
  });
}

function actionOf(
  actions: readonly ActionResource[] = [],
  groupNames: ReadonlyMap<string, string>,
): { action: string; targetGroupArns: string[] } {
  const action = actions.at(-1);
  if (action?.Type === 'fixed-response') return { action: `return ${action.FixedResponseConfig?.StatusCode ?? ''}`, targetGroupArns: [] };
  if (action?.Type === 'redirect') {
    const { Protocol = '#{protocol}', Host = '#{host}', Port = '#{port}', Path = '/#{path}' } = action.RedirectConfig ?? {};
    return { action: `redirect to ${Protocol}://${Host}:${Port}${Path}`, targetGroupArns: [] };
  }
  const weighted = action?.ForwardConfig?.TargetGroups ?? [];
  const arns = weighted.length > 0 ? weighted.flatMap(({ TargetGroupArn }) => TargetGroupArn ?? []) : [action?.TargetGroupArn ?? ''];
  const names = arns.map((arn, index) => {
    const weight = weighted.length > 1 ? ` (${weighted[index]?.Weight ?? 1})` : '';
    return `${groupNames.get(arn) ?? arn}${weight}`;
  });
  return { action: `forward to ${names.join(', ')}`, targetGroupArns: arns };
}
