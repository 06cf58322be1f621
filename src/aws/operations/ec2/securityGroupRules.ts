import type { EC2, IpPermission, SecurityGroupRule as SdkRule, SecurityGroupRuleRequest } from '@aws-sdk/client-ec2';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { parseCidr } from './cidr.ts';
import { applyFilters } from './filter.ts';
import { byIds, notFound } from './ids.ts';
import { findSecurityGroup, requireSecurityGroup, type Rule, rulesOf, type SecurityGroup, securityGroupRules } from './resources.ts';
import { dropTags, tagNew, tagsOf } from './tagSets.ts';

/** Quota "Inbound or outbound rules per security group". */
const rulesMax = 60;

type NewRule = Omit<Rule, 'SecurityGroupRuleId' | 'GroupId' | 'GroupOwnerId'>;

interface PermissionInput {
  IpPermissions?: Plain<IpPermission>[] | undefined;
  IpProtocol?: string | undefined;
  FromPort?: number | undefined;
  ToPort?: number | undefined;
  CidrIp?: string | undefined;
  SourceSecurityGroupName?: string | undefined;
}

/** The rules that a call means: every source of every permission is one. */
function expand(at: Place, group: SecurityGroup, input: PermissionInput, isEgress: boolean): NewRule[] {
  const short: Plain<IpPermission> = {
    IpProtocol: input.IpProtocol,
    FromPort: input.FromPort,
    ToPort: input.ToPort,
    IpRanges: input.CidrIp === undefined ? [] : [{ CidrIp: input.CidrIp }],
    UserIdGroupPairs: input.SourceSecurityGroupName === undefined ? [] : [{ GroupName: input.SourceSecurityGroupName }],
  };
  const permissions =
    input.IpPermissions ??
    (input.IpProtocol === undefined && input.CidrIp === undefined && input.SourceSecurityGroupName === undefined ? [] : [short]);
  if (permissions.length === 0) throw new AwsError('MissingParameter', 'The request must contain the parameter ipPermissions');
  return permissions.flatMap((permission) => expandOne(at, group, permission, isEgress));
}

function expandOne(at: Place, group: SecurityGroup, permission: Plain<IpPermission>, isEgress: boolean): NewRule[] {
  const base = { IsEgress: isEgress, ...ports(permission) };
  const described = (text: string | undefined): { Description?: string } => (text === undefined ? {} : { Description: text });
  const found: NewRule[] = [];
  for (const { CidrIp = '', Description } of permission.IpRanges ?? []) {
    if (parseCidr(CidrIp) === undefined) throw new AwsError('InvalidParameterValue', `CIDR block ${CidrIp} is malformed`);
    found.push({ ...base, CidrIpv4: CidrIp, ...described(Description) });
  }
  for (const { CidrIpv6 = '', Description } of permission.Ipv6Ranges ?? []) found.push({ ...base, CidrIpv6, ...described(Description) });
  for (const { PrefixListId = '', Description } of permission.PrefixListIds ?? [])
    found.push({ ...base, PrefixListId, ...described(Description) });
  for (const pair of permission.UserIdGroupPairs ?? []) {
    const other =
      pair.UserId !== undefined && pair.UserId !== at.account && pair.GroupId !== undefined
        ? { GroupId: pair.GroupId, VpcId: group.VpcId }
        : pair.GroupId !== undefined
          ? requireSecurityGroup(at, pair.GroupId)
          : findSecurityGroup(at, undefined, pair.GroupName);
    found.push({
      ...base,
      ReferencedGroupInfo: { GroupId: other.GroupId, UserId: pair.UserId ?? at.account },
      ...described(pair.Description),
    });
  }
  return found;
}

const protocolNumbers: Readonly<Record<string, string>> = { '1': 'icmp', '6': 'tcp', '17': 'udp', '58': 'icmpv6' };

function ports({
  IpProtocol,
  FromPort,
  ToPort,
}: {
  IpProtocol?: string | undefined;
  FromPort?: number | undefined;
  ToPort?: number | undefined;
}): {
  IpProtocol: string;
  FromPort: number;
  ToPort: number;
} {
  const given = (IpProtocol ?? '-1').toLowerCase();
  const protocol = protocolNumbers[given] ?? given;
  if (protocol === '-1' || protocol === 'all') return { IpProtocol: '-1', FromPort: -1, ToPort: -1 };
  if ((protocol === 'tcp' || protocol === 'udp') && (FromPort === undefined || ToPort === undefined)) {
    throw new AwsError('InvalidParameterValue', `Invalid value for portRange. Must specify both from and to ports with TCP/UDP.`);
  }
  return { IpProtocol: protocol, FromPort: FromPort ?? -1, ToPort: ToPort ?? -1 };
}

/** What makes two rules of a group the same one: all but description and tags. */
function identity(rule: NewRule): string {
  return [
    rule.IsEgress,
    rule.IpProtocol,
    rule.FromPort,
    rule.ToPort,
    rule.CidrIpv4,
    rule.CidrIpv6,
    rule.PrefixListId,
    rule.ReferencedGroupInfo?.GroupId,
  ].join('|');
}

