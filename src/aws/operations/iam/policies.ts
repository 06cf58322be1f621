import type { IAM, Policy as SdkPolicy, PolicyVersion as SdkPolicyVersion } from '@aws-sdk/client-iam';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { table } from '../../state/table.ts';
import type { Operations } from '../operation.ts';
import { checkPolicyDocument } from './documents.ts';
import { encodeDocument, iamArn, iamId, normalPath } from './identities.ts';
import { iamPage } from './page.ts';
import { policyHolders, requireRole, requireUser, roles, users, type Role, type User } from './resources.ts';
import { mergedTags, withoutTags, type IamTag } from './tags.ts';

interface PolicyVersion {
  readonly id: string;
  readonly document: string;
  readonly createdAtMs: number;
}

interface Policy {
  readonly arn: string;
  readonly name: string;
  readonly id: string;
  readonly path: string;
  readonly description?: string | undefined;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly defaultVersion: string;
  readonly nextVersion: number;
  readonly versions: readonly PolicyVersion[];
  readonly tags: readonly IamTag[];
}

const policies = table<Policy>('iam.policy', (policy) => policy.arn);

/** Quota "Versions for each managed policy". */
const versionsMax = 5;

const missing = (arn: string): AwsError => new AwsError('NoSuchEntity', `Policy ${arn} was not found.`, { status: 404 });

/** AWS's own managed policies exist by name; what they allow is not evaluated here, so it is not kept. */
function awsManaged(at: Place, arn: string): Policy | undefined {
  const name = /^arn:aws[a-z-]*:iam::aws:policy\/(?:.*\/)?([\w+=,.@-]+)$/.exec(arn)?.[1];
  if (name === undefined) return undefined;
  const document = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] });
  const path = arn.slice(arn.indexOf(':policy') + 7, arn.length - name.length);
  const createdAtMs = Date.UTC(2015, 1, 6);
  const id = `ANPA${Buffer.from(name).toString('hex').toUpperCase().padEnd(17, 'A').slice(0, 17)}`;
  return (
    at.table(policies).get(arn) ?? {
      arn,
      name,
      id,
      path,
      createdAtMs,
      updatedAtMs: createdAtMs,
      defaultVersion: 'v1',
      nextVersion: 2,
      versions: [{ id: 'v1', document, createdAtMs }],
      tags: [],
    }
  );
}

function requirePolicy(at: Place, arn = ''): Policy {
  const policy = at.table(policies).get(arn) ?? awsManaged(at, arn);
  if (policy === undefined) throw missing(arn);
  return policy;
}

function requireVersion(policy: Policy, id: string): PolicyVersion {
  const version = policy.versions.find((one) => one.id === id);
  if (version === undefined)
    throw new AwsError('NoSuchEntity', `Policy ${policy.arn} version ${id} does not exist or is not attachable.`, { status: 404 });
  return version;
}

function describe(at: Place, policy: Policy): Plain<SdkPolicy> {
  return {
    PolicyName: policy.name,
    PolicyId: policy.id,
    Arn: policy.arn,
    Path: policy.path,
    DefaultVersionId: policy.defaultVersion,
    AttachmentCount: policyHolders(at).filter((holder) => holder.attached.includes(policy.arn)).length,
    PermissionsBoundaryUsageCount: policyHolders(at).filter((holder) => holder.boundary === policy.arn).length,
    IsAttachable: true,
    ...(policy.description === undefined ? {} : { Description: policy.description }),
    CreateDate: policy.createdAtMs,
    UpdateDate: policy.updatedAtMs,
    Tags: [...policy.tags],
  };
}

/** Only GetPolicyVersion tells the document, except where rules are not held strictly. */
function describeVersion(at: Place, policy: Policy, version: PolicyVersion): Plain<SdkPolicyVersion> {
  return {
    VersionId: version.id,
    IsDefaultVersion: version.id === policy.defaultVersion,
    CreateDate: version.createdAtMs,
    ...(at.strict ? {} : { Document: encodeDocument(version.document) }),
  };
}

