import type { ListenerResource, LoadBalancerResource, RuleResource } from '../../aws/index.ts';
import {
  isNetworkProtocol,
  type BoundListener,
  type Certificate,
  type Listener,
  type LoadBalancerAttributes,
  type Rule,
} from '../../model/index.ts';
import { routingAction, routingConditions } from './actions.ts';

const notConfigured = { type: 'fixed-response', statusCode: 503 } as const;

/** A listener as the data plane takes it. */
export function routingListener(
  listener: ListenerResource,
  balancer: LoadBalancerResource,
  rules: readonly RuleResource[],
  bound: BoundListener,
  certificates: readonly Certificate[],
  { sources, accessLog }: { readonly sources?: readonly string[] | undefined; readonly accessLog?: string | undefined } = {},
): Listener {
  const protocol = (listener.Protocol ?? 'HTTP') as Listener['protocol'];
  const idleS = listener.attributes['tcp.idle_timeout.seconds'];
  return {
    id: listener.ListenerArn,
    loadBalancerId: listener.LoadBalancerArn,
    host: bound.host,
    port: bound.port,
    protocol,
    ...(sources === undefined ? {} : { sources }),
    defaultAction: routingAction(listener.DefaultActions) ?? notConfigured,
    ...(certificates.length === 0 ? {} : { certificates }),
    ...(/TLS13-1-3-/.test(listener.SslPolicy ?? '') ? { minTlsVersion: 'TLSv1.3' as const } : {}),
    ...(isNetworkProtocol(protocol)
      ? { network: idleS === undefined ? {} : { idleTimeoutMs: Number(idleS) * 1000 } }
      : {
          rules: rules.flatMap(routingRule),
          attributes: { ...attributesOf(balancer.attributes), ...(accessLog === undefined ? {} : { accessLog }) },
        }),
  };
}

function routingRule(rule: RuleResource): Rule[] {
  const priority = Number(rule.Priority);
  const conditions = routingConditions(rule);
  const action = routingAction(rule.Actions);
  return Number.isNaN(priority) || conditions === undefined || action === undefined ? [] : [{ priority, conditions, action }];
}

/**
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html
 * Time-outs are those of real connections, so they do not run by the region's clock.
 */
function attributesOf(attributes: Readonly<Record<string, string>>): LoadBalancerAttributes {
  const spanMs = (name: string, fallbackS: number): number => Number(attributes[name] ?? fallbackS) * 1000;
  return {
    idleTimeoutMs: spanMs('idle_timeout.timeout_seconds', 60),
    clientKeepAliveMs: spanMs('client_keep_alive.seconds', 3600),
    desyncMode: (attributes['routing.http.desync_mitigation_mode'] ?? 'defensive') as 'defensive',
    xForwardedFor: (attributes['routing.http.xff_header_processing.mode'] ?? 'append') as 'append',
    xForwardedForClientPort: attributes['routing.http.xff_client_port.enabled'] === 'true',
    dropInvalidHeaderFields: attributes['routing.http.drop_invalid_header_fields.enabled'] === 'true',
    preserveHostHeader: attributes['routing.http.preserve_host_header.enabled'] === 'true',
    tlsHeaders: attributes['routing.http.x_amzn_tls_version_and_cipher_suite.enabled'] === 'true',
    http2: attributes['routing.http2.enabled'] !== 'false',
  };
}