/** Rules folded back into permissions: one for each protocol and range of ports. */
export function permissionsOf(rules: readonly Rule[]): Plain<IpPermission>[] {
  const groups = Map.groupBy(rules, (rule) => `${rule.IpProtocol}|${rule.FromPort ?? ''}|${rule.ToPort ?? ''}`);
  return [...groups.values()].map((same) => {
    const { IpProtocol, FromPort, ToPort } = same[0]!;
    const described = ({ Description }: Rule): { Description?: string } => (Description === undefined ? {} : { Description });
    return {
      IpProtocol,
      ...(IpProtocol === '-1' ? {} : { FromPort, ToPort }),
      IpRanges: same.filter((rule) => rule.CidrIpv4 !== undefined).map((rule) => ({ CidrIp: rule.CidrIpv4, ...described(rule) })),
      Ipv6Ranges: same.filter((rule) => rule.CidrIpv6 !== undefined).map((rule) => ({ CidrIpv6: rule.CidrIpv6, ...described(rule) })),
      PrefixListIds: same
        .filter((rule) => rule.PrefixListId !== undefined)
        .map((rule) => ({ PrefixListId: rule.PrefixListId, ...described(rule) })),
      UserIdGroupPairs: same
        .filter((rule) => rule.ReferencedGroupInfo !== undefined)
        .map((rule) => ({ GroupId: rule.ReferencedGroupInfo?.GroupId, UserId: rule.ReferencedGroupInfo?.UserId, ...described(rule) })),
    };
  });
}

interface AuthorizeInput extends PermissionInput {
  GroupId?: string | undefined;
  GroupName?: string | undefined;
  TagSpecifications?: Parameters<typeof tagNew>[3];
}

function authorize(at: Place, input: AuthorizeInput, isEgress: boolean): { Return: boolean; SecurityGroupRules: Plain<SdkRule>[] } {
  const group = findSecurityGroup(at, input.GroupId, input.GroupName);
  const rules = expand(at, group, input, isEgress);
  const count = rulesOf(at, group.GroupId).filter((rule) => rule.IsEgress === isEgress).length;
  if (count + rules.length > rulesMax)
    throw new AwsError('RulesPerSecurityGroupLimitExceeded', 'The maximum number of rules per security group has been reached.');
  const held = new Set(rulesOf(at, group.GroupId).map(identity));
  const duplicate = rules.find((rule) => held.has(identity(rule)));
  if (duplicate !== undefined) throw new AwsError('InvalidPermission.Duplicate', 'the specified rule already exists');
  const made = rules.map((rule) => {
    const stored = at
      .table(securityGroupRules)
      .put({ ...rule, SecurityGroupRuleId: at.id('sgr'), GroupId: group.GroupId, GroupOwnerId: at.account });
    tagNew(at, stored.SecurityGroupRuleId, 'security-group-rule', input.TagSpecifications);
    return stored;
  });
  return { Return: true, SecurityGroupRules: made.map((rule) => describeRule(at, rule)) };
}

function revoke(
  at: Place,
  input: AuthorizeInput & { SecurityGroupRuleIds?: string[] | undefined },
  isEgress: boolean,
): { Return: boolean } {
  const group = findSecurityGroup(at, input.GroupId, input.GroupName);
  const held = rulesOf(at, group.GroupId);
  const gone =
    input.SecurityGroupRuleIds === undefined || input.SecurityGroupRuleIds.length === 0
      ? expand(at, group, input, isEgress).map((wanted) => held.find((rule) => identity(rule) === identity(wanted)))
      : input.SecurityGroupRuleIds.map((id) => {
          const rule = held.find((one) => one.SecurityGroupRuleId === id && one.IsEgress === isEgress);
          if (rule === undefined) throw notFound(id);
          return rule;
        });
  for (const rule of gone) {
    if (rule === undefined) throw new AwsError('InvalidPermission.NotFound', 'The specified rule does not exist in this security group.');
    at.table(securityGroupRules).delete(rule.SecurityGroupRuleId);
    dropTags(at, rule.SecurityGroupRuleId);
  }
  return { Return: true };
}

function describeRule(at: Place, rule: Rule): Plain<SdkRule> {
  return {
    ...rule,
    SecurityGroupRuleArn: at.arn('ec2', `security-group-rule/${rule.SecurityGroupRuleId}`),
    Tags: [...tagsOf(at, rule.SecurityGroupRuleId)],
  };
}

