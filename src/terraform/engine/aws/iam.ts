import { plain, type Arguments } from '../arguments.ts';
import { tagChanges, tagList, tagMap, unlessGone, type ResourceType } from '../provider.ts';
import { computed, flag, forceNew, number, optional, required, settled, tagged, text, textSet } from '../schema.ts';
import { sameJson } from './monitoring.ts';
import { nameOf } from './names.ts';

/** Roles are made, listed and handed to instances and tasks; what they allow is not enforced. */

const gone = ['NoSuchEntity', 'NoSuchEntityException'];

export const role: ResourceType = {
  schema: {
    id: text(computed),
    arn: text(computed),
    unique_id: text(computed),
    create_date: text(computed),
    name: text(settled, forceNew),
    name_prefix: text(optional, forceNew),
    path: text(optional, forceNew, { fallback: '/' }),
    assume_role_policy: text(required, { same: sameJson }),
    description: text(optional),
    max_session_duration: number(optional, { fallback: 3600 }),
    permissions_boundary: text(optional, forceNew),
    managed_policy_arns: textSet(settled),
    force_detach_policies: flag(optional, { fallback: false }),
    ...tagged,
  },
  async create(aws, planned) {
    const name = nameOf(planned);
    await (
      await aws.iam()
    ).createRole({
      RoleName: name,
      Path: planned.text('path'),
      AssumeRolePolicyDocument: planned.sure('assume_role_policy'),
      Description: planned.text('description'),
      MaxSessionDuration: planned.number('max_session_duration'),
      PermissionsBoundary: planned.text('permissions_boundary'),
      Tags: tagList(planned),
    });
    return name;
  },
  async settle(aws, id, planned) {
    const iam = await aws.iam();
    for (const PolicyArn of planned.texts('managed_policy_arns') ?? []) await iam.attachRolePolicy({ RoleName: id, PolicyArn });
  },
  async read(aws, id) {
    const iam = await aws.iam();
    const found = (await unlessGone(iam.getRole({ RoleName: id }), ...gone))?.Role;
    if (found === undefined) return undefined;
    const { AttachedPolicies = [] } = await iam.listAttachedRolePolicies({ RoleName: id });
    return {
      id,
      arn: found.Arn ?? '',
      unique_id: found.RoleId ?? '',
      create_date: found.CreateDate?.toISOString() ?? '',
      name: found.RoleName ?? '',
      path: found.Path ?? '/',
      assume_role_policy: decodeURIComponent(found.AssumeRolePolicyDocument ?? ''),
      description: found.Description ?? '',
      max_session_duration: found.MaxSessionDuration ?? 3600,
      managed_policy_arns: AttachedPolicies.map(({ PolicyArn = '' }) => PolicyArn).toSorted(),
      tags_all: tagMap(found.Tags),
    };
  },
  async update(aws, id, planned, changed, before) {
    const iam = await aws.iam();
    if (changed.has('assume_role_policy'))
      await iam.updateAssumeRolePolicy({ RoleName: id, PolicyDocument: planned.sure('assume_role_policy') });
    if (changed.has('description') || changed.has('max_session_duration'))
      await iam.updateRole({
        RoleName: id,
        Description: planned.text('description') ?? '',
        MaxSessionDuration: planned.number('max_session_duration'),
      });
    if (changed.has('managed_policy_arns')) {
      const [old, now] = [before.texts('managed_policy_arns') ?? [], planned.texts('managed_policy_arns') ?? []];
      for (const PolicyArn of old) if (!now.includes(PolicyArn)) await iam.detachRolePolicy({ RoleName: id, PolicyArn });
      for (const PolicyArn of now) if (!old.includes(PolicyArn)) await iam.attachRolePolicy({ RoleName: id, PolicyArn });
    }
    const { set, removed } = tagChanges(before, planned);
    if (set.length > 0) await iam.tagRole({ RoleName: id, Tags: set });
    if (removed.length > 0) await iam.untagRole({ RoleName: id, TagKeys: removed });
  },
  async delete(aws, id, known) {
    const iam = await aws.iam();
    const attached = await unlessGone(iam.listAttachedRolePolicies({ RoleName: id }), ...gone);
    const own = new Set(known.texts('managed_policy_arns'));
    for (const { PolicyArn = '' } of attached?.AttachedPolicies ?? [])
      if (own.has(PolicyArn) || known.flag('force_detach_policies') === true) await iam.detachRolePolicy({ RoleName: id, PolicyArn });
    await unlessGone(iam.deleteRole({ RoleName: id }), ...gone);
  },
};

