import type { IAM, User as SdkUser } from '@aws-sdk/client-iam';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import type { Operations } from '../operation.ts';
import { accessKeys, userOfKey } from './accessKeys.ts';
import { checkPolicyDocument } from './documents.ts';
import { encodeDocument, iamArn, iamId, normalPath } from './identities.ts';
import { iamPage } from './page.ts';
import { requireUser, users, type User } from './resources.ts';
import { mergedTags, withoutTags } from './tags.ts';

function describe(user: User): Plain<SdkUser> {
  return {
    UserName: user.name,
    UserId: user.id,
    Path: user.path,
    Arn: user.arn,
    CreateDate: user.createdAtMs,
    ...(user.boundary === undefined
      ? {}
      : { PermissionsBoundary: { PermissionsBoundaryType: 'PermissionsBoundaryPolicy', PermissionsBoundaryArn: user.boundary } }),
    ...(user.tags.length === 0 ? {} : { Tags: [...user.tags] }),
  };
}

function refuseTaken(at: Place, name: string): void {
  if (at.table(users).has(name)) throw new AwsError('EntityAlreadyExists', `User ${name} already exists`, { status: 409 });
}

function noInline(name: string): AwsError {
  return new AwsError('NoSuchEntity', `The user policy with name ${name} cannot be found.`, { status: 404 });
}

const conflict = (message: string): AwsError => new AwsError('DeleteConflict', message, { status: 409 });

export const userOperations: Operations<IAM> = {
  CreateUser({ UserName = '', Path, PermissionsBoundary, Tags }, at) {
    refuseTaken(at, UserName);
    const path = normalPath(Path);
    const user = at.table(users).put({
      name: UserName,
      id: iamId(at, 'AIDA'),
      path,
      arn: iamArn(at, 'user', path, UserName),
      createdAtMs: at.nowMs,
      boundary: PermissionsBoundary,
      tags: mergedTags([], Tags),
      inline: {},
      attached: [],
    });
    return { User: describe(user) };
  },

  GetUser({ UserName }, at, { accessKeyId }) {
    return { User: describe(UserName === undefined ? userOfKey(at, accessKeyId) : requireUser(at, UserName)) };
  },

  ListUsers({ PathPrefix = '/', ...list }, at) {
    const found = at.table(users).filter((user) => user.path.startsWith(PathPrefix));
    const { items, tail } = iamPage(found, list);
    return { Users: items.map((user) => ({ ...describe(user), Tags: undefined, PermissionsBoundary: undefined })), ...tail };
  },

  UpdateUser({ UserName, NewUserName, NewPath }, at) {
    const user = requireUser(at, UserName);
    const name = NewUserName ?? user.name;
    const path = normalPath(NewPath ?? user.path);
    if (name !== user.name) refuseTaken(at, name);
    at.table(users).delete(user.name);
    at.table(users).put({ ...user, name, path, arn: iamArn(at, 'user', path, name) });
    for (const key of at.table(accessKeys).filter(({ userName }) => userName === user.name))
      at.table(accessKeys).patch(key, { userName: name });
  },

  DeleteUser({ UserName }, at) {
    const user = requireUser(at, UserName);
    if (at.table(accessKeys).find(({ userName }) => userName === user.name))
      throw conflict('Cannot delete entity, must delete access keys first.');
    if (user.attached.length > 0) throw conflict('Cannot delete entity, must detach all policies first.');
    if (Object.keys(user.inline).length > 0) throw conflict('Cannot delete entity, must delete policies first.');
    at.table(users).delete(user.name);
  },

  TagUser({ UserName, Tags }, at) {
    const user = requireUser(at, UserName);
    at.table(users).patch(user, { tags: mergedTags(user.tags, Tags) });
  },

  UntagUser({ UserName, TagKeys }, at) {
    const user = requireUser(at, UserName);
    at.table(users).patch(user, { tags: withoutTags(user.tags, TagKeys) });
  },

  ListUserTags({ UserName, ...list }, at) {
    const { items, tail } = iamPage(requireUser(at, UserName).tags, list);
    return { Tags: items, ...tail };
  },

  PutUserPolicy({ UserName, PolicyName = '', PolicyDocument = '' }, at) {
    const user = requireUser(at, UserName);
    checkPolicyDocument(PolicyDocument, 'identity');
    at.table(users).patch(user, { inline: { ...user.inline, [PolicyName]: PolicyDocument } });
  },

  GetUserPolicy({ UserName, PolicyName = '' }, at) {
    const document = requireUser(at, UserName).inline[PolicyName];
    if (document === undefined) throw noInline(PolicyName);
    return { UserName, PolicyName, PolicyDocument: encodeDocument(document) };
  },

  ListUserPolicies({ UserName, ...list }, at) {
    const { items, tail } = iamPage(Object.keys(requireUser(at, UserName).inline), list);
    return { PolicyNames: items, ...tail };
  },

  DeleteUserPolicy({ UserName, PolicyName = '' }, at) {
    const user = requireUser(at, UserName);
    const { [PolicyName]: gone, ...inline } = user.inline;
    if (gone === undefined) throw noInline(PolicyName);
    at.table(users).patch(user, { inline });
  },

  PutUserPermissionsBoundary({ UserName, PermissionsBoundary }, at) {
    at.table(users).patch(requireUser(at, UserName), { boundary: PermissionsBoundary });
  },

  DeleteUserPermissionsBoundary({ UserName }, at) {
    at.table(users).patch(requireUser(at, UserName), { boundary: undefined });
  },
};
