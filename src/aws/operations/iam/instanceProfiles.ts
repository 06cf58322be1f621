import type { IAM, InstanceProfile as SdkInstanceProfile } from '@aws-sdk/client-iam';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import type { Operations } from '../operation.ts';
import { iamArn, iamId, normalPath } from './identities.ts';
import { iamPage } from './page.ts';
import { instanceProfiles, isListed, requireRole, roles, type InstanceProfile } from './resources.ts';
import { describeRole } from './roles.ts';
import { mergedTags, withoutTags, type IamTag } from './tags.ts';

function requireProfile(at: Place, name = ''): InstanceProfile {
  const profile = at.table(instanceProfiles).get(name);
  if (profile === undefined) throw new AwsError('NoSuchEntity', `Instance Profile ${name} cannot be found.`, { status: 404 });
  return profile;
}

export function createInstanceProfile(
  at: Place,
  name: string,
  path: string | undefined,
  roleNames: readonly string[],
  tags: readonly IamTag[],
): InstanceProfile {
  if (at.table(instanceProfiles).has(name))
    throw new AwsError('EntityAlreadyExists', `Instance Profile ${name} already exists.`, { status: 409 });
  const where = normalPath(path);
  return at.table(instanceProfiles).put({
    name,
    id: iamId(at, 'AIPA'),
    path: where,
    arn: iamArn(at, 'instance-profile', where, name),
    createdAtMs: at.nowMs,
    roles: roleNames,
    tags,
  });
}

/** By ARN or name, for a launch; `at` is the account's global place. */
export function findInstanceProfile(at: Place, arnOrName: string): { Arn: string; InstanceProfileId: string } {
  const profile = at.table(instanceProfiles).find(({ arn, name }) => arn === arnOrName || name === arnOrName);
  if (profile === undefined)
    throw new AwsError(
      'InvalidParameterValue',
      `Value (${arnOrName}) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name`,
    );
  return { Arn: profile.arn, InstanceProfileId: profile.id };
}

function describe(at: Place, profile: InstanceProfile): Plain<SdkInstanceProfile> {
  return {
    InstanceProfileName: profile.name,
    InstanceProfileId: profile.id,
    Path: profile.path,
    Arn: profile.arn,
    CreateDate: profile.createdAtMs,
    Roles: profile.roles.flatMap((name) => {
      const role = at.table(roles).get(name);
      return role === undefined ? [] : [describeRole(role)];
    }),
    Tags: [...profile.tags],
  };
}

export const instanceProfileOperations: Operations<IAM> = {
  CreateInstanceProfile({ InstanceProfileName = '', Path, Tags }, at) {
    return { InstanceProfile: describe(at, createInstanceProfile(at, InstanceProfileName, Path, [], mergedTags([], Tags))) };
  },

  GetInstanceProfile: ({ InstanceProfileName }, at) => ({ InstanceProfile: describe(at, requireProfile(at, InstanceProfileName)) }),

  ListInstanceProfiles({ PathPrefix = '', ...list }, at) {
    const { items, tail } = iamPage(
      at.table(instanceProfiles).filter((profile) => profile.path.startsWith(PathPrefix) && isListed(at, profile.name)),
      list,
    );
    return { InstanceProfiles: items.map((profile) => describe(at, profile)), ...tail };
  },

  ListInstanceProfilesForRole({ RoleName = '', ...list }, at) {
    requireRole(at, RoleName);
    const { items, tail } = iamPage(
      at.table(instanceProfiles).filter((profile) => profile.roles.includes(RoleName)),
      list,
    );
    return { InstanceProfiles: items.map((profile) => describe(at, profile)), ...tail };
  },

  DeleteInstanceProfile({ InstanceProfileName }, at) {
    const profile = requireProfile(at, InstanceProfileName);
    if (profile.roles.length > 0)
      throw new AwsError('DeleteConflict', 'Cannot delete entity, must remove roles from instance profile first.', { status: 409 });
    at.table(instanceProfiles).delete(profile.name);
  },

  AddRoleToInstanceProfile({ InstanceProfileName, RoleName }, at) {
    const profile = requireProfile(at, InstanceProfileName);
    const role = requireRole(at, RoleName);
    if (profile.roles.length > 0)
      throw new AwsError('LimitExceeded', 'Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1', { status: 409 });
    at.table(instanceProfiles).patch(profile, { roles: [role.name] });
  },

  RemoveRoleFromInstanceProfile({ InstanceProfileName, RoleName = '' }, at) {
    const profile = requireProfile(at, InstanceProfileName);
    requireRole(at, RoleName);
    if (!profile.roles.includes(RoleName))
      throw new AwsError('NoSuchEntity', `Role ${RoleName} in Instance Profile ${profile.name} cannot be found.`, { status: 404 });
    at.table(instanceProfiles).patch(profile, { roles: profile.roles.filter((name) => name !== RoleName) });
  },

  TagInstanceProfile({ InstanceProfileName, Tags }, at) {
    const profile = requireProfile(at, InstanceProfileName);
    at.table(instanceProfiles).patch(profile, { tags: mergedTags(profile.tags, Tags) });
  },

  UntagInstanceProfile({ InstanceProfileName, TagKeys }, at) {
    const profile = requireProfile(at, InstanceProfileName);
    at.table(instanceProfiles).patch(profile, { tags: withoutTags(profile.tags, TagKeys) });
  },

  ListInstanceProfileTags({ InstanceProfileName, ...list }, at) {
    const { items, tail } = iamPage(requireProfile(at, InstanceProfileName).tags, list);
    return { Tags: items, ...tail };
  },
};