export const policyOperations: Operations<IAM> = {
  CreatePolicy({ PolicyName = '', Path, PolicyDocument = '', Description, Tags }, at) {
    const path = normalPath(Path);
    const arn = iamArn(at, 'policy', path, PolicyName);
    checkPolicyDocument(PolicyDocument, 'identity');
    if (at.table(policies).has(arn))
      throw new AwsError('EntityAlreadyExists', `A policy called ${PolicyName} already exists. Duplicate names are not allowed.`, {
        status: 409,
      });
    const policy = at.table(policies).put({
      arn,
      name: PolicyName,
      id: iamId(at, 'ANPA'),
      path,
      description: Description,
      createdAtMs: at.nowMs,
      updatedAtMs: at.nowMs,
      defaultVersion: 'v1',
      nextVersion: 2,
      versions: [{ id: 'v1', document: PolicyDocument, createdAtMs: at.nowMs }],
      tags: mergedTags([], Tags),
    });
    const { Description: _description, Tags: tags = [], ...created } = describe(at, policy);
    return { Policy: { ...created, ...(tags.length === 0 ? {} : { Tags: tags }) } };
  },

  GetPolicy: ({ PolicyArn }, at) => ({ Policy: describe(at, requirePolicy(at, PolicyArn)) }),

  ListPolicies({ Scope = 'All', OnlyAttached = false, PathPrefix = '/', ...list }, at) {
    const attachedAws = [...new Set(policyHolders(at).flatMap(({ attached }) => attached))]
      .filter((arn) => !at.table(policies).has(arn))
      .map((arn) => requirePolicy(at, arn));
    const all = [...(Scope === 'AWS' ? [] : at.table(policies).values()), ...(Scope === 'Local' ? [] : attachedAws)];
    const found = all.filter(
      (policy) => policy.path.startsWith(PathPrefix) && (!OnlyAttached || (describe(at, policy).AttachmentCount ?? 0) > 0),
    );
    const { items, tail } = iamPage(found, list);
    return { Policies: items.map((policy) => ({ ...describe(at, policy), Tags: undefined, Description: undefined })), ...tail };
  },

  DeletePolicy({ PolicyArn }, at) {
    const policy = requirePolicy(at, PolicyArn);
    if (policyHolders(at).some(({ attached }) => attached.includes(policy.arn)))
      throw new AwsError('DeleteConflict', 'Cannot delete a policy attached to entities.', { status: 409 });
    if (policy.versions.length > 1)
      throw new AwsError(
        'DeleteConflict',
        "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
        { status: 409 },
      );
    at.table(policies).delete(policy.arn);
  },

  CreatePolicyVersion({ PolicyArn, PolicyDocument = '', SetAsDefault = false }, at) {
    const policy = requirePolicy(at, PolicyArn);
    checkPolicyDocument(PolicyDocument, 'identity');
    if (policy.versions.length >= versionsMax) {
      throw new AwsError(
        'LimitExceeded',
        'A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.',
        { status: 409 },
      );
    }
    const version = { id: `v${policy.nextVersion}`, document: PolicyDocument, createdAtMs: at.nowMs };
    const changed = at.table(policies).patch(policy, {
      versions: [...policy.versions, version],
      nextVersion: policy.nextVersion + 1,
      updatedAtMs: at.nowMs,
      defaultVersion: SetAsDefault ? version.id : policy.defaultVersion,
    });
    return { PolicyVersion: describeVersion(at, changed, version) };
  },

  GetPolicyVersion({ PolicyArn, VersionId = '' }, at) {
    const policy = requirePolicy(at, PolicyArn);
    const version = requireVersion(policy, VersionId);
    return { PolicyVersion: { ...describeVersion(at, policy, version), Document: encodeDocument(version.document) } };
  },

  ListPolicyVersions({ PolicyArn, ...list }, at) {
    const policy = requirePolicy(at, PolicyArn);
    const { items, tail } = iamPage(policy.versions, list);
    return { Versions: items.map((version) => describeVersion(at, policy, version)), ...tail };
  },

  SetDefaultPolicyVersion({ PolicyArn, VersionId = '' }, at) {
    if (!/^v\d+(\.[A-Za-z0-9-]*)?$/.test(VersionId)) {
      throw new AwsError(
        'ValidationError',
        `Value '${VersionId}' at 'versionId' failed to satisfy constraint: Member must satisfy regular expression pattern: v[1-9][0-9]*(\\.[A-Za-z0-9-]*)?`,
      );
    }
    const policy = requirePolicy(at, PolicyArn);
    at.table(policies).patch(policy, { defaultVersion: requireVersion(policy, VersionId).id });
  },

  DeletePolicyVersion({ PolicyArn, VersionId = '' }, at) {
    const policy = requirePolicy(at, PolicyArn);
    if (VersionId === policy.defaultVersion)
      throw new AwsError('DeleteConflict', 'Cannot delete the default version of a policy.', { status: 409 });
    const gone = requireVersion(policy, VersionId);
    at.table(policies).patch(policy, { versions: policy.versions.filter((version) => version !== gone) });
  },

  TagPolicy({ PolicyArn, Tags }, at) {
    const policy = requirePolicy(at, PolicyArn);
    at.table(policies).patch(policy, { tags: mergedTags(policy.tags, Tags) });
  },

  UntagPolicy({ PolicyArn, TagKeys }, at) {
    const policy = requirePolicy(at, PolicyArn);
    at.table(policies).patch(policy, { tags: withoutTags(policy.tags, TagKeys) });
  },

  ListPolicyTags({ PolicyArn, ...list }, at) {
    const { items, tail } = iamPage(requirePolicy(at, PolicyArn).tags, list);
    return { Tags: items, ...tail };
  },

  AttachRolePolicy({ RoleName, PolicyArn }, at) {
    const role = requireRole(at, RoleName);
    const { arn } = requireAttachable(at, PolicyArn);
    if (!role.attached.includes(arn)) at.table(roles).patch(role, { attached: [...role.attached, arn] });
  },

  DetachRolePolicy({ RoleName, PolicyArn = '' }, at) {
    const role = requireRole(at, RoleName);
    if (!role.attached.includes(PolicyArn)) throw missing(PolicyArn);
    at.table(roles).patch(role, { attached: role.attached.filter((arn) => arn !== PolicyArn) });
  },

  ListAttachedRolePolicies({ RoleName, PathPrefix = '/', ...list }, at) {
    return attachedPolicies(at, requireRole(at, RoleName), PathPrefix, list);
  },

  AttachUserPolicy({ UserName, PolicyArn }, at) {
    const user = requireUser(at, UserName);
    const { arn } = requireAttachable(at, PolicyArn);
    if (!user.attached.includes(arn)) at.table(users).patch(user, { attached: [...user.attached, arn] });
  },

  DetachUserPolicy({ UserName, PolicyArn = '' }, at) {
    const user = requireUser(at, UserName);
    if (!user.attached.includes(PolicyArn)) throw missing(PolicyArn);
    at.table(users).patch(user, { attached: user.attached.filter((arn) => arn !== PolicyArn) });
  },

  ListAttachedUserPolicies({ UserName, PathPrefix = '/', ...list }, at) {
    return attachedPolicies(at, requireUser(at, UserName), PathPrefix, list);
  },

  ListEntitiesForPolicy({ PolicyArn, EntityFilter, PathPrefix = '/', ...list }, at) {
    const { arn } = requirePolicy(at, PolicyArn);
    const held = ({ attached, path }: Role | User): boolean => attached.includes(arn) && path.startsWith(PathPrefix);
    const entities = [
      ...(EntityFilter === undefined || EntityFilter === 'Role'
        ? at
            .table(roles)
            .filter(held)
            .map(({ name, id }) => ({ role: { RoleName: name, RoleId: id } }))
        : []),
      ...(EntityFilter === undefined || EntityFilter === 'User'
        ? at
            .table(users)
            .filter(held)
            .map(({ name, id }) => ({ user: { UserName: name, UserId: id } }))
        : []),
    ];
    const { items, tail } = iamPage(entities, list);
    return {
      PolicyRoles: items.flatMap((one) => ('role' in one ? [one.role] : [])),
      PolicyUsers: items.flatMap((one) => ('user' in one ? [one.user] : [])),
      PolicyGroups: [],
      ...tail,
    };
  },
};

interface Attached {
  AttachedPolicies: { PolicyName: string; PolicyArn: string }[];
  IsTruncated: boolean;
  Marker?: string;
}

function attachedPolicies(at: Place, { attached }: Role | User, pathPrefix: string, list: Parameters<typeof iamPage>[1]): Attached {
  const found = attached.map((arn) => requirePolicy(at, arn)).filter(({ path }) => path.startsWith(pathPrefix));
  const { items, tail } = iamPage(found, list);
  return { AttachedPolicies: items.map(({ name, arn }) => ({ PolicyName: name, PolicyArn: arn })), ...tail };
}

function requireAttachable(at: Place, arn = ''): Policy {
  if (!arn.startsWith('arn:')) throw new AwsError('InvalidInput', `ARN ${arn} is not valid.`);
  const policy = at.table(policies).get(arn) ?? awsManaged(at, arn);
  if (policy === undefined) throw new AwsError('NoSuchEntity', `Policy ${arn} does not exist or is not attachable.`, { status: 404 });
  return policy;
}
