import type { IAM, Role as SdkRole } from '@aws-sdk/client-iam';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import type { Operations } from '../operation.ts';
import { checkPolicyDocument } from './documents.ts';
import { encodeDocument, iamArn, iamId, normalPath } from './identities.ts';
import { iamPage } from './page.ts';
import { instanceProfiles, isListed, requireRole, roles, type Role } from './resources.ts';
import { mergedTags, withoutTags, type IamTag } from './tags.ts';

export function createRole(
  at: Place,
  name: string,
  trust: string,
  options: {
    path?: string;
    description?: string | undefined;
    maxSessionS?: number;
    boundary?: string | undefined;
    tags?: readonly IamTag[];
  } = {},
): Role {
  if (at.table(roles).has(name)) throw new AwsError('EntityAlreadyExists', `Role with name ${name} already exists.`, { status: 409 });
  const path = normalPath(options.path);
  return at.table(roles).put({
    name,
    id: iamId(at, 'AROA'),
    path,
    arn: iamArn(at, 'role', path, name),
    createdAtMs: at.nowMs,
    trust,
    description: options.description,
    maxSessionS: options.maxSessionS ?? 3600,
    boundary: options.boundary,
    tags: options.tags ?? [],
    inline: {},
    attached: [],
  });
}

export function describeRole(role: Role): Plain<SdkRole> {
  return {
    RoleName: role.name,
    RoleId: role.id,
    Path: role.path,
    Arn: role.arn,
    CreateDate: role.createdAtMs,
    AssumeRolePolicyDocument: encodeDocument(role.trust),
    ...(role.description === undefined ? {} : { Description: role.description }),
    MaxSessionDuration: role.maxSessionS,
    ...(role.boundary === undefined
      ? {}
      : { PermissionsBoundary: { PermissionsBoundaryType: 'PermissionsBoundaryPolicy', PermissionsBoundaryArn: role.boundary } }),
    ...(role.tags.length === 0 ? {} : { Tags: [...role.tags] }),
    RoleLastUsed: {},
  };
}

