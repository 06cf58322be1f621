import type { Certificate, ElasticLoadBalancingV2 } from '@aws-sdk/client-elastic-load-balancing-v2';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { completeActions } from './actions.ts';
import { createDefaultRule } from './rules.ts';
import { sslPolicies } from './sslPolicies.ts';
import { dropTags, setTags } from './tags.ts';
import { attributeList, type Listener, listeners, type LoadBalancer, requireListener, requireLoadBalancer, rules } from './resources.ts';

/** Quota "Certificates per Application Load Balancer", and listeners per balancer. */
const listenersMax = 50;

const protocols: Readonly<Record<LoadBalancer['Type'], readonly string[]>> = {
  application: ['HTTP', 'HTTPS'],
  network: ['UDP', 'TCP', 'TLS', 'TCP_UDP'],
  gateway: ['GENEVE'],
};

/** What CreateListener knows, by its own message; `GENEVE` is known too and fits no balancer that takes a protocol. */
const allProtocols = ['HTTP', 'HTTPS', 'UDP', 'TCP', 'TLS', 'TCP_UDP'];

function checkProtocol(balancer: LoadBalancer, protocol: string | undefined, port: number | undefined): void {
  if (balancer.Type === 'gateway') {
    if (port !== undefined) throw new AwsError('ValidationError', 'A port cannot be specified for gateway listeners');
    if (protocol !== undefined) throw new AwsError('ValidationError', 'A protocol cannot be specified for gateway listeners');
    return;
  }
  if (protocol === undefined) throw new AwsError('ValidationError', 'A listener protocol must be specified');
  if (port === undefined) throw new AwsError('ValidationError', 'A listener port must be specified');
  const allowed = protocols[balancer.Type];
  if (protocol !== 'GENEVE' && !allProtocols.includes(protocol)) {
    throw new AwsError(
      'ValidationError',
      `1 validation error detected: Value '${protocol}' at 'protocol' failed to satisfy constraint: Member must satisfy enum value set: [${allProtocols.join(', ')}]`,
    );
  }
  if (!allowed.includes(protocol))
    throw new AwsError('ValidationError', `Listener protocol '${protocol}' must be one of '${allowed.join(', ')}'`);
  if (port < 1 || port > 65_535)
    throw new AwsError(
      'ValidationError',
      `1 validation error detected: Value '${port}' at 'port' failed to satisfy constraint: Member must have value ${port < 1 ? 'greater than or equal to 1' : 'less than or equal to 65535'}`,
    );
}

function checkCertificates(protocol: string | undefined, certificates: readonly Plain<Certificate>[]): void {
  if (protocol === 'HTTPS' || protocol === 'TLS') {
    if (certificates.length === 0)
      throw new AwsError(
        'CertificateWereNotPassed',
        'You must provide a list containing exactly one certificate if the listener protocol is HTTPS.',
      );
    for (const { CertificateArn = '' } of certificates) {
      if (!/^arn:[^:]+:(acm|iam):/.test(CertificateArn))
        throw new AwsError('CertificateNotFound', `Certificate '${CertificateArn}' not found`);
    }
  }
}

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ListenerAttribute.html */
const defaultAttributes = (type: LoadBalancer['Type']): Record<string, string> =>
  type === 'application' ? { 'routing.http.response.server.enabled': 'true' } : { 'tcp.idle_timeout.seconds': '350' };

export function deleteListener(at: Place, listener: Listener): void {
  for (const rule of at.table(rules).filter((one) => one.listenerArn === listener.ListenerArn)) {
    at.table(rules).delete(rule.RuleArn);
    dropTags(at, rule.RuleArn);
  }
  at.table(listeners).delete(listener.ListenerArn);
  dropTags(at, listener.ListenerArn);
}

