import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import { table } from '../../state/table.ts';
import type { IamTag } from './tags.ts';

export interface Role {
  readonly name: string;
  readonly id: string;
  readonly path: string;
  readonly arn: string;
  readonly createdAtMs: number;
  readonly trust: string;
  readonly description?: string | undefined;
  readonly maxSessionS: number;
  readonly boundary?: string | undefined;
  readonly tags: readonly IamTag[];
  /** Inline policies by name. */
  readonly inline: Readonly<Record<string, string>>;
  /** ARNs of managed policies. */
  readonly attached: readonly string[];
}

export const roles = table<Role>('iam.role', (role) => role.name);

export function requireRole(at: Place, name = ''): Role {
  const role = at.table(roles).get(name);
  if (role === undefined) throw new AwsError('NoSuchEntity', `The role with name ${name} cannot be found.`, { status: 404 });
  return role;
}

export interface InstanceProfile {
  readonly name: string;
  readonly id: string;
  readonly path: string;
  readonly arn: string;
  readonly createdAtMs: number;
  readonly roles: readonly string[];
  readonly tags: readonly IamTag[];
}

export const instanceProfiles = table<InstanceProfile>('iam.instance-profile', (profile) => profile.name);

/** What every account of a learner lab has from the start. */
export const lab = { role: 'LabRole', instanceProfile: 'LabInstanceProfile' } as const;

/** Suites written for mocks count what they made: there the lab's own answers to its name only. */
export function isListed(at: Place, name: string): boolean {
  return at.strict || (name !== lab.role && name !== lab.instanceProfile);
}

export interface User {
  readonly name: string;
  readonly id: string;
  readonly path: string;
  readonly arn: string;
  readonly createdAtMs: number;
  readonly boundary?: string | undefined;
  readonly tags: readonly IamTag[];
  /** Inline policies by name. */
  readonly inline: Readonly<Record<string, string>>;
  /** ARNs of managed policies. */
  readonly attached: readonly string[];
}

export const users = table<User>('iam.user', (user) => user.name);

export function requireUser(at: Place, name = ''): User {
  const user = at.table(users).get(name);
  if (user === undefined) throw new AwsError('NoSuchEntity', `The user with name ${name} cannot be found.`, { status: 404 });
  return user;
}

/** All that managed policies can be attached to. */
export function policyHolders(at: Place): (Role | User)[] {
  return [...at.table(roles).values(), ...at.table(users).values()];
}
