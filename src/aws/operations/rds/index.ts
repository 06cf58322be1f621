import type { RDS } from '@aws-sdk/client-rds';
import type { Operations } from '../operation.ts';
import { backupOperations } from './backups.ts';
import { engineOperations } from './engines.ts';
import { eventOperations } from './events.ts';
import { instanceOperations } from './instances.ts';
import { logOperations } from './logs.ts';
import { modificationOperations } from './modification.ts';
import { optionGroupOperations } from './optionGroups.ts';
import { parameterGroupOperations } from './parameterGroups.ts';
import { replicaOperations } from './replicas.ts';
import { restoreOperations } from './restores.ts';
import { securityGroupOperations } from './securityGroups.ts';
import { snapshotOperations } from './snapshots.ts';
import { subnetGroupOperations } from './subnetGroups.ts';
import { tagOperations } from './tags.ts';

export const rds: Operations<RDS> = {
  ...backupOperations,
  ...engineOperations,
  ...eventOperations,
  ...instanceOperations,
  ...logOperations,
  ...modificationOperations,
  ...optionGroupOperations,
  ...parameterGroupOperations,
  ...replicaOperations,
  ...restoreOperations,
  ...securityGroupOperations,
  ...snapshotOperations,
  ...subnetGroupOperations,
  ...tagOperations,
};
