import type { ElasticLoadBalancingV2, SslPolicy } from '@aws-sdk/client-elastic-load-balancing-v2';
import { AwsError } from '../../codec/error.ts';
import type { Plain } from '../../state/plain.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';

/** TLS 1.2 suites first to last in order of preference; TLS 1.3 has three of its own. */
const tls13 = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];
const tls12 = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
];

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html */
const protocols: Readonly<Record<string, readonly string[]>> = {
  'ELBSecurityPolicy-2016-08': ['TLSv1', 'TLSv1.1', 'TLSv1.2'],
  'ELBSecurityPolicy-TLS13-1-2-2021-06': ['TLSv1.2', 'TLSv1.3'],
  'ELBSecurityPolicy-TLS13-1-2-Res-2021-06': ['TLSv1.2', 'TLSv1.3'],
  'ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06': ['TLSv1.2', 'TLSv1.3'],
  'ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06': ['TLSv1.2', 'TLSv1.3'],
  'ELBSecurityPolicy-TLS13-1-1-2021-06': ['TLSv1.1', 'TLSv1.2', 'TLSv1.3'],
  'ELBSecurityPolicy-TLS13-1-0-2021-06': ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'],
  'ELBSecurityPolicy-TLS13-1-3-2021-06': ['TLSv1.3'],
  'ELBSecurityPolicy-TLS-1-2-2017-01': ['TLSv1.2'],
  'ELBSecurityPolicy-TLS-1-1-2017-01': ['TLSv1.1', 'TLSv1.2'],
  'ELBSecurityPolicy-TLS-1-2-Ext-2018-06': ['TLSv1.2'],
  'ELBSecurityPolicy-FS-2018-06': ['TLSv1', 'TLSv1.1', 'TLSv1.2'],
  'ELBSecurityPolicy-FS-1-1-2019-08': ['TLSv1.1', 'TLSv1.2'],
  'ELBSecurityPolicy-FS-1-2-2019-08': ['TLSv1.2'],
  'ELBSecurityPolicy-FS-1-2-Res-2019-08': ['TLSv1.2'],
  'ELBSecurityPolicy-FS-1-2-Res-2020-10': ['TLSv1.2'],
  'ELBSecurityPolicy-2015-05': ['TLSv1', 'TLSv1.1', 'TLSv1.2'],
};

export const sslPolicies: readonly Plain<SslPolicy>[] = Object.entries(protocols).map(([Name, versions]) => ({
  Name,
  SslProtocols: [...versions],
  Ciphers: [...(versions.includes('TLSv1.3') ? tls13 : []), ...(versions.includes('TLSv1.2') ? tls12 : [])].map((cipher, index) => ({
    Name: cipher,
    Priority: index + 1,
  })),
  SupportedLoadBalancerTypes: ['application', 'network'],
}));

export const sslPolicyOperations: Operations<ElasticLoadBalancingV2> = {
  DescribeSSLPolicies({ Names, Marker, PageSize }) {
    const missing = (Names ?? []).find((name) => !sslPolicies.some(({ Name }) => Name === name));
    if (missing !== undefined) throw new AwsError('SSLPolicyNotFound', `SSL policy '${missing}' not found`);
    const asked = Names?.length ? [...new Set(Names)].map((name) => sslPolicies.find(({ Name }) => Name === name)!) : sslPolicies;
    const { items, next } = page(asked, { token: Marker, max: PageSize });
    return { SslPolicies: items, NextMarker: next };
  },
};
