import type { CloudWatchLogs } from '@aws-sdk/client-cloudwatch-logs';
import type { Operations } from '../operation.ts';
import { deliveryOperations } from './deliveries.ts';
import { destinationOperations } from './destinations.ts';
import { eventOperations } from './events.ts';
import { exportOperations } from './exports.ts';
import { filterOperations } from './filters.ts';
import { groupOperations } from './groups.ts';
import { liveTailOperations } from './liveTail.ts';
import { queryOperations } from './queries.ts';
import { tagOperations } from './tags.ts';

export const logs: Operations<CloudWatchLogs> = {
  ...deliveryOperations,
  ...destinationOperations,
  ...eventOperations,
  ...exportOperations,
  ...filterOperations,
  ...groupOperations,
  ...liveTailOperations,
  ...queryOperations,
  ...tagOperations,
};
