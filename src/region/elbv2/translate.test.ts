import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ListenerResource, LoadBalancerResource, RuleResource, TargetGroupResource } from '../../aws/index.ts';
import { groupsOf, routingAction, routingConditions } from './actions.ts';
import { routingListener } from './listener.ts';
import { routingGroup } from './targetGroup.ts';

const rule = (conditions: RuleResource['Conditions'], priority = '10'): RuleResource => ({
  RuleArn: 'rule',
  listenerArn: 'listener',
  Priority: priority,
  Conditions: conditions,
  Actions: [{ Type: 'forward', TargetGroupArn: 'tg' }],
});

describe('actions', () => {
  test('a forward to one group is plain however it is written, to several it is weighted', () => {
    const plain = { type: 'forward', targetGroupId: 'a' };
    assert.deepEqual(routingAction([{ Type: 'forward', TargetGroupArn: 'a' }]), plain);
    assert.deepEqual(routingAction([{ Type: 'forward', ForwardConfig: { TargetGroups: [{ TargetGroupArn: 'a', Weight: 5 }] } }]), plain);
    const weighted = routingAction([
      {
        Type: 'forward',
        ForwardConfig: {
          TargetGroups: [{ TargetGroupArn: 'a', Weight: 9 }, { TargetGroupArn: 'b' }],
          TargetGroupStickinessConfig: { Enabled: true, DurationSeconds: 60 },
        },
      },
    ]);
    assert.deepEqual(weighted, {
      type: 'forward-weighted',
      groups: [
        { targetGroupId: 'a', weight: 9 },
        { targetGroupId: 'b', weight: 1 },
      ],
      stickinessMs: 60_000,
    });
    assert.deepEqual(groupsOf(weighted), ['a', 'b']);
  });

  test('a redirect says only what it changes', () => {
    const kept = { Protocol: '#{protocol}', Host: '#{host}', Path: '/#{path}', Query: '#{query}' };
    assert.deepEqual(
      routingAction([{ Type: 'redirect', RedirectConfig: { ...kept, Port: '443', Protocol: 'HTTPS', StatusCode: 'HTTP_301' } }]),
      {
        type: 'redirect',
        statusCode: 301,
        protocol: 'HTTPS',
        port: '443',
      },
    );
  });

  test('the last action is the one that answers', () => {
    const fixed = {
      Type: 'fixed-response' as const,
      FixedResponseConfig: { StatusCode: '403', ContentType: 'text/plain', MessageBody: 'no' },
    };
    assert.deepEqual(routingAction([{ Type: 'authenticate-oidc' }, fixed]), {
      type: 'fixed-response',
      statusCode: 403,
      contentType: 'text/plain',
      body: 'no',
    });
    assert.equal(routingAction([]), undefined);
  });
});

describe('conditions', () => {
  test('all six fields, in the old form of values and in the new', () => {
    const found = routingConditions(
      rule([
        { Field: 'host-header', Values: ['a.test'] },
        { Field: 'path-pattern', PathPatternConfig: { Values: ['/x/*'] } },
        { Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: 'X-A', Values: ['1'] } },
        { Field: 'http-request-method', HttpRequestMethodConfig: { Values: ['GET'] } },
        { Field: 'query-string', QueryStringConfig: { Values: [{ Key: 'k', Value: 'v' }, { Value: 'w' }] } },
        { Field: 'source-ip', SourceIpConfig: { Values: ['10.0.0.0/8'] } },
      ]),
    );
    assert.deepEqual(found, [
      { field: 'host-header', values: ['a.test'] },
      { field: 'path-pattern', values: ['/x/*'] },
      { field: 'http-header', name: 'X-A', values: ['1'] },
      { field: 'http-request-method', values: ['GET'] },
      { field: 'query-string', values: [{ key: 'k', value: 'v' }, { value: 'w' }] },
      { field: 'source-ip', values: ['10.0.0.0/8'] },
    ]);
  });

  test('a rule that the data plane cannot judge matches nothing, rather than everything', () => {
    assert.equal(routingConditions(rule([{ Field: 'path-pattern', PathPatternConfig: { RegexValues: ['^/a'] } }])), undefined);
    assert.equal(routingConditions(rule([{ Field: 'something-new' }])), undefined);
  });
});

describe('groups and listeners', () => {
  const group: TargetGroupResource = {
    TargetGroupArn: 'tg',
    TargetGroupName: 'tg',
    TargetType: 'ip',
    Protocol: 'HTTP',
    HealthCheckIntervalSeconds: 10,
    HealthCheckTimeoutSeconds: 5,
    HealthCheckPath: '/health',
    Matcher: { HttpCode: '200-299' },
    attributes: { 'deregistration_delay.timeout_seconds': '60', 'slow_start.duration_seconds': '30', 'stickiness.enabled': 'true' },
  };

  test('spans of the control plane run by the region’s clock, the time-out of a check does not', () => {
    const { deregistrationDelayMs, slowStartMs, healthCheck, stickiness } = routingGroup(group, [], 20);
    assert.equal(deregistrationDelayMs, 3000);
    assert.equal(slowStartMs, 1500);
    assert.equal(healthCheck.intervalMs, 500);
    assert.equal(healthCheck.timeoutMs, 5000);
    assert.deepEqual(stickiness, { type: 'lb_cookie', durationMs: 86_400_000 });
  });

  test('a gRPC group is checked with a call, a TCP group with a connection', () => {
    const grpc = routingGroup({ ...group, ProtocolVersion: 'GRPC', HealthCheckPath: '/', Matcher: {} }, [], 1);
    assert.equal(grpc.protocolVersion, 'GRPC');
    assert.deepEqual([grpc.healthCheck.path, grpc.healthCheck.matcher], ['/AWS.ALB/healthcheck', '12']);
    const tcp = routingGroup(
      { ...group, Protocol: 'TCP', HealthCheckProtocol: 'TCP', attributes: { 'proxy_protocol_v2.enabled': 'true' } },
      [],
      1,
    );
    assert.equal(tcp.healthCheck.protocol, 'TCP');
    assert.equal(tcp.proxyProtocol, true);
    assert.equal(tcp.stickiness, undefined);
  });

  test('a listener takes the rules that can be judged and the attributes of its load balancer', () => {
    const listener: ListenerResource = {
      ListenerArn: 'l',
      LoadBalancerArn: 'lb',
      Protocol: 'HTTP',
      Port: 80,
      DefaultActions: [{ Type: 'forward', TargetGroupArn: 'tg' }],
      certificates: [],
      attributes: {},
    };
    const balancer: LoadBalancerResource = {
      LoadBalancerArn: 'lb',
      LoadBalancerName: 'lb',
      Type: 'application',
      attributes: { 'idle_timeout.timeout_seconds': '7', 'routing.http.desync_mitigation_mode': 'strictest' },
    };
    const rules = [
      rule([{ Field: 'host-header', Values: ['a.test'] }]),
      rule([{ Field: 'path-pattern', PathPatternConfig: { RegexValues: ['^/a'] } }], '20'),
      rule([], 'default'),
    ];
    const made = routingListener(listener, balancer, rules, { id: 'l', host: '127.0.0.1', port: 8080 }, []);
    assert.deepEqual(
      made.rules?.map(({ priority }) => priority),
      [10],
    );
    assert.equal(made.attributes?.idleTimeoutMs, 7000);
    assert.equal(made.attributes?.desyncMode, 'strictest');
    assert.equal(made.attributes?.preserveHostHeader, false);
  });
});
