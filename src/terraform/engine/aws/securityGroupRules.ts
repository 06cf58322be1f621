import type { IpPermission, SecurityGroupRule } from '@aws-sdk/client-ec2';
import type { Arguments } from '../arguments.ts';
import { tagChanges, tagList, tagMap, unlessGone, type Clients, type ResourceType } from '../provider.ts';
import { computed, forceNew, number, optional, required, tagged, text, type Schema } from '../schema.ts';
import { protocolName, sameProtocol } from './securityGroup.ts';

const schema: Schema = {
  id: text(computed),
  arn: text(computed),
  security_group_rule_id: text(computed),
  security_group_id: text(required, forceNew),
  ip_protocol: text(required, { same: sameProtocol }),
  from_port: number(optional),
  to_port: number(optional),
  cidr_ipv4: text(optional),
  cidr_ipv6: text(optional),
  prefix_list_id: text(optional),
  referenced_security_group_id: text(optional),
  description: text(optional),
  ...tagged,
};

/** The members of a rule that a permission and a ModifySecurityGroupRules call write alike. */
const portsOf = (planned: Arguments) => ({
  IpProtocol: protocolName(planned.sure('ip_protocol')),
  // All protocols have no ports; EC2 writes -1 for both.
  FromPort: planned.number('from_port') ?? -1,
  ToPort: planned.number('to_port') ?? -1,
});

function permissionOf(planned: Arguments): IpPermission {
  const Description = planned.text('description');
  const peer = <Key extends string>(key: Key, name: string) => {
    const value = planned.text(name);
    return value === undefined ? undefined : [{ [key]: value, ...(Description !== undefined && { Description }) }];
  };
  return {
    ...portsOf(planned),
    IpRanges: peer('CidrIp', 'cidr_ipv4'),
    Ipv6Ranges: peer('CidrIpv6', 'cidr_ipv6'),
    PrefixListIds: peer('PrefixListId', 'prefix_list_id'),
    UserIdGroupPairs: peer('GroupId', 'referenced_security_group_id'),
  };
}

/** `aws_vpc_security_group_ingress_rule` and `…_egress_rule`: one rule, known by EC2's id of it. */
const ruleType = (direction: 'ingress' | 'egress'): ResourceType => ({
  schema,
  async create(aws, planned) {
    const ec2 = await aws.ec2();
    const tags = tagList(planned);
    const input = {
      GroupId: planned.sure('security_group_id'),
      IpPermissions: [permissionOf(planned)],
      ...(tags.length > 0 && { TagSpecifications: [{ ResourceType: 'security-group-rule' as const, Tags: tags }] }),
    };
    const { SecurityGroupRules } = await (direction === 'ingress'
      ? ec2.authorizeSecurityGroupIngress(input)
      : ec2.authorizeSecurityGroupEgress(input));
    return SecurityGroupRules?.[0]?.SecurityGroupRuleId ?? '';
  },
  async read(aws, id) {
    const found = await find(aws, id);
    if (found === undefined) return undefined;
    return {
      id,
      arn: found.SecurityGroupRuleArn ?? `arn:aws:ec2:${aws.region}:${found.GroupOwnerId}:security-group-rule/${id}`,
      security_group_rule_id: id,
      security_group_id: found.GroupId ?? '',
      ip_protocol: found.IpProtocol ?? '-1',
      from_port: portIn(found, found.FromPort),
      to_port: portIn(found, found.ToPort),
      cidr_ipv4: found.CidrIpv4 ?? null,
      cidr_ipv6: found.CidrIpv6 ?? null,
      prefix_list_id: found.PrefixListId ?? null,
      referenced_security_group_id: found.ReferencedGroupInfo?.GroupId ?? null,
      description: found.Description ?? null,
      tags_all: tagMap(found.Tags),
    };
  },
  async update(aws, id, planned, changed, before) {
    const ec2 = await aws.ec2();
    const { set, removed } = tagChanges(before, planned);
    if (set.length > 0) await ec2.createTags({ Resources: [id], Tags: set });
    if (removed.length > 0) await ec2.deleteTags({ Resources: [id], Tags: removed.map((Key) => ({ Key })) });
    if ([...changed].every((name) => name.startsWith('tags'))) return;
    await ec2.modifySecurityGroupRules({
      GroupId: planned.sure('security_group_id'),
      SecurityGroupRules: [
        {
          SecurityGroupRuleId: id,
          SecurityGroupRule: {
            ...portsOf(planned),
            CidrIpv4: planned.text('cidr_ipv4'),
            CidrIpv6: planned.text('cidr_ipv6'),
            PrefixListId: planned.text('prefix_list_id'),
            ReferencedGroupId: planned.text('referenced_security_group_id'),
            Description: planned.text('description'),
          },
        },
      ],
    });
  },
  async delete(aws, id, known) {
    const ec2 = await aws.ec2();
    const input = { GroupId: known.sure('security_group_id'), SecurityGroupRuleIds: [id] };
    const call = direction === 'ingress' ? ec2.revokeSecurityGroupIngress(input) : ec2.revokeSecurityGroupEgress(input);
    await unlessGone<unknown>(call, ...gone);
  },
});

const gone = ['InvalidSecurityGroupRuleId.NotFound', 'InvalidGroup.NotFound', 'InvalidGroupId.NotFound', 'InvalidPermission.NotFound'];

/** Of all protocols and of ICMP without a type, EC2 says -1; of all protocols the configuration says nothing. */
const portIn = ({ IpProtocol }: SecurityGroupRule, port: number | undefined): number | null =>
  IpProtocol === '-1' || port === undefined ? null : port;

async function find(aws: Clients, id: string): Promise<SecurityGroupRule | undefined> {
  const found = await unlessGone((await aws.ec2()).describeSecurityGroupRules({ SecurityGroupRuleIds: [id] }), ...gone);
  return found?.SecurityGroupRules?.[0];
}

export const ingressRule = ruleType('ingress');
export const egressRule = ruleType('egress');