function requireBoundary(arn: string): string {
  if (/^arn:aws[a-z-]*:iam::(\d{12}|aws):policy\//.test(arn)) return arn;
  throw new AwsError('ValidationError', `Value (${arn}) for parameter PermissionsBoundary is invalid.`);
}

function checkSession(seconds: number | undefined): void {
  if (seconds === undefined || (seconds >= 3600 && seconds <= 43_200)) return;
  const bound = seconds < 3600 ? 'greater than or equal to 3600' : 'less than or equal to 43200';
  throw new AwsError(
    'ValidationError',
    `1 validation error detected: Value '${seconds}' at 'maxSessionDuration' failed to satisfy constraint: Member must have value ${bound}`,
  );
}

const conflict = (message: string): AwsError => new AwsError('DeleteConflict', message, { status: 409 });

export const roleOperations: Operations<IAM> = {
  CreateRole(input, at) {
    checkSession(input.MaxSessionDuration);
    const boundary = input.PermissionsBoundary === undefined ? undefined : requireBoundary(input.PermissionsBoundary);
    const role = createRole(at, input.RoleName ?? '', input.AssumeRolePolicyDocument ?? '', {
      path: normalPath(input.Path),
      description: input.Description,
      maxSessionS: input.MaxSessionDuration ?? 3600,
      boundary,
      tags: mergedTags([], input.Tags),
    });
    return { Role: describeRole(role) };
  },

  GetRole: ({ RoleName }, at) => ({ Role: describeRole(requireRole(at, RoleName)) }),

  ListRoles({ PathPrefix = '', ...list }, at) {
    const { items, tail } = iamPage(
      at.table(roles).filter((role) => role.path.startsWith(PathPrefix) && isListed(at, role.name)),
      list,
    );
    return {
      Roles: items.map((role) => ({ ...describeRole(role), Tags: undefined, RoleLastUsed: undefined, PermissionsBoundary: undefined })),
      ...tail,
    };
  },

  DeleteRole({ RoleName }, at) {
    const role = requireRole(at, RoleName);
    if (at.table(instanceProfiles).find((profile) => profile.roles.includes(role.name)))
      throw conflict('Cannot delete entity, must remove roles from instance profile first.');
    if (role.attached.length > 0) throw conflict('Cannot delete entity, must detach all policies first.');
    if (Object.keys(role.inline).length > 0) throw conflict('Cannot delete entity, must delete policies first.');
    at.table(roles).delete(role.name);
  },

  UpdateRole({ RoleName, Description, MaxSessionDuration }, at) {
    const role = requireRole(at, RoleName);
    checkSession(MaxSessionDuration);
    at.table(roles).patch(role, { description: Description, maxSessionS: MaxSessionDuration ?? role.maxSessionS });
    return {};
  },

  UpdateRoleDescription({ RoleName, Description }, at) {
    return { Role: describeRole(at.table(roles).patch(requireRole(at, RoleName), { description: Description })) };
  },

  UpdateAssumeRolePolicy({ RoleName, PolicyDocument = '' }, at) {
    checkPolicyDocument(PolicyDocument, 'trust');
    at.table(roles).patch(requireRole(at, RoleName), { trust: PolicyDocument });
  },

  PutRolePermissionsBoundary({ RoleName, PermissionsBoundary = '' }, at) {
    at.table(roles).patch(requireRole(at, RoleName), { boundary: requireBoundary(PermissionsBoundary) });
  },

  DeleteRolePermissionsBoundary({ RoleName }, at) {
    at.table(roles).patch(requireRole(at, RoleName), { boundary: undefined });
  },

  TagRole({ RoleName, Tags }, at) {
    const role = requireRole(at, RoleName);
    at.table(roles).patch(role, { tags: mergedTags(role.tags, Tags) });
  },

  UntagRole({ RoleName, TagKeys }, at) {
    const role = requireRole(at, RoleName);
    at.table(roles).patch(role, { tags: withoutTags(role.tags, TagKeys) });
  },

  ListRoleTags({ RoleName, ...list }, at) {
    const { items, tail } = iamPage(requireRole(at, RoleName).tags, list);
    return { Tags: items, ...tail };
  },

  PutRolePolicy({ RoleName, PolicyName = '', PolicyDocument = '' }, at) {
    const role = requireRole(at, RoleName);
    checkPolicyDocument(PolicyDocument, 'identity');
    at.table(roles).patch(role, { inline: { ...role.inline, [PolicyName]: PolicyDocument } });
  },

  GetRolePolicy({ RoleName, PolicyName = '' }, at) {
    const document = requireRole(at, RoleName).inline[PolicyName];
    if (document === undefined) throw noInline(PolicyName);
    return { RoleName, PolicyName, PolicyDocument: encodeDocument(document) };
  },

  ListRolePolicies({ RoleName, ...list }, at) {
    const { items, tail } = iamPage(Object.keys(requireRole(at, RoleName).inline), list);
    return { PolicyNames: items, ...tail };
  },

  DeleteRolePolicy({ RoleName, PolicyName = '' }, at) {
    const role = requireRole(at, RoleName);
    const { [PolicyName]: gone, ...inline } = role.inline;
    if (gone === undefined) throw noInline(PolicyName);
    at.table(roles).patch(role, { inline });
  },

  CreateServiceLinkedRole({ AWSServiceName = '', Description, CustomSuffix }, at) {
    const service = AWSServiceName.replace(/\.amazonaws\.com(\.cn)?$/, '');
    const known = serviceLinkedNames[service] ?? service;
    const name = `AWSServiceRoleFor${known}${CustomSuffix === undefined ? '' : `_${CustomSuffix}`}`;
    if (at.table(roles).has(name))
      throw new AwsError('InvalidInput', `Service role name ${name} has been taken in this account, please try a different suffix.`);
    const trust = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Action: ['sts:AssumeRole'], Effect: 'Allow', Principal: { Service: [AWSServiceName] } }],
    });
    return { Role: describeRole(createRole(at, name, trust, { path: `/aws-service-role/${AWSServiceName}/`, description: Description })) };
  },

  DeleteServiceLinkedRole({ RoleName }, at) {
    const role = requireRole(at, RoleName);
    at.table(roles).delete(role.name);
    return { DeletionTaskId: `task${role.path}${role.name}/${at.uuid()}` };
  },

  GetServiceLinkedRoleDeletionStatus: () => ({ Status: 'SUCCEEDED' }),
};

/** Names that do not follow from the service principal. https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html */
const serviceLinkedNames: Readonly<Record<string, string>> = {
  autoscaling: 'AutoScaling',
  ecs: 'ECS',
  elasticloadbalancing: 'ElasticLoadBalancing',
  rds: 'RDS',
  elasticbeanstalk: 'ElasticBeanstalk',
  'custom-resource.application-autoscaling': 'ApplicationAutoScaling_CustomResource',
  'ecs.application-autoscaling': 'ApplicationAutoScaling_ECSService',
  'ec2.application-autoscaling': 'ApplicationAutoScaling_EC2SpotFleetRequest',
  spot: 'EC2Spot',
  spotfleet: 'EC2SpotFleet',
};

function noInline(name: string): AwsError {
  return new AwsError('NoSuchEntity', `The role policy with name ${name} cannot be found.`, { status: 404 });
}
