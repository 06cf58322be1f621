import type { EC2, SecurityGroup as SdkSecurityGroup } from '@aws-sdk/client-ec2';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { applyFilters, type FilterFields } from './filter.ts';
import { byIds } from './ids.ts';
import {
  defaultVpc,
  findSecurityGroup,
  networkInterfaces,
  requireVpc,
  type Rule,
  rulesOf,
  type SecurityGroup,
  securityGroupRules,
  securityGroups,
  type Vpc,
  vpcs,
} from './resources.ts';
import { permissionsOf } from './securityGroupRules.ts';
import { dropTags, tagNew, tagsOf } from './tagSets.ts';

/** A new group admits its own members only if it is the VPC's default, and lets everything out. */
export function createSecurityGroup(
  at: Place,
  vpc: Pick<Vpc, 'VpcId' | 'Ipv6CidrBlockAssociationSet'>,
  name: string,
  description: string,
): SecurityGroup {
  const id = at.id('sg');
  const group = at.table(securityGroups).put({
    GroupId: id,
    GroupName: name,
    Description: description,
    VpcId: vpc.VpcId,
    OwnerId: at.account,
    SecurityGroupArn: at.arn('ec2', `security-group/${id}`),
  });
  const rules = at.table(securityGroupRules);
  const all = { GroupId: id, GroupOwnerId: at.account, IpProtocol: '-1', FromPort: -1, ToPort: -1 };
  rules.put({ ...all, SecurityGroupRuleId: at.id('sgr'), IsEgress: true, CidrIpv4: '0.0.0.0/0' });
  if ((vpc.Ipv6CidrBlockAssociationSet ?? []).length > 0)
    rules.put({ ...all, SecurityGroupRuleId: at.id('sgr'), IsEgress: true, CidrIpv6: '::/0' });
  if (name === 'default')
    rules.put({ ...all, SecurityGroupRuleId: at.id('sgr'), IsEgress: false, ReferencedGroupInfo: { GroupId: id, UserId: at.account } });
  return group;
}

function describe(at: Place, group: SecurityGroup, rules: readonly Rule[]): Plain<SdkSecurityGroup> {
  return {
    ...group,
    IpPermissions: permissionsOf(rules.filter((rule) => !rule.IsEgress)),
    IpPermissionsEgress: permissionsOf(rules.filter((rule) => rule.IsEgress)),
    Tags: [...tagsOf(at, group.GroupId)],
  };
}

function permissionFields(prefix: string, isEgress: boolean): FilterFields<SecurityGroup> {
  const field =
    (pick: (rule: Rule) => string | number | undefined) =>
    (group: SecurityGroup, at: Place): (string | number | undefined)[] =>
      rulesOf(at, group.GroupId)
        .filter((rule) => rule.IsEgress === isEgress)
        .map(pick);
  return {
    [`${prefix}.cidr`]: field((rule) => rule.CidrIpv4),
    [`${prefix}.ipv6-cidr`]: field((rule) => rule.CidrIpv6),
    [`${prefix}.from-port`]: field((rule) => rule.FromPort),
    [`${prefix}.to-port`]: field((rule) => rule.ToPort),
    [`${prefix}.protocol`]: field((rule) => rule.IpProtocol),
    [`${prefix}.group-id`]: field((rule) => rule.ReferencedGroupInfo?.GroupId),
    [`${prefix}.group-name`]: (group, at) =>
      field((rule) => at.table(securityGroups).get(rule.ReferencedGroupInfo?.GroupId)?.GroupName)(group, at),
    [`${prefix}.user-id`]: field((rule) => rule.ReferencedGroupInfo?.UserId),
    [`${prefix}.prefix-list-id`]: field((rule) => rule.PrefixListId),
  };
}

const fields: FilterFields<SecurityGroup> = {
  'group-id': (group) => group.GroupId,
  'group-name': (group) => group.GroupName,
  description: (group) => group.Description,
  'vpc-id': (group) => group.VpcId,
  'owner-id': (group) => group.OwnerId,
  ...permissionFields('ip-permission', false),
  ...permissionFields('egress.ip-permission', true),
};

export const securityGroupOperations: Operations<EC2> = {
  CreateSecurityGroup({ GroupName = '', Description = '', VpcId, TagSpecifications }, at) {
    if (Description === '') throw new AwsError('MissingParameter', 'The request must contain the parameter GroupDescription');
    const vpc = VpcId === undefined ? defaultVpc(at) : at.strict ? requireVpc(at, VpcId) : (at.table(vpcs).get(VpcId) ?? { VpcId });
    if (vpc === undefined) throw new AwsError('VPCIdNotSpecified', 'No default VPC for this user');
    if (GroupName.startsWith('sg-'))
      throw new AwsError('InvalidParameterValue', 'Invalid value for name: sg-*. It must not start with "sg-"');
    if (at.table(securityGroups).find((group) => group.GroupName === GroupName && group.VpcId === vpc.VpcId)) {
      throw new AwsError('InvalidGroup.Duplicate', `The security group '${GroupName}' already exists for VPC '${vpc.VpcId}'`);
    }
    const group = createSecurityGroup(at, vpc, GroupName, Description);
    tagNew(at, group.GroupId, 'security-group', TagSpecifications);
    return { GroupId: group.GroupId, SecurityGroupArn: group.SecurityGroupArn, Tags: [...tagsOf(at, group.GroupId)] };
  },

  DescribeSecurityGroups({ GroupIds, GroupNames, Filters, NextToken, MaxResults }, at) {
    const asked = byIds(
      at.table(securityGroups),
      GroupIds,
      (id) => new AwsError('InvalidGroup.NotFound', `The security group '${id}' does not exist`),
    );
    for (const name of GroupNames ?? []) findSecurityGroup(at, undefined, name);
    const named =
      GroupNames === undefined
        ? asked
        : asked.filter((group) => GroupNames.includes(group.GroupName) || GroupNames.includes(group.GroupId));
    const found = applyFilters(at, named, Filters, (group) => group.GroupId, fields);
    const { items, next } = page(found, { token: NextToken, max: MaxResults });
    const byGroup = Map.groupBy(at.table(securityGroupRules).values(), (rule) => rule.GroupId);
    return { SecurityGroups: items.map((group) => describe(at, group, byGroup.get(group.GroupId) ?? [])), NextToken: next };
  },

  DeleteSecurityGroup({ GroupId, GroupName }, at) {
    const group = findSecurityGroup(at, GroupId, GroupName);
    if (group.GroupName === 'default') {
      throw new AwsError('CannotDelete', `the specified group: "${group.GroupId}" name: "default" cannot be deleted by a user`);
    }
    const used = at.table(networkInterfaces).find((one) => one.Groups?.some((held) => held.GroupId === group.GroupId) ?? false);
    const referred = at
      .table(securityGroupRules)
      .find((rule) => rule.ReferencedGroupInfo?.GroupId === group.GroupId && rule.GroupId !== group.GroupId);
    if (used !== undefined || referred !== undefined)
      throw new AwsError('DependencyViolation', `resource ${group.GroupId} has a dependent object`);
    for (const rule of rulesOf(at, group.GroupId)) {
      at.table(securityGroupRules).delete(rule.SecurityGroupRuleId);
      dropTags(at, rule.SecurityGroupRuleId);
    }
    at.table(securityGroups).delete(group.GroupId);
    dropTags(at, group.GroupId);
    return { Return: true, GroupId: group.GroupId };
  },
};
