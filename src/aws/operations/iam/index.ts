import type { IAM } from '@aws-sdk/client-iam';
import type { Place } from '../../state/place.ts';
import type { Operations } from '../operation.ts';
import { accessKeyOperations } from './accessKeys.ts';
import { createInstanceProfile, instanceProfileOperations } from './instanceProfiles.ts';
import { policyOperations } from './policies.ts';
import { lab } from './resources.ts';
import { createRole, roleOperations } from './roles.ts';
import { userOperations } from './users.ts';

export const iam: Operations<IAM> = {
  ...roleOperations,
  ...instanceProfileOperations,
  ...policyOperations,
  ...userOperations,
  ...accessKeyOperations,
};

/** The role and instance profile that AWS Academy's learner labs give every student. */
export function seedLabRole(at: Place): void {
  const services = ['ec2.amazonaws.com', 'ecs-tasks.amazonaws.com', 'lambda.amazonaws.com'];
  const trust = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: services }, Action: 'sts:AssumeRole' }],
  });
  createRole(at, lab.role, trust, { description: 'Role of the learner lab' });
  createInstanceProfile(at, lab.instanceProfile, '/', [lab.role], []);
}
