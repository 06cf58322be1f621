import type { AutoScaling } from '@aws-sdk/client-auto-scaling';
import type { Operations } from '../operation.ts';
import { groupOperations } from './groups.ts';
import { instanceOperations } from './instances.ts';
import { launchConfigurationOperations } from './launchConfigurations.ts';
import { lifecycleHookOperations } from './lifecycleHooks.ts';
import { loadBalancerOperations } from './loadBalancers.ts';
import { policyOperations } from './policies.ts';
import { refreshOperations } from './refreshes.ts';
import { scheduledActionOperations } from './scheduledActions.ts';
import { tagOperations } from './tags.ts';

export const autoscaling: Operations<AutoScaling> = {
  ...groupOperations,
  ...instanceOperations,
  ...launchConfigurationOperations,
  ...lifecycleHookOperations,
  ...loadBalancerOperations,
  ...policyOperations,
  ...refreshOperations,
  ...scheduledActionOperations,
  ...tagOperations,
};
