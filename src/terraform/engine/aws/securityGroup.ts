import type { IpPermission } from '@aws-sdk/client-ec2';
import { Arguments } from '../arguments.ts';
import { securityGroupOf } from './lookups.ts';
import { codeOf, tagChanges, tagList, tagMap, unlessGone, whileInUse, type Clients, type ResourceType } from '../provider.ts';
import { blockSet, computed, flag, forceNew, number, optional, required, settled, tagged, text, texts, textSet } from '../schema.ts';
import { isList, isRecord, type Value } from '../../language/index.ts';
import { nameOf } from './names.ts';

const rule = {
  from_port: number(required),
  to_port: number(required),
  protocol: text(required, { same: sameProtocol }),
  cidr_blocks: texts(optional),
  ipv6_cidr_blocks: texts(optional),
  prefix_list_ids: texts(optional),
  security_groups: textSet(optional),
  self: flag(optional),
  description: text(optional),
};

/** AWS's number or name of a protocol; -1 is all of them. */
const protocolNumbers: Readonly<Record<string, string>> = { all: '-1', '6': 'tcp', '17': 'udp', '1': 'icmp', '58': 'icmpv6' };
export const protocolName = (value: string): string => protocolNumbers[value.toLowerCase()] ?? value.toLowerCase();
export function sameProtocol(before: Value, after: Value): boolean {
  return typeof before === 'string' && typeof after === 'string' && protocolName(before) === protocolName(after);
}

export const securityGroup: ResourceType = {
  schema: {
    id: text(computed),
    arn: text(computed),
    name: text(settled, forceNew),
    name_prefix: text(optional, forceNew),
    description: text(optional, forceNew, { fallback: 'Managed by Terraform' }),
    vpc_id: text(settled, forceNew),
    owner_id: text(computed),
    ingress: blockSet(rule, settled),
    egress: blockSet(rule, settled),
    revoke_rules_on_delete: flag(optional),
    ...tagged,
  },

  async create(aws, planned) {
    const ec2 = await aws.ec2();
    const tags = tagList(planned);
    const vpc =
      planned.text('vpc_id') ?? (await ec2.describeVpcs({ Filters: [{ Name: 'is-default', Values: ['true'] }] })).Vpcs?.[0]?.VpcId;
    const { GroupId = '' } = await ec2.createSecurityGroup({
      GroupName: nameOf(planned),
      Description: planned.sure('description'),
      VpcId: vpc,
      ...(tags.length > 0 && { TagSpecifications: [{ ResourceType: 'security-group', Tags: tags }] }),
    });
    return GroupId;
  },

  async settle(aws, id, planned) {
    const ec2 = await aws.ec2();
    // A new group of EC2 lets everything out; one of Terraform only what it says.
    await ec2.revokeSecurityGroupEgress({ GroupId: id, IpPermissions: [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }] });
    for (const direction of ['ingress', 'egress'] as const)
      await authorize(aws, id, direction, permissionsOf(planned.blocks(direction), id));
  },

  async read(aws, id) {
    const group = await securityGroupOf(aws, id);
    if (group === undefined) return undefined;
    return {
      id,
      arn: group.SecurityGroupArn ?? `arn:aws:ec2:${aws.region}:${group.OwnerId}:security-group/${id}`,
      name: group.GroupName ?? '',
      description: group.Description ?? '',
      vpc_id: group.VpcId ?? '',
      owner_id: group.OwnerId ?? '',
      ingress: rulesOf(group.IpPermissions, id),
      egress: rulesOf(group.IpPermissionsEgress, id),
      tags_all: tagMap(group.Tags),
    };
  },

  async update(aws, id, planned, changed, before) {
    const ec2 = await aws.ec2();
    const { set, removed } = tagChanges(before, planned);
    if (set.length > 0) await ec2.createTags({ Resources: [id], Tags: set });
    if (removed.length > 0) await ec2.deleteTags({ Resources: [id], Tags: removed.map((Key) => ({ Key })) });
    for (const direction of ['ingress', 'egress'] as const) {
      if (!changed.has(direction)) continue;
      const [old, now] = [atoms(before.blocks(direction), id), atoms(planned.blocks(direction), id)];
      const dropped = [...old].filter(([key]) => !now.has(key)).map(([, permission]) => permission);
      const revoke = direction === 'ingress' ? ec2.revokeSecurityGroupIngress.bind(ec2) : ec2.revokeSecurityGroupEgress.bind(ec2);
      if (dropped.length > 0) await revoke({ GroupId: id, IpPermissions: dropped });
      await authorize(
        aws,
        id,
        direction,
        [...now].filter(([key]) => !old.has(key)).map(([, permission]) => permission),
      );
    }
  },

  async delete(aws, id) {
    const ec2 = await aws.ec2();
    await whileInUse(
      `security group ${id} to be free`,
      aws.signal,
      () => unlessGone(ec2.deleteSecurityGroup({ GroupId: id }), 'InvalidGroup.NotFound', 'InvalidGroupId.NotFound'),
      'DependencyViolation',
      'InvalidGroup.InUse',
    );
  },
};

