import type { CloudWatchLogs } from '@aws-sdk/client-cloudwatch-logs';
import type { Operations } from '../operation.ts';
import { eventOperations } from './events.ts';
import { filterOperations } from './filters.ts';
import { groupOperations } from './groups.ts';

export const logs: Operations<CloudWatchLogs> = { ...eventOperations, ...filterOperations, ...groupOperations };
