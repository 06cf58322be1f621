import type { ECS } from '@aws-sdk/client-ecs';
import type { Operations } from '../operation.ts';
import { clusterOperations } from './clusters.ts';
import { containerInstanceOperations } from './containerInstances.ts';
import { serviceOperations } from './services.ts';
import { settingOperations } from './settings.ts';
import { taskDefinitionOperations } from './taskDefinitions.ts';
import { taskOperations } from './tasks.ts';

export const ecs: Operations<ECS> = {
  ...clusterOperations,
  ...containerInstanceOperations,
  ...serviceOperations,
  ...settingOperations,
  ...taskDefinitionOperations,
  ...taskOperations,
};
