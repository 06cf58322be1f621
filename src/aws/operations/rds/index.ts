import type { RDS } from '@aws-sdk/client-rds';
import type { Operations } from '../operation.ts';
import { engineOperations } from './engines.ts';
import { groupOperations } from './groups.ts';
import { instanceOperations } from './instances.ts';
import { snapshotOperations } from './snapshots.ts';
import { tagOperations } from './tags.ts';

export const rds: Operations<RDS> = {
  ...engineOperations,
  ...groupOperations,
  ...instanceOperations,
  ...snapshotOperations,
  ...tagOperations,
};