async function authorize(aws: Clients, id: string, direction: 'ingress' | 'egress', permissions: IpPermission[]): Promise<void> {
  if (permissions.length === 0) return;
  const ec2 = await aws.ec2();
  const input = { GroupId: id, IpPermissions: permissions };
  try {
    await (direction === 'ingress' ? ec2.authorizeSecurityGroupIngress(input) : ec2.authorizeSecurityGroupEgress(input));
  } catch (error) {
    if (codeOf(error) !== 'InvalidPermission.Duplicate') throw error;
  }
}

/** Blocks as EC2 takes them, one permission for each. */
function permissionsOf(rules: readonly Arguments[], id: string): IpPermission[] {
  return rules.map((rule) => {
    const all = protocolName(rule.sure('protocol')) === '-1';
    const description = rule.text('description') === undefined ? {} : { Description: rule.text('description') };
    const groups = [...(rule.texts('security_groups') ?? []), ...(rule.flag('self') === true ? [id] : [])];
    const some = <Item>(name: string, items: Item[] | undefined) => (items === undefined || items.length === 0 ? {} : { [name]: items });
    return {
      IpProtocol: protocolName(rule.sure('protocol')),
      ...(!all && { FromPort: rule.number('from_port'), ToPort: rule.number('to_port') }),
      ...some(
        'IpRanges',
        rule.texts('cidr_blocks')?.map((CidrIp) => ({ CidrIp, ...description })),
      ),
      ...some(
        'Ipv6Ranges',
        rule.texts('ipv6_cidr_blocks')?.map((CidrIpv6) => ({ CidrIpv6, ...description })),
      ),
      ...some(
        'PrefixListIds',
        rule.texts('prefix_list_ids')?.map((PrefixListId) => ({ PrefixListId, ...description })),
      ),
      ...some(
        'UserIdGroupPairs',
        groups.map((GroupId) => ({ GroupId, ...description })),
      ),
    };
  });
}

/** Permissions of one peer each, by what they say: what two sets of rules differ in. */
function atoms(rules: readonly Arguments[], id: string): Map<string, IpPermission> {
  const out = new Map<string, IpPermission>();
  for (const { IpRanges, Ipv6Ranges, PrefixListIds, UserIdGroupPairs, ...ports } of permissionsOf(rules, id)) {
    for (const [name, peers] of Object.entries({ IpRanges, Ipv6Ranges, PrefixListIds, UserIdGroupPairs })) {
      for (const peer of peers ?? []) {
        const permission = { ...ports, [name]: [peer] };
        out.set(JSON.stringify(permission), permission);
      }
    }
  }
  return out;
}

interface Rule {
  from_port: number;
  to_port: number;
  protocol: string;
  cidr_blocks: string[];
  ipv6_cidr_blocks: string[];
  prefix_list_ids: string[];
  security_groups: string[];
  self: boolean;
  description: string;
}

