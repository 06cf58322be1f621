import type { ECS } from '@aws-sdk/client-ecs';
import type { Operations } from '../operation.ts';
import { capacityProviderOperations } from './capacityProviders.ts';
import { clusterOperations } from './clusters.ts';
import { containerInstanceOperations } from './containerInstances.ts';
import { serviceOperations } from './services.ts';
import { settingOperations } from './settings.ts';
import { tagOperations } from './tags.ts';
import { taskDefinitionOperations } from './taskDefinitions.ts';
import { taskOperations } from './tasks.ts';
import { taskSetOperations } from './taskSets.ts';

export const ecs: Operations<ECS> = {
  ...capacityProviderOperations,
  ...clusterOperations,
  ...containerInstanceOperations,
  ...serviceOperations,
  ...settingOperations,
  ...tagOperations,
  ...taskDefinitionOperations,
  ...taskOperations,
  ...taskSetOperations,
};
