import type { Action, RuleCondition } from '@aws-sdk/client-elastic-load-balancing-v2';
import { plain, type Arguments } from '../arguments.ts';
import { elbTagsOf } from './lookups.ts';
import { tagChanges, tagList, tagMap, unlessGone, whileInUse, type Clients, type ResourceType } from '../provider.ts';
import {
  block,
  blocks,
  blockSet,
  computed,
  flag,
  forceNew,
  number,
  optional,
  required,
  settled,
  tagged,
  text,
  textSet,
} from '../schema.ts';
import type { Value } from '../../language/index.ts';

const action = blocks(
  {
    type: text(required),
    order: number(settled),
    target_group_arn: text(optional),
    forward: block(
      {
        target_group: blockSet({ arn: text(required), weight: number(optional, { fallback: 1 }) }, required),
        stickiness: block({ duration: number(required), enabled: flag(optional, { fallback: false }) }, optional),
      },
      optional,
    ),
    redirect: block(
      {
        status_code: text(required),
        host: text(optional, { fallback: '#{host}' }),
        path: text(optional, { fallback: '/#{path}' }),
        port: text(optional, { fallback: '#{port}' }),
        protocol: text(optional, { fallback: '#{protocol}' }),
        query: text(optional, { fallback: '#{query}' }),
      },
      optional,
    ),
    fixed_response: block({ content_type: text(required), message_body: text(optional), status_code: text(settled) }, optional),
  },
  required,
);

const upperCase = (before: Value, after: Value): boolean => plain(before).toUpperCase() === plain(after).toUpperCase();

export const listener: ResourceType = {
  schema: {
    id: text(computed),
    arn: text(computed),
    load_balancer_arn: text(required, forceNew),
    port: number(optional),
    protocol: text(settled, { same: upperCase }),
    ssl_policy: text(settled),
    certificate_arn: text(optional),
    alpn_policy: text(optional),
    default_action: action,
    ...tagged,
  },
  async create(aws, planned) {
    const tags = tagList(planned);
    const { Listeners } = await (
      await aws.elb()
    ).createListener({
      LoadBalancerArn: planned.sure('load_balancer_arn'),
      ...listenerInput(planned),
      ...(tags.length > 0 && { Tags: tags }),
    });
    return Listeners?.[0]?.ListenerArn ?? '';
  },
  async read(aws, id) {
    const elb = await aws.elb();
    const call = elb.describeListeners({ ListenerArns: [id] });
    const found = (await unlessGone(call, ...gone))?.Listeners?.[0];
    if (found === undefined) return undefined;
    const tags = await elbTagsOf(aws, id);
    return {
      id,
      arn: id,
      load_balancer_arn: found.LoadBalancerArn ?? '',
      port: found.Port ?? null,
      protocol: found.Protocol ?? '',
      ssl_policy: found.SslPolicy ?? '',
      certificate_arn: found.Certificates?.[0]?.CertificateArn ?? '',
      default_action: actionValues(found.DefaultActions),
      tags_all: tagMap(tags),
    };
  },
  async update(aws, id, planned, _changed, before) {
    const elb = await aws.elb();
    await elb.modifyListener({ ListenerArn: id, ...listenerInput(planned) });
    await changeTags(aws, id, before, planned);
  },
  async delete(aws, id) {
    const elb = await aws.elb();
    const call = (): Promise<unknown> => unlessGone(elb.deleteListener({ ListenerArn: id }), ...gone);
    await whileInUse('the listener to be free', aws.signal, call, 'ResourceInUse', 'ResourceInUseException');
  },
};

const gone = ['ListenerNotFound', 'ListenerNotFoundException', 'LoadBalancerNotFound', 'RuleNotFound', 'RuleNotFoundException'];

async function changeTags(aws: Clients, id: string, before: Arguments, planned: Arguments): Promise<void> {
  const elb = await aws.elb();
  const { set, removed } = tagChanges(before, planned);
  if (set.length > 0) await elb.addTags({ ResourceArns: [id], Tags: set });
  if (removed.length > 0) await elb.removeTags({ ResourceArns: [id], TagKeys: removed });
}

function listenerInput(planned: Arguments) {
  const [certificate, alpn] = [planned.text('certificate_arn'), planned.text('alpn_policy')];
  return {
    Port: planned.number('port'),
    Protocol: planned.text('protocol')?.toUpperCase() as never,
    SslPolicy: planned.text('ssl_policy'),
    DefaultActions: planned.blocks('default_action').map(actionOf),
    ...(certificate !== undefined && { Certificates: [{ CertificateArn: certificate }] }),
    ...(alpn !== undefined && { AlpnPolicy: [alpn] }),
  };
}

function actionOf(item: Arguments, index: number): Action {
  const [forward, redirect, fixed] = ['forward', 'redirect', 'fixed_response'].map((name) => item.block(name));
  const sticky = forward?.block('stickiness');
  return {
    Type: item.text('type') as Action['Type'],
    Order: item.number('order') ?? index + 1,
    ...(item.text('target_group_arn') !== undefined && { TargetGroupArn: item.text('target_group_arn') }),
    ...(forward && {
      ForwardConfig: {
        TargetGroups: forward
          .blocks('target_group')
          .map((group) => ({ TargetGroupArn: group.text('arn'), Weight: group.number('weight') })),
        ...(sticky && { TargetGroupStickinessConfig: { Enabled: sticky.flag('enabled'), DurationSeconds: sticky.number('duration') } }),
      },
    }),
    ...(redirect && {
      RedirectConfig: {
        StatusCode: redirect.text('status_code') as never,
        Host: redirect.text('host'),
        Path: redirect.text('path'),
        Port: redirect.text('port'),
        Protocol: redirect.text('protocol'),
        Query: redirect.text('query'),
      },
    }),
    ...(fixed && {
      FixedResponseConfig: {
        ContentType: fixed.text('content_type'),
        MessageBody: fixed.text('message_body'),
        StatusCode: fixed.text('status_code'),
      },
    }),
  };
}