function updateDescriptions(
  at: Place,
  input: AuthorizeInput & {
    SecurityGroupRuleDescriptions?: { SecurityGroupRuleId?: string | undefined; Description?: string | undefined }[] | undefined;
  },
  isEgress: boolean,
): { Return: boolean } {
  const group = findSecurityGroup(at, input.GroupId, input.GroupName);
  const described = (rule: Rule, text: string | undefined): void => {
    const { Description: _old, ...rest } = rule;
    at.table(securityGroupRules).put(text === undefined || text === '' ? rest : { ...rest, Description: text });
  };
  for (const { SecurityGroupRuleId = '', Description } of input.SecurityGroupRuleDescriptions ?? []) {
    const rule = at.table(securityGroupRules).get(SecurityGroupRuleId);
    if (rule === undefined) throw notFound(SecurityGroupRuleId);
    described(rule, Description);
  }
  if (input.IpPermissions === undefined && input.SecurityGroupRuleDescriptions !== undefined) return { Return: true };
  for (const wanted of expand(at, group, input, isEgress)) {
    const rule = rulesOf(at, group.GroupId).find((one) => identity(one) === identity(wanted));
    if (rule === undefined) throw new AwsError('InvalidPermission.NotFound', 'The specified rule does not exist in this security group.');
    described(rule, wanted.Description);
  }
  return { Return: true };
}

function modified(at: Place, rule: Rule, request: Plain<SecurityGroupRuleRequest>): Rule {
  const { SecurityGroupRuleId, GroupId, GroupOwnerId, IsEgress } = rule;
  return {
    SecurityGroupRuleId,
    GroupId,
    ...(GroupOwnerId === undefined ? {} : { GroupOwnerId }),
    IsEgress,
    ...ports({
      IpProtocol: request.IpProtocol,
      FromPort: request.FromPort,
      ToPort: request.ToPort,
    }),
    ...(request.CidrIpv4 === undefined ? {} : { CidrIpv4: request.CidrIpv4 }),
    ...(request.CidrIpv6 === undefined ? {} : { CidrIpv6: request.CidrIpv6 }),
    ...(request.PrefixListId === undefined ? {} : { PrefixListId: request.PrefixListId }),
    ...(request.ReferencedGroupId === undefined ? {} : { ReferencedGroupInfo: { GroupId: request.ReferencedGroupId, UserId: at.account } }),
    ...(request.Description === undefined ? {} : { Description: request.Description }),
  };
}

export const securityGroupRuleOperations: Operations<EC2> = {
  AuthorizeSecurityGroupIngress: (input, at) => authorize(at, input, false),
  AuthorizeSecurityGroupEgress: (input, at) => authorize(at, input, true),
  RevokeSecurityGroupIngress: (input, at) => revoke(at, input, false),
  RevokeSecurityGroupEgress: (input, at) => revoke(at, input, true),
  UpdateSecurityGroupRuleDescriptionsIngress: (input, at) => updateDescriptions(at, input, false),
  UpdateSecurityGroupRuleDescriptionsEgress: (input, at) => updateDescriptions(at, input, true),

  DescribeSecurityGroupRules({ SecurityGroupRuleIds, Filters, NextToken, MaxResults }, at) {
    for (const id of Filters?.find(({ Name }) => Name === 'group-id')?.Values ?? [])
      if (!/^sg-[0-9a-f*?]+$/.test(id)) throw new AwsError('InvalidGroupId.Malformed', `The security group ID '${id}' is malformed`);
    const found = applyFilters(at, byIds(at.table(securityGroupRules), SecurityGroupRuleIds), Filters, (rule) => rule.SecurityGroupRuleId, {
      'group-id': (rule) => rule.GroupId,
      'security-group-rule-id': (rule) => rule.SecurityGroupRuleId,
    });
    const { items, next } = page(found, { token: NextToken, max: MaxResults });
    return { SecurityGroupRules: items.map((rule) => describeRule(at, rule)), NextToken: next };
  },

  ModifySecurityGroupRules({ GroupId, SecurityGroupRules = [] }, at) {
    const group = requireSecurityGroup(at, GroupId);
    for (const { SecurityGroupRuleId = '', SecurityGroupRule: request = {} } of SecurityGroupRules) {
      const rule = at.table(securityGroupRules).get(SecurityGroupRuleId);
      if (rule === undefined || rule.GroupId !== group.GroupId) throw notFound(SecurityGroupRuleId);
      if (request.IpProtocol === undefined) {
        throw new AwsError(
          'InvalidParameterValue',
          "Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly.",
        );
      }
      const peers = [request.CidrIpv4, request.CidrIpv6, request.PrefixListId, request.ReferencedGroupId].filter(
        (one) => one !== undefined,
      );
      if (peers.length === 0) {
        throw new AwsError(
          'MissingParameter',
          'The request must contain exactly one of: cidrIp, cidrIpv6, prefixListId, or referencedGroupId',
        );
      }
      if (peers.length > 1) {
        throw new AwsError(
          'InvalidParameterCombination',
          'Only one of cidrIp, cidrIpv6, prefixListId, or referencedGroupId can be specified',
        );
      }
      at.table(securityGroupRules).put(modified(at, rule, request));
    }
    return { Return: true };
  },
};