export const listenerOperations: Operations<ElasticLoadBalancingV2> = {
  CreateListener(input, at) {
    const balancer = requireLoadBalancer(at, input.LoadBalancerArn);
    checkProtocol(balancer, input.Protocol, input.Port);
    const siblings = at.table(listeners).filter((one) => one.LoadBalancerArn === balancer.LoadBalancerArn);
    if (siblings.some((one) => one.Port === input.Port))
      throw new AwsError('DuplicateListener', 'A listener already exists on this port for this load balancer');
    if (siblings.length >= listenersMax)
      throw new AwsError('TooManyListeners', 'You have reached the maximum number of listeners on this load balancer');
    const certificates = input.Certificates ?? [];
    checkCertificates(input.Protocol, certificates);
    const actions = completeActions(at, input.DefaultActions ?? []);
    const arn = `${balancer.LoadBalancerArn.replace(':loadbalancer/', ':listener/')}/${at.hex(16)}`;
    const secure = input.Protocol === 'HTTPS' || input.Protocol === 'TLS';
    const listener = at.table(listeners).put({
      ListenerArn: arn,
      LoadBalancerArn: balancer.LoadBalancerArn,
      ...(input.Port === undefined ? {} : { Port: input.Port }),
      ...(input.Protocol === undefined ? {} : { Protocol: input.Protocol }),
      ...(secure
        ? { SslPolicy: input.SslPolicy ?? 'ELBSecurityPolicy-2016-08', MutualAuthentication: input.MutualAuthentication ?? { Mode: 'off' } }
        : {}),
      ...(input.AlpnPolicy === undefined ? {} : { AlpnPolicy: input.AlpnPolicy }),
      ...(certificates.length === 0 ? {} : { Certificates: certificates }),
      DefaultActions: actions,
      certificates: certificates.map(({ CertificateArn }) => ({ CertificateArn, IsDefault: true })),
      attributes: defaultAttributes(balancer.Type),
    });
    createDefaultRule(at, listener);
    setTags(at, arn, input.Tags);
    return { Listeners: [listener] };
  },

  DescribeListeners({ LoadBalancerArn, ListenerArns, Marker, PageSize }, at) {
    if (LoadBalancerArn !== undefined) requireLoadBalancer(at, LoadBalancerArn);
    if (LoadBalancerArn === undefined && (ListenerArns ?? []).length === 0)
      throw new AwsError('ValidationError', 'You must specify either listener ARNs or a load balancer ARN');
    const asked = ListenerArns?.length
      ? ListenerArns.map((arn) => requireListener(at, arn))
      : at.table(listeners).filter((one) => one.LoadBalancerArn === LoadBalancerArn);
    const { items, next } = page(asked, { token: Marker, max: PageSize });
    return { Listeners: items, NextMarker: next };
  },

  ModifyListener(input, at) {
    const listener = requireListener(at, input.ListenerArn);
    const balancer = requireLoadBalancer(at, listener.LoadBalancerArn);
    const protocol = input.Protocol ?? listener.Protocol;
    const port = input.Port ?? listener.Port;
    checkProtocol(balancer, protocol, port);
    if (at.table(listeners).find((one) => one.LoadBalancerArn === listener.LoadBalancerArn && one.Port === port && one !== listener)) {
      throw new AwsError('DuplicateListener', 'A listener already exists on this port for this load balancer');
    }
    if (input.SslPolicy !== undefined && !sslPolicies.some(({ Name }) => Name === input.SslPolicy))
      throw new AwsError('SSLPolicyNotFound', `SSL policy '${input.SslPolicy}' not found`);
    const certificates = input.Certificates ?? listener.Certificates ?? [];
    checkCertificates(protocol, certificates);
    const secure = protocol === 'HTTPS' || protocol === 'TLS';
    const { Certificates: _certificates, SslPolicy: _policy, ...rest } = listener;
    const changed = at.table(listeners).put({
      ...rest,
      Port: port,
      Protocol: protocol,
      ...(secure ? { SslPolicy: input.SslPolicy ?? listener.SslPolicy ?? 'ELBSecurityPolicy-2016-08', Certificates: certificates } : {}),
      certificates: secure
        ? [
            ...certificates.map(({ CertificateArn }) => ({ CertificateArn, IsDefault: true })),
            ...listener.certificates.filter((one) => one.IsDefault !== true),
          ]
        : [],
      DefaultActions: input.DefaultActions === undefined ? listener.DefaultActions : completeActions(at, input.DefaultActions),
    });
    const rule = at.table(rules).find((one) => one.listenerArn === listener.ListenerArn && one.IsDefault === true);
    if (rule !== undefined) at.table(rules).patch(rule, { Actions: changed.DefaultActions });
    return { Listeners: [changed] };
  },

  DeleteListener({ ListenerArn }, at) {
    deleteListener(at, requireListener(at, ListenerArn));
    return {};
  },

  DescribeListenerAttributes({ ListenerArn }, at) {
    return { Attributes: attributeList(requireListener(at, ListenerArn).attributes) };
  },

  ModifyListenerAttributes({ ListenerArn, Attributes = [] }, at) {
    const listener = requireListener(at, ListenerArn);
    const attributes = { ...listener.attributes, ...Object.fromEntries(Attributes.map(({ Key = '', Value = '' }) => [Key, Value])) };
    return { Attributes: attributeList(at.table(listeners).patch(listener, { attributes }).attributes) };
  },

  AddListenerCertificates({ ListenerArn, Certificates = [] }, at) {
    const listener = requireListener(at, ListenerArn);
    const fresh = Certificates.filter(
      ({ CertificateArn }) => !listener.certificates.some((held) => held.CertificateArn === CertificateArn),
    );
    at.table(listeners).patch(listener, {
      certificates: [...listener.certificates, ...fresh.map(({ CertificateArn }) => ({ CertificateArn, IsDefault: false }))],
    });
    return { Certificates };
  },

  RemoveListenerCertificates({ ListenerArn, Certificates = [] }, at) {
    const listener = requireListener(at, ListenerArn);
    const gone = new Set(Certificates.map(({ CertificateArn }) => CertificateArn));
    at.table(listeners).patch(listener, { certificates: listener.certificates.filter((one) => !gone.has(one.CertificateArn)) });
    return {};
  },

  DescribeListenerCertificates({ ListenerArn, Marker, PageSize }, at) {
    const { items, next } = page(requireListener(at, ListenerArn).certificates, { token: Marker, max: PageSize });
    return { Certificates: items, NextMarker: next };
  },
};