/** ELBv2 says one target group in two ways; the short one is what configurations have. */
function actionValues(actions: readonly Action[] = []): Value {
  return actions.map((item) => {
    const { ForwardConfig: forward, RedirectConfig: redirect, FixedResponseConfig: fixed } = item;
    const many = item.TargetGroupArn === undefined && forward !== undefined;
    return {
      type: item.Type ?? '',
      order: item.Order ?? 1,
      target_group_arn: item.TargetGroupArn ?? '',
      forward: many
        ? [
            {
              target_group: (forward.TargetGroups ?? []).map((group) => ({ arn: group.TargetGroupArn ?? '', weight: group.Weight ?? 1 })),
              stickiness:
                forward.TargetGroupStickinessConfig?.Enabled === true
                  ? [{ enabled: true, duration: forward.TargetGroupStickinessConfig.DurationSeconds ?? 0 }]
                  : [],
            },
          ]
        : [],
      redirect:
        redirect === undefined
          ? []
          : [
              {
                status_code: redirect.StatusCode ?? '',
                host: redirect.Host ?? '#{host}',
                path: redirect.Path ?? '/#{path}',
                port: redirect.Port ?? '#{port}',
                protocol: redirect.Protocol ?? '#{protocol}',
                query: redirect.Query ?? '#{query}',
              },
            ],
      fixed_response:
        fixed === undefined
          ? []
          : [{ content_type: fixed.ContentType ?? '', message_body: fixed.MessageBody ?? '', status_code: fixed.StatusCode ?? '' }],
    };
  });
}

const values = block({ values: textSet(required) }, optional);
const fields = {
  host_header: ['host-header', 'HostHeaderConfig'],
  path_pattern: ['path-pattern', 'PathPatternConfig'],
  http_request_method: ['http-request-method', 'HttpRequestMethodConfig'],
  source_ip: ['source-ip', 'SourceIpConfig'],
} as const;

export const listenerRule: ResourceType = {
  schema: {
    id: text(computed),
    arn: text(computed),
    listener_arn: text(required, forceNew),
    priority: number(settled),
    action,
    condition: blockSet(
      {
        host_header: values,
        path_pattern: values,
        http_request_method: values,
        source_ip: values,
        http_header: block({ http_header_name: text(required), values: textSet(required) }, optional),
        query_string: blockSet({ key: text(optional), value: text(required) }, optional),
      },
      required,
    ),
    ...tagged,
  },
  async create(aws, planned) {
    const elb = await aws.elb();
    const ListenerArn = planned.sure('listener_arn');
    const tags = tagList(planned);
    const { Rules } = await elb.createRule({
      ListenerArn,
      Priority: planned.number('priority') ?? (await nextPriority(aws, ListenerArn)),
      Actions: planned.blocks('action').map(actionOf),
      Conditions: planned.blocks('condition').flatMap(conditionsOf),
      ...(tags.length > 0 && { Tags: tags }),
    });
    return Rules?.[0]?.RuleArn ?? '';
  },
  async read(aws, id) {
    const elb = await aws.elb();
    const rule = (await unlessGone(elb.describeRules({ RuleArns: [id] }), ...gone))?.Rules?.[0];
    if (rule === undefined) return undefined;
    const tags = await elbTagsOf(aws, id);
    return { id, arn: id, priority: Number(rule.Priority), action: actionValues(rule.Actions), tags_all: tagMap(tags) };
  },
  async update(aws, id, planned, changed, before) {
    const elb = await aws.elb();
    if (changed.has('priority')) await elb.setRulePriorities({ RulePriorities: [{ RuleArn: id, Priority: planned.number('priority') }] });
    if (changed.has('action') || changed.has('condition'))
      await elb.modifyRule({
        RuleArn: id,
        Actions: planned.blocks('action').map(actionOf),
        Conditions: planned.blocks('condition').flatMap(conditionsOf),
      });
    await changeTags(aws, id, before, planned);
  },
  async delete(aws, id) {
    await unlessGone((await aws.elb()).deleteRule({ RuleArn: id }), ...gone);
  },
};

async function nextPriority(aws: Clients, ListenerArn: string): Promise<number> {
  const { Rules = [] } = await (await aws.elb()).describeRules({ ListenerArn });
  return Math.max(0, ...Rules.map(({ Priority }) => Number(Priority)).filter((priority) => priority > 0)) + 1;
}

function conditionsOf(item: Arguments): RuleCondition[] {
  const out: RuleCondition[] = [];
  for (const [name, [Field, config]] of Object.entries(fields)) {
    const found = item.block(name)?.texts('values');
    if (found) out.push({ Field, [config]: { Values: found } });
  }
  const header = item.block('http_header');
  if (header)
    out.push({
      Field: 'http-header',
      HttpHeaderConfig: { HttpHeaderName: header.text('http_header_name'), Values: header.texts('values') },
    });
  const query = item.blocks('query_string');
  if (query.length > 0)
    out.push({
      Field: 'query-string',
      QueryStringConfig: { Values: query.map((pair) => ({ Key: pair.text('key'), Value: pair.text('value') })) },
    });
  return out;
}