/** What EC2 says, by block: it merges rules of one protocol and range of ports whatever their descriptions. */
function rulesOf(permissions: readonly IpPermission[] = [], id: string): Value {
  const out = new Map<string, Rule>();
  for (const { IpProtocol = '-1', FromPort = 0, ToPort = 0, ...peers } of permissions) {
    const ruleFor = (description = ''): Rule => {
      const key = `${IpProtocol} ${FromPort} ${ToPort} ${description}`;
      let rule = out.get(key);
      if (rule === undefined) {
        const [from_port, to_port] = IpProtocol === '-1' ? [0, 0] : [FromPort, ToPort];
        rule = {
          from_port,
          to_port,
          protocol: IpProtocol,
          cidr_blocks: [],
          ipv6_cidr_blocks: [],
          prefix_list_ids: [],
          security_groups: [],
          self: false,
          description,
        };
        out.set(key, rule);
      }
      return rule;
    };
    for (const { CidrIp = '', Description } of peers.IpRanges ?? []) ruleFor(Description).cidr_blocks.push(CidrIp);
    for (const { CidrIpv6 = '', Description } of peers.Ipv6Ranges ?? []) ruleFor(Description).ipv6_cidr_blocks.push(CidrIpv6);
    for (const { PrefixListId = '', Description } of peers.PrefixListIds ?? []) ruleFor(Description).prefix_list_ids.push(PrefixListId);
    for (const { GroupId = '', Description } of peers.UserIdGroupPairs ?? []) {
      if (GroupId === id) ruleFor(Description).self = true;
      else ruleFor(Description).security_groups.push(GroupId);
    }
  }
  return [...out.values()].map((rule) => ({ ...rule }));
}

/** One rule beside its group: `aws_security_group_rule`. */
export const securityGroupRule: ResourceType = {
  schema: {
    id: text(computed),
    security_group_rule_id: text(computed),
    type: text(required, forceNew),
    security_group_id: text(required, forceNew),
    from_port: number(required, forceNew),
    to_port: number(required, forceNew),
    protocol: text(required, forceNew, { same: sameProtocol }),
    cidr_blocks: texts(optional, forceNew),
    ipv6_cidr_blocks: texts(optional, forceNew),
    prefix_list_ids: texts(optional, forceNew),
    source_security_group_id: text(settled, forceNew),
    self: flag(optional, forceNew),
    description: text(optional, forceNew),
  },
  async create(aws, planned) {
    const [group, type] = [planned.sure('security_group_id'), planned.sure('type')];
    await authorize(aws, group, type === 'egress' ? 'egress' : 'ingress', permissionsOf([withPeer(planned)], group));
    return `sgrule-${Buffer.from(JSON.stringify([group, type, permissionsOf([withPeer(planned)], group)])).toString('base64url')}`;
  },
  async read(aws, _id, known) {
    const group = known.sure('security_group_id');
    const found = await unlessGone(
      (await aws.ec2()).describeSecurityGroups({ GroupIds: [group] }),
      'InvalidGroup.NotFound',
      'InvalidGroupId.NotFound',
    );
    const there = found?.SecurityGroups?.[0];
    const permissions = known.text('type') === 'egress' ? there?.IpPermissionsEgress : there?.IpPermissions;
    const wanted = wantedPeers([withPeer(known)], group);
    const present = wantedPeers(asRules(rulesOf(permissions, group)), group);
    return wanted.size > 0 && [...wanted].every((peer) => present.has(peer)) ? {} : undefined;
  },
  async delete(aws, _id, known) {
    const ec2 = await aws.ec2();
    const group = known.sure('security_group_id');
    const input = { GroupId: group, IpPermissions: permissionsOf([withPeer(known)], group) };
    const call = known.text('type') === 'egress' ? ec2.revokeSecurityGroupEgress(input) : ec2.revokeSecurityGroupIngress(input);
    await unlessGone<unknown>(call, 'InvalidGroup.NotFound', 'InvalidGroupId.NotFound', 'InvalidPermission.NotFound');
  },
};

/** A rule's one group, as the blocks of a group have it. */
function withPeer(rule: Arguments): Arguments {
  const source = rule.text('source_security_group_id');
  return new Arguments({ ...rule.values, security_groups: source === undefined ? [] : [source] });
}

function asRules(rules: Value): Arguments[] {
  return isList(rules) ? rules.filter(isRecord).map((rule) => new Arguments(rule)) : [];
}

function wantedPeers(rules: readonly Arguments[], group: string): Set<string> {
  return new Set(atoms(rules, group).keys());
}
