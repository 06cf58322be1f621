import type { EC2, NetworkAcl as SdkNetworkAcl, NetworkAclEntry } from '@aws-sdk/client-ec2';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { applyFilters } from './filter.ts';
import { byIds, notFound } from './ids.ts';
import { type NetworkAcl, networkAcls, requireVpc, type Vpc } from './resources.ts';
import { dropTags, tagNew, tagsOf } from './tagSets.ts';

function requireAcl(at: Place, id = ''): NetworkAcl {
  const acl = at.table(networkAcls).get(id);
  if (acl === undefined) throw notFound(id.startsWith('acl-') ? id : `acl-${id}`);
  return acl;
}

/** The rule that every ACL ends with and nobody can remove. */
const lastRule = 32767;

function rule(RuleNumber: number, RuleAction: 'allow' | 'deny', Egress: boolean): Plain<NetworkAclEntry> {
  return { RuleNumber, RuleAction, Egress, Protocol: '-1', CidrBlock: '0.0.0.0/0' };
}

export function createNetworkAcl(at: Place, vpc: Vpc, isDefault: boolean): NetworkAcl {
  const open = isDefault ? [rule(100, 'allow', true), rule(100, 'allow', false)] : [];
  return at.table(networkAcls).put({
    NetworkAclId: at.id('acl'),
    VpcId: vpc.VpcId,
    OwnerId: at.account,
    IsDefault: isDefault,
    Associations: [],
    Entries: [...open, rule(lastRule, 'deny', true), rule(lastRule, 'deny', false)],
  });
}

const entries = (acl: NetworkAcl): Plain<NetworkAclEntry>[] => acl.Entries ?? [];

function entryOf(input: Plain<NetworkAclEntry>): Plain<NetworkAclEntry> {
  const { RuleNumber, Protocol, RuleAction, Egress, CidrBlock, Ipv6CidrBlock, IcmpTypeCode, PortRange } = input;
  return { RuleNumber, Protocol, RuleAction, Egress, CidrBlock, Ipv6CidrBlock, IcmpTypeCode, PortRange };
}

const sameEntry = (a: Plain<NetworkAclEntry>) => (b: Plain<NetworkAclEntry>) => a.RuleNumber === b.RuleNumber && a.Egress === b.Egress;

function describe(at: Place, acl: NetworkAcl): Plain<SdkNetworkAcl> {
  return { ...acl, Tags: [...tagsOf(at, acl.NetworkAclId)] };
}

export const networkAclOperations: Operations<EC2> = {
  CreateNetworkAcl({ VpcId, TagSpecifications }, at) {
    const acl = createNetworkAcl(at, requireVpc(at, VpcId), false);
    tagNew(at, acl.NetworkAclId, 'network-acl', TagSpecifications);
    return { NetworkAcl: describe(at, acl) };
  },

  DescribeNetworkAcls({ NetworkAclIds, Filters, NextToken, MaxResults }, at) {
    const found = applyFilters(at, byIds(at.table(networkAcls), NetworkAclIds), Filters, (acl) => acl.NetworkAclId, {
      'network-acl-id': (acl) => acl.NetworkAclId,
      'vpc-id': (acl) => acl.VpcId,
      default: (acl) => acl.IsDefault,
      'owner-id': (acl) => acl.OwnerId,
      'association.subnet-id': (acl) => (acl.Associations ?? []).map((one) => one.SubnetId),
      'association.network-acl-id': (acl) => (acl.Associations ?? []).map((one) => one.NetworkAclId),
      'association.association-id': (acl) => (acl.Associations ?? []).map((one) => one.NetworkAclAssociationId),
      'entry.cidr': (acl) => entries(acl).map((one) => one.CidrBlock),
      'entry.protocol': (acl) => entries(acl).map((one) => one.Protocol),
      'entry.rule-number': (acl) => entries(acl).map((one) => one.RuleNumber),
      'entry.rule-action': (acl) => entries(acl).map((one) => one.RuleAction),
      'entry.egress': (acl) => entries(acl).map((one) => one.Egress),
    });
    const { items, next } = page(found, { token: NextToken, max: MaxResults });
    return { NetworkAcls: items.map((acl) => describe(at, acl)), NextToken: next };
  },

  DeleteNetworkAcl({ NetworkAclId }, at) {
    const acl = requireAcl(at, NetworkAclId);
    if (acl.IsDefault === true) throw new AwsError('InvalidParameterValue', `cannot delete default network ACL ${acl.NetworkAclId}`);
    if ((acl.Associations ?? []).length > 0)
      throw new AwsError('DependencyViolation', `The networkAcl '${acl.NetworkAclId}' has dependencies and cannot be deleted.`);
    at.table(networkAcls).delete(acl.NetworkAclId);
    dropTags(at, acl.NetworkAclId);
  },

  CreateNetworkAclEntry(input, at) {
    const acl = requireAcl(at, input.NetworkAclId);
    if (entries(acl).some(sameEntry(input))) {
      throw new AwsError('NetworkAclEntryAlreadyExists', `The network acl entry identified by ${input.RuleNumber ?? ''} already exists.`);
    }
    at.table(networkAcls).patch(acl, { Entries: [...entries(acl), entryOf(input)] });
  },

  ReplaceNetworkAclEntry(input, at) {
    const acl = requireAcl(at, input.NetworkAclId);
    at.table(networkAcls).patch(acl, { Entries: [...withoutEntry(acl, input), entryOf(input)] });
  },

  DeleteNetworkAclEntry(input, at) {
    const acl = requireAcl(at, input.NetworkAclId);
    at.table(networkAcls).patch(acl, { Entries: withoutEntry(acl, input) });
  },

  ReplaceNetworkAclAssociation({ AssociationId = '', NetworkAclId }, at) {
    const target = requireAcl(at, NetworkAclId);
    const holder = at
      .table(networkAcls)
      .find((acl) => acl.Associations?.some((one) => one.NetworkAclAssociationId === AssociationId) ?? false);
    if (holder === undefined) throw new AwsError('InvalidAssociationID.NotFound', `The association ID '${AssociationId}' does not exist`);
    const found = holder.Associations!.find((one) => one.NetworkAclAssociationId === AssociationId)!;
    const moved = { ...found, NetworkAclAssociationId: at.id('aclassoc'), NetworkAclId: target.NetworkAclId };
    at.table(networkAcls).patch(holder, { Associations: holder.Associations!.filter((one) => one !== found) });
    const fresh = requireAcl(at, NetworkAclId);
    at.table(networkAcls).patch(fresh, { Associations: [...(fresh.Associations ?? []), moved] });
    return { NewAssociationId: moved.NetworkAclAssociationId };
  },
};

function withoutEntry(acl: NetworkAcl, wanted: Plain<NetworkAclEntry>): Plain<NetworkAclEntry>[] {
  const same = sameEntry(wanted);
  if (!entries(acl).some(same)) {
    throw new AwsError('InvalidNetworkAclEntry.NotFound', `The network acl entry identified by ${wanted.RuleNumber ?? ''} does not exist.`);
  }
  return entries(acl).filter((one) => !same(one));
}
