import type { DhcpOptions as SdkDhcpOptions, EC2 } from '@aws-sdk/client-ec2';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { table } from '../../state/table.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { applyFilters } from './filter.ts';
import { byIds, notFound } from './ids.ts';
import { requireVpc, vpcs } from './resources.ts';
import { dropTags, tagNew, tagsOf } from './tagSets.ts';

interface DhcpOptions extends Plain<Omit<SdkDhcpOptions, 'Tags'>> {
  readonly DhcpOptionsId: string;
  readonly isDefault: boolean;
}

const dhcpOptions = table<DhcpOptions>('ec2.dhcp-options', (options) => options.DhcpOptionsId);

/** The options that a region has from the start; a VPC falls back to them. */
export function defaultDhcpOptions(at: Place): DhcpOptions {
  const found = at.table(dhcpOptions).find(({ isDefault }) => isDefault);
  if (found !== undefined) return found;
  const domain = at.region === 'us-east-1' ? 'ec2.internal' : `${at.region}.compute.internal`;
  return at.table(dhcpOptions).put({
    DhcpOptionsId: at.id('dopt'),
    OwnerId: at.account,
    isDefault: true,
    DhcpConfigurations: [configuration('domain-name', [domain]), configuration('domain-name-servers', ['AmazonProvidedDNS'])],
  });
}

function configuration(Key: string, values: readonly string[]): { Key: string; Values: { Value: string }[] } {
  return { Key, Values: values.map((Value) => ({ Value })) };
}

const keys = new Set([
  'domain-name-servers',
  'domain-name',
  'ntp-servers',
  'netbios-name-servers',
  'netbios-node-type',
  'ipv6-address-preferred-lease-time',
]);

export const dhcpOptionsOperations: Operations<EC2> = {
  CreateDhcpOptions({ DhcpConfigurations = [], TagSpecifications }, at) {
    for (const { Key = '', Values = [] } of DhcpConfigurations) {
      if (!keys.has(Key)) throw new AwsError('InvalidParameterValue', `Value (${Key}) for parameter dhcpConfiguration is invalid.`);
      if (Key === 'netbios-node-type' && !['1', '2', '4', '8'].includes(Values[0] ?? '')) {
        throw new AwsError(
          'InvalidParameterValue',
          `Value (${Values[0] ?? ''}) for parameter value is invalid. Must be one of: 1, 2, 4, 8.`,
        );
      }
      if (Key.endsWith('-servers') && Values.length > 4)
        throw new AwsError('InvalidParameterValue', 'Value for parameter value is invalid. Too many values: at most 4.');
    }
    const made = at.table(dhcpOptions).put({
      DhcpOptionsId: at.id('dopt'),
      OwnerId: at.account,
      isDefault: false,
      DhcpConfigurations: DhcpConfigurations.map(({ Key = '', Values = [] }) => configuration(Key, Values)),
    });
    tagNew(at, made.DhcpOptionsId, 'dhcp-options', TagSpecifications);
    return { DhcpOptions: describe(at, made) };
  },

  DescribeDhcpOptions({ DhcpOptionsIds, Filters, NextToken, MaxResults }, at) {
    const found = applyFilters(at, byIds(at.table(dhcpOptions), DhcpOptionsIds), Filters, (one) => one.DhcpOptionsId, {
      'dhcp-options-id': (one) => one.DhcpOptionsId,
      'owner-id': (one) => one.OwnerId,
      key: (one) => (one.DhcpConfigurations ?? []).map(({ Key }) => Key),
      value: (one) => (one.DhcpConfigurations ?? []).flatMap(({ Values }) => (Values ?? []).map(({ Value }) => Value)),
    });
    const { items, next } = page(found, { token: NextToken, max: MaxResults });
    return { DhcpOptions: items.map((one) => describe(at, one)), NextToken: next };
  },

  AssociateDhcpOptions({ DhcpOptionsId = '', VpcId }, at) {
    const id = DhcpOptionsId === 'default' ? defaultDhcpOptions(at).DhcpOptionsId : DhcpOptionsId;
    if (!at.table(dhcpOptions).has(id)) throw notFound(id);
    at.table(vpcs).patch(requireVpc(at, VpcId), { DhcpOptionsId: id });
  },

  DeleteDhcpOptions({ DhcpOptionsId = '' }, at) {
    if (!DhcpOptionsId.startsWith('dopt-'))
      throw new AwsError('InvalidDhcpOptionsId.Malformed', `Invalid id: "${DhcpOptionsId}" (expecting "dopt-...")`);
    if (!at.table(dhcpOptions).has(DhcpOptionsId)) throw notFound(DhcpOptionsId);
    if (at.table(vpcs).find((vpc) => vpc.DhcpOptionsId === DhcpOptionsId)) {
      throw new AwsError('DependencyViolation', `DhcpOptions ${DhcpOptionsId} has dependencies and cannot be deleted.`);
    }
    at.table(dhcpOptions).delete(DhcpOptionsId);
    dropTags(at, DhcpOptionsId);
  },
};

function describe(at: Place, options: DhcpOptions): Plain<SdkDhcpOptions> {
  return { ...options, Tags: [...tagsOf(at, options.DhcpOptionsId)] };
}
