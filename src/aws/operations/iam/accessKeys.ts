import type { AccessKeyMetadata, IAM } from '@aws-sdk/client-iam';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { table } from '../../state/table.ts';
import type { Operations } from '../operation.ts';
import { iamId } from './identities.ts';
import { iamPage } from './page.ts';
import { requireUser, users, type User } from './resources.ts';

interface AccessKey {
  readonly id: string;
  readonly userName: string;
  readonly active: boolean;
  readonly createdAtMs: number;
}

/** Keys of users. The secrets are told once and not kept: who signs is believed, unless the endpoint requires credentials. */
export const accessKeys = table<AccessKey>('iam.access-key', (key) => key.id);

/** Quota "Access keys assigned to an IAM user". */
const keysMax = 2;

/** The user whose key signed a request; undefined for other credentials. */
export function findUserOfKey(at: Place, accessKeyId: string | undefined): User | undefined {
  return at.table(users).get(at.table(accessKeys).get(accessKeyId)?.userName);
}

export function userOfKey(at: Place, accessKeyId: string | undefined): User {
  const user = findUserOfKey(at, accessKeyId);
  if (user !== undefined) return user;
  throw new AwsError('ValidationError', 'Must specify userName when calling with non-User credentials');
}

function requireKey(at: Place, id = ''): AccessKey {
  const key = at.table(accessKeys).get(id);
  if (key === undefined) throw new AwsError('NoSuchEntity', `The Access Key with id ${id} cannot be found.`, { status: 404 });
  return key;
}

/** The key with an id, if the user that a call names owns it. */
function ownKey(at: Place, id: string | undefined, userName: string | undefined): AccessKey {
  const key = requireKey(at, id);
  if (userName !== undefined && requireUser(at, userName).name !== key.userName)
    throw new AwsError('NoSuchEntity', `The Access Key with id ${key.id} cannot be found.`, { status: 404 });
  return key;
}

function describe(key: AccessKey): Plain<AccessKeyMetadata> {
  return { UserName: key.userName, AccessKeyId: key.id, Status: key.active ? 'Active' : 'Inactive', CreateDate: key.createdAtMs };
}

export const accessKeyOperations: Operations<IAM> = {
  CreateAccessKey({ UserName }, at, { accessKeyId }) {
    const user = UserName === undefined ? userOfKey(at, accessKeyId) : requireUser(at, UserName);
    if (at.table(accessKeys).filter(({ userName }) => userName === user.name).length >= keysMax)
      throw new AwsError('LimitExceeded', `Cannot exceed quota for AccessKeysPerUser: ${keysMax}`, { status: 409 });
    const key = at.table(accessKeys).put({ id: iamId(at, 'AKIA'), userName: user.name, active: true, createdAtMs: at.nowMs });
    const { UserName: name, AccessKeyId, Status, CreateDate } = describe(key);
    return { AccessKey: { UserName: name, AccessKeyId, Status, CreateDate, SecretAccessKey: at.hex(40) } };
  },

  ListAccessKeys({ UserName, ...list }, at, { accessKeyId }) {
    const user = UserName === undefined ? userOfKey(at, accessKeyId) : requireUser(at, UserName);
    const { items, tail } = iamPage(
      at.table(accessKeys).filter(({ userName }) => userName === user.name),
      list,
    );
    return { AccessKeyMetadata: items.map(describe), ...tail };
  },

  UpdateAccessKey({ UserName, AccessKeyId, Status }, at) {
    at.table(accessKeys).patch(ownKey(at, AccessKeyId, UserName), { active: Status === 'Active' });
  },

  DeleteAccessKey({ UserName, AccessKeyId }, at) {
    at.table(accessKeys).delete(ownKey(at, AccessKeyId, UserName).id);
  },

  /** When a key is used is not kept: every key answers as one that never was. */
  GetAccessKeyLastUsed({ AccessKeyId }, at) {
    const { userName } = requireKey(at, AccessKeyId);
    return { UserName: userName, AccessKeyLastUsed: { ServiceName: 'N/A', Region: 'N/A', LastUsedDate: undefined } };
  },
};