export const rolePolicyAttachment: ResourceType = {
  schema: { id: text(computed), role: text(required, forceNew), policy_arn: text(required, forceNew) },
  async create(aws, planned) {
    const [RoleName, PolicyArn] = [planned.sure('role'), planned.sure('policy_arn')];
    await (await aws.iam()).attachRolePolicy({ RoleName, PolicyArn });
    return `${RoleName}/${PolicyArn}`;
  },
  async read(aws, _id, known) {
    const found = await unlessGone((await aws.iam()).listAttachedRolePolicies({ RoleName: known.sure('role') }), ...gone);
    return found?.AttachedPolicies?.some(({ PolicyArn }) => PolicyArn === known.text('policy_arn')) === true ? {} : undefined;
  },
  async delete(aws, _id, known) {
    const input = { RoleName: known.sure('role'), PolicyArn: known.sure('policy_arn') };
    await unlessGone((await aws.iam()).detachRolePolicy(input), ...gone);
  },
};

export const rolePolicy: ResourceType = {
  schema: {
    id: text(computed),
    name: text(settled, forceNew),
    name_prefix: text(optional, forceNew),
    role: text(required, forceNew),
    policy: text(required, { same: sameJson }),
  },
  async create(aws, planned) {
    const name = nameOf(planned);
    await putRolePolicy(name, planned, aws);
    return `${planned.sure('role')}:${name}`;
  },
  async read(aws, id, known) {
    const name = id.slice(id.indexOf(':') + 1);
    const found = await unlessGone((await aws.iam()).getRolePolicy({ RoleName: known.sure('role'), PolicyName: name }), ...gone);
    return found === undefined ? undefined : { id, name, policy: decodeURIComponent(found.PolicyDocument ?? '') };
  },
  async update(aws, id, planned) {
    await putRolePolicy(id.slice(id.indexOf(':') + 1), planned, aws);
  },
  async delete(aws, id, known) {
    const input = { RoleName: known.sure('role'), PolicyName: id.slice(id.indexOf(':') + 1) };
    await unlessGone((await aws.iam()).deleteRolePolicy(input), ...gone);
  },
};

async function putRolePolicy(name: string, planned: Arguments, aws: Parameters<ResourceType['create']>[0]): Promise<void> {
  await (
    await aws.iam()
  ).putRolePolicy({ RoleName: planned.sure('role'), PolicyName: name, PolicyDocument: plain(planned.sure('policy')) });
}

export const instanceProfile: ResourceType = {
  schema: {
    id: text(computed),
    arn: text(computed),
    unique_id: text(computed),
    create_date: text(computed),
    name: text(settled, forceNew),
    name_prefix: text(optional, forceNew),
    path: text(optional, forceNew, { fallback: '/' }),
    role: text(optional),
    ...tagged,
  },
  async create(aws, planned) {
    const name = nameOf(planned);
    await (await aws.iam()).createInstanceProfile({ InstanceProfileName: name, Path: planned.text('path'), Tags: tagList(planned) });
    return name;
  },
  async settle(aws, id, planned) {
    const RoleName = planned.text('role');
    if (RoleName !== undefined) await (await aws.iam()).addRoleToInstanceProfile({ InstanceProfileName: id, RoleName });
  },
  async read(aws, id) {
    const found = (await unlessGone((await aws.iam()).getInstanceProfile({ InstanceProfileName: id }), ...gone))?.InstanceProfile;
    if (found === undefined) return undefined;
    return {
      id,
      arn: found.Arn ?? '',
      unique_id: found.InstanceProfileId ?? '',
      create_date: found.CreateDate?.toISOString() ?? '',
      name: found.InstanceProfileName ?? '',
      path: found.Path ?? '/',
      role: found.Roles?.[0]?.RoleName ?? '',
      tags_all: tagMap(found.Tags),
    };
  },
  async update(aws, id, planned, changed, before) {
    const iam = await aws.iam();
    if (changed.has('role')) {
      const [old, now] = [before.text('role'), planned.text('role')];
      if (old !== undefined) await iam.removeRoleFromInstanceProfile({ InstanceProfileName: id, RoleName: old });
      if (now !== undefined) await iam.addRoleToInstanceProfile({ InstanceProfileName: id, RoleName: now });
    }
    const { set, removed } = tagChanges(before, planned);
    if (set.length > 0) await iam.tagInstanceProfile({ InstanceProfileName: id, Tags: set });
    if (removed.length > 0) await iam.untagInstanceProfile({ InstanceProfileName: id, TagKeys: removed });
  },
  async delete(aws, id, known) {
    const iam = await aws.iam();
    const RoleName = known.text('role');
    if (RoleName !== undefined) await unlessGone(iam.removeRoleFromInstanceProfile({ InstanceProfileName: id, RoleName }), ...gone);
    await unlessGone(iam.deleteInstanceProfile({ InstanceProfileName: id }), ...gone);
  },
};
